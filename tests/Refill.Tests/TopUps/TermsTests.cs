using System.Text.Json;
using Refill.Catalogue;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class TermsTests
{
    /// <summary>As it stands in databases and archives since the first version.</summary>
    private const string Old = """
        {"carrier":{"code":"mint","name":"Mint","network":"T-Mobile","connector":"reloadly","connectorReference":"9101","timeZone":"America/New_York"},
        "plan":{"code":"mint-5gb","carrierCode":"mint","name":"5GB","carrierProduct":"15.00","fullSpeed":{"kind":1,"amount":5000000000},"voice":{"kind":2},"sms":{"kind":2},"hotspotData":{},
        "validity":{"count":30,"clock":1,"activation":1,"timeZone":"America/New_York"},"price":{"minor":1500,"currency":"USD"},"note":"","source":"somewhere"}}
        """;

    [Fact]
    public void Terms_written_before_plans_said_how_they_stack_are_read()
    {
        var terms = TermsBook.Read(new TermsRow { Detail = Old });
        Assert.Equal((Money.Usd(1500), Allowance.Of(5_000_000_000), Stacking.NotStated), (terms.Plan.Price, terms.Plan.FullSpeed, terms.Plan.Stacking));
        Assert.Null(terms.Carrier.SimPrice);
    }

    [Fact]
    public void What_terms_say_of_stacking_and_of_the_SIM_is_read_as_it_was_written()
    {
        var old = TermsBook.Read(new TermsRow { Detail = Old });
        var terms = new Terms(old.Carrier with { SimPrice = Money.Usd(400) }, old.Plan with { Stacking = Stacking.Replaces });
        Assert.Equal(terms, TermsBook.Read(new TermsRow { Detail = JsonSerializer.Serialize(terms, TopUpJson.Settings) }));
    }
}
