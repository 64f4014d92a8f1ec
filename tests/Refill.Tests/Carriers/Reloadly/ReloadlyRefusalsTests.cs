using System.Net;
using Refill.Carriers;
using Refill.Units;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyRefusalsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, DeliveryRefusal> FinalCodes => new()
    {
        { "INVALID_RECIPIENT_PHONE", DeliveryRefusal.CardRefused },
        { "INVALID_PHONE_NUMBER", DeliveryRefusal.CardRefused },
        { "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH", DeliveryRefusal.CardRefused },
        { "PHONE_BANNED_BY_OPERATOR", DeliveryRefusal.CardRefused },
        { "RECIPIENT_PHONE_INACTIVE", DeliveryRefusal.CardRefused },
        { "TRANSACTION_REJECTED_BY_OPERATOR", DeliveryRefusal.CardRefused },
        { "TRANSACTION_REFUSED_BY_OPERATOR", DeliveryRefusal.CardRefused },
        { "INVALID_AMOUNT", DeliveryRefusal.PlanNotAvailable },
        { "INVALID_AMOUNT_FOR_OPERATOR", DeliveryRefusal.PlanNotAvailable },
        { "INVALID_AMOUNT_FOR_RECIPIENT_PHONE", DeliveryRefusal.PlanNotAvailable },
        { "IMPOSSIBLE_AMOUNT", DeliveryRefusal.PlanNotAvailable },
        { "OPERATOR_NOT_FOUND", DeliveryRefusal.PlanNotAvailable },
        { "OPERATOR_NOT_IN_SERVICE", DeliveryRefusal.PlanNotAvailable },
        { "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", DeliveryRefusal.PlanNotAvailable },
        { "COUNTRY_NOT_SUPPORTED", DeliveryRefusal.PlanNotAvailable },
        { "PHONE_RECENTLY_RECHARGED", DeliveryRefusal.LimitReached },
        { "RECIPIENT_REACHED_MAX_TOPUP_NUMBER", DeliveryRefusal.LimitReached },
        { "INSUFFICIENT_BALANCE", DeliveryRefusal.SellerRefused },
        { "INACTIVE_ACCOUNT", DeliveryRefusal.SellerRefused },
        { "ACCOUNT_NOT_FOUND", DeliveryRefusal.SellerRefused },
        { "MAX_DAILY_TRANSACTION_AMOUNT_REACHED", DeliveryRefusal.SellerRefused },
        { "MAX_DAILY_TRANSACTION_COUNT_REACHED", DeliveryRefusal.SellerRefused },
        { "INVALID_INPUT_PROVIDED", DeliveryRefusal.Other },
    };

    [Theory]
    [MemberData(nameof(FinalCodes))]
    public async Task A_400_with_a_final_code_is_rejected_for_its_reason(string code, DeliveryRefusal reason)
    {
        foreach (var asynchronous in new[] { true, false })
        {
            using var wire = new ReloadlyWire(HttpStatusCode.BadRequest, ReloadlyWire.Error(code), asynchronous);

            Assert.Equal(new DeliveryOutcome.Rejected(reason, code), await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));
        }
    }

    [Theory]
    [InlineData(400, "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT")]
    [InlineData(400, "PROVIDER_INTERNAL_ERROR")]
    [InlineData(400, "RECIPIENT_HAS_PENDING_TRANSACTION")]
    [InlineData(400, "A_CODE_OF_TOMORROW")]
    [InlineData(400, null)]
    [InlineData(404, null)]
    [InlineData(404, "INVALID_RECIPIENT_PHONE")]
    [InlineData(408, null)]
    [InlineData(409, "COUNTRY_NOT_SUPPORTED")]
    [InlineData(500, "INVALID_RECIPIENT_PHONE")]
    [InlineData(502, null)]
    [InlineData(503, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE")]
    [InlineData(504, null)]
    [InlineData(302, null)]
    [InlineData(204, null)]
    public async Task A_refusal_that_is_not_final_proves_nothing(int status, string? code)
    {
        using var wire = new ReloadlyWire((HttpStatusCode)status, ReloadlyWire.Error(code));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.False(unknown.NothingSent);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(429)]
    public async Task Turned_away_at_the_door_is_unknown_and_known_to_have_done_nothing(int status)
    {
        using var wire = new ReloadlyWire((HttpStatusCode)status, ReloadlyWire.Error("INVALID_TOKEN"));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.True(unknown.NothingSent);
    }

    [Fact]
    public async Task An_identifier_that_was_used_is_our_own_earlier_call_and_the_report_says_what_became_of_it()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire((path, _, _) => Task.FromResult(path.StartsWith("/topups/reports/", StringComparison.Ordinal)
            ? ReloadlyWire.Answer(HttpStatusCode.OK, $$"""{"content":[{{ReloadlyWire.Transaction(order)}}]}""")
            : ReloadlyWire.Answer(HttpStatusCode.BadRequest, ReloadlyWire.Error("CUSTOM_IDENTIFIER_ALREADY_USED"))));

        Assert.Equal(new DeliveryOutcome.Accepted("7297929551:OrderConfirmed", Money.Usd(1455)), await wire.Carrier.DeliverAsync(order, Cancellation));
    }

    [Theory]
    [InlineData(200, """{"content":[]}""")]
    [InlineData(200, "{}")]
    [InlineData(500, "")]
    [InlineData(404, "{}")]
    public async Task An_identifier_that_was_used_is_never_a_rejection_even_if_the_report_does_not_show_it(int status, string report)
    {
        using var wire = new ReloadlyWire((path, _, _) => Task.FromResult(path.StartsWith("/topups/reports/", StringComparison.Ordinal)
            ? ReloadlyWire.Answer((HttpStatusCode)status, report)
            : ReloadlyWire.Answer(HttpStatusCode.BadRequest, ReloadlyWire.Error("CUSTOM_IDENTIFIER_ALREADY_USED"))));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.False(unknown.NothingSent);
    }
}
