using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Payments.Stripe;

public sealed class StripeRefundTests : IDisposable
{
    private const string Number = StripeWire.Order + "R1";
    private static readonly RefundOrder Order = new(Guid.Empty, StripeWire.Key(number: "pi_1"), Number, Money.Usd(1500), Money.Usd(1500), "not delivered");
    private readonly StripeWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Answers => new()
    {
        { Refund("succeeded"), nameof(RefundStatus.Refunded) },
        { Refund("pending"), nameof(RefundStatus.Pending) },
        { Refund("requires_action"), nameof(RefundStatus.Pending) },
        { Refund("failed"), nameof(RefundStatus.Rejected) }, // Case 23.
        { Refund("canceled"), nameof(RefundStatus.Rejected) },
        { Refund("something_new"), nameof(RefundStatus.Unknown) }, // Case 15.
        { Refund("succeeded", amount: 1), nameof(RefundStatus.Unknown) },
        { Refund("succeeded", intent: "pi_2"), nameof(RefundStatus.Unknown) },
        { Refund("succeeded", currency: "eur"), nameof(RefundStatus.Unknown) },
        { Refund("succeeded", number: "another"), nameof(RefundStatus.Unknown) },
        { "{}", nameof(RefundStatus.Unknown) },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_refund_is_done_only_when_Stripe_says_so_of_this_very_refund(string answer, string expected)
    {
        wire.Says(answer);
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Order, Token)).GetType().Name);
        var sent = wire.Sent[0];
        Assert.Equal(("POST", "/v1/refunds", Number), (sent.Method, sent.Path, sent.IdempotencyKey)); // Case 21: the same number on every try.
        Assert.Equal(("pi_1", "1500", Number, StripeWire.Order), (sent.Parameters["payment_intent"], sent.Parameters["amount"], sent.Parameters["metadata[refund_number]"], sent.Parameters["metadata[order_number]"]));
    }

    [Theory]
    [InlineData(400, "invalid_request_error", "charge_disputed", nameof(RefundStatus.Rejected))]
    [InlineData(400, "idempotency_error", "", nameof(RefundStatus.Rejected))]
    [InlineData(401, "invalid_request_error", "", nameof(RefundStatus.Rejected))]
    [InlineData(404, "invalid_request_error", "resource_missing", nameof(RefundStatus.Rejected))]
    [InlineData(409, "idempotency_error", "idempotency_key_in_use", nameof(RefundStatus.Unknown))]
    [InlineData(429, "rate_limit_error", "", nameof(RefundStatus.Unknown))]
    [InlineData(500, "api_error", "", nameof(RefundStatus.Unknown))]
    public async Task A_refusal_is_for_a_person_and_silence_is_asked_again(int status, string type, string code, string expected)
    {
        wire.Refuses(status, type, code);
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Order, Token)).GetType().Name);
    }

    [Theory]
    [InlineData(true, nameof(RefundStatus.Refunded))]
    [InlineData(false, nameof(RefundStatus.Rejected))]
    public async Task Case_21_Already_refunded_is_ours_only_if_the_list_has_our_number(bool ours, string expected)
    {
        wire.Refuses(400, "invalid_request_error", "charge_already_refunded").Says(Page(false, Refund("succeeded", number: ours ? Number : "by_hand")));
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Order, Token)).GetType().Name);
    }

    [Fact]
    public async Task A_refund_is_found_among_all_of_its_payment_by_its_number()
    {
        wire.Says(Page(true, Refund("succeeded", id: "re_1", number: "other_1"), Refund("failed", id: "re_2", number: "other_2"))).Says(Page(false, Refund("pending", id: "re_3")));
        Assert.IsType<RefundStatus.Pending>(await wire.Gateway.QueryRefundAsync(Order, Token));
        Assert.Equal(("/v1/refunds", "pi_1", null), (wire.Sent[0].Path, wire.Sent[0].Parameters["payment_intent"], wire.Sent[0].Parameters["starting_after"]));
        Assert.Equal("re_2", wire.Sent[1].Parameters["starting_after"]);
    }

    [Fact]
    public async Task A_refund_that_is_not_there_is_not_found_and_a_list_without_an_end_is_unknown()
    {
        wire.Says(Page(false));
        Assert.IsType<RefundStatus.NotFound>(await wire.Gateway.QueryRefundAsync(Order, Token));
        wire.Says(Page(true, Refund("succeeded", number: "other"))).Says(Page(true, Refund("succeeded", number: "other")));
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.QueryRefundAsync(Order, Token));
        wire.Says(Page(true));
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.QueryRefundAsync(Order, Token));
        wire.Refuses(404, "invalid_request_error", "resource_missing");
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.QueryRefundAsync(Order, Token));
    }

    [Fact]
    public async Task What_was_never_paid_is_not_refunded()
    {
        var unpaid = Order with { Payment = StripeWire.Key() };
        Assert.IsType<RefundStatus.NotFound>(await wire.Gateway.QueryRefundAsync(unpaid, Token));
        Assert.IsType<RefundStatus.Rejected>(await wire.Gateway.RefundAsync(unpaid, Token));
        Assert.Empty(wire.Sent);
    }

    private static string Refund(string status, long amount = 1500, string intent = "pi_1", string currency = "usd", string number = Number, string id = "re_1") =>
        $$"""{"id":"{{id}}","object":"refund","amount":{{amount}},"currency":"{{currency}}","payment_intent":"{{intent}}","status":"{{status}}","metadata":{"refund_number":"{{number}}"} }""";

    private static string Page(bool more, params string[] refunds) => $$"""{"object":"list","url":"/v1/refunds","has_more":{{(more ? "true" : "false")}},"data":[{{string.Join(',', refunds)}}]}""";
}
