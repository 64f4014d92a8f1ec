using System.Net;
using Refill.Cards;
using Refill.Carriers;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyInquiryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_number_of_an_operator_that_we_sell_is_found_with_the_operators_id_as_reference()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator());

        Assert.Equal(new CardInquiry.Found("tello", null, null, "9108"), await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
        Assert.Equal("/operators/auto-detect/phone/12015550170/countries/US", wire.Paths.Last());
    }

    [Fact]
    public async Task An_ICCID_is_not_found_without_asking()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator());

        Assert.IsType<CardInquiry.NotFound>(await wire.Carrier.InquireAsync(new CardIdentifier(CardIdentifierKind.Iccid, "8901990000000000014"), Cancellation));
        Assert.Empty(wire.Asked);
    }

    [Theory]
    [InlineData(404, "COULD_NOT_AUTO_DETECT_OPERATOR")]
    [InlineData(400, "INVALID_RECIPIENT_PHONE")]
    [InlineData(400, "INVALID_PHONE_NUMBER")]
    [InlineData(404, "OPERATOR_NOT_FOUND")]
    public async Task A_number_that_their_operators_do_not_know_is_not_found(int status, string code)
    {
        using var wire = new ReloadlyWire((HttpStatusCode)status, ReloadlyWire.Error(code));

        Assert.IsType<CardInquiry.NotFound>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }

    [Fact]
    public async Task A_number_of_an_operator_that_we_do_not_sell_is_not_found()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator(("id", 88), ("operatorId", 88)));

        Assert.IsType<CardInquiry.NotFound>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }

    [Theory]
    [InlineData("id", 9101)]
    [InlineData("id", null)]
    [InlineData("operatorId", null)]
    [InlineData("denominationType", "RANGE")]
    [InlineData("senderCurrencyCode", "NGN")]
    [InlineData("destinationCurrencyCode", "COP")]
    [InlineData("country", null)]
    [InlineData("country", "US")]
    [InlineData("pin", true)]
    [InlineData("pin", null)]
    public async Task An_operator_that_is_not_as_agreed_is_unknown(string field, object? value)
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator((field, value)));

        Assert.IsType<CardInquiry.Unknown>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }

    [Fact]
    public async Task An_operator_of_another_country_is_unknown()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator(("country", new { isoName = "CA", name = "Canada" })));

        Assert.IsType<CardInquiry.Unknown>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }

    [Theory]
    [InlineData(200, "not JSON")]
    [InlineData(200, "{}")]
    [InlineData(404, """{"timeStamp":"2021-09-11 11:54:00","status":404,"error":"Not Found","message":"No message available","path":"/operator"}""")]
    [InlineData(401, "{}")]
    [InlineData(429, "{}")]
    [InlineData(500, """{"errorCode":"COULD_NOT_AUTO_DETECT_OPERATOR"}""")]
    public async Task Any_other_answer_leaves_the_card_unknown(int status, string body)
    {
        using var wire = new ReloadlyWire((HttpStatusCode)status, body);

        Assert.IsType<CardInquiry.Unknown>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }

    [Fact]
    public async Task No_answer_leaves_the_card_unknown()
    {
        using var wire = new ReloadlyWire((_, _, _) => throw new HttpRequestException(HttpRequestError.ConnectionError));

        Assert.IsType<CardInquiry.Unknown>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }
}
