using System.Text.Json;
using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Payments.WeChatPay;

public sealed class WeChatPayRefundTests : IDisposable
{
    private const string Order = WeChatWire.Order;
    private static readonly RefundOrder Refund = new(Guid.Empty, WeChatWire.Key(), Order + "R1", Money.Cny(10650), Money.Cny(10650), "top-up not delivered");
    private readonly WeChatWire wire = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => wire.Dispose();

    public static TheoryData<int, string, string> Asked => new()
    {
        { 200, WeChatWire.Refund(), "Pending" },
        { 200, WeChatWire.Refund("CLOSED"), "Rejected" },
        { 200, WeChatWire.Refund("ABNORMAL"), "Rejected" },
        { 200, WeChatWire.Refund("SOMETHING_NEW"), "Unknown" }, // Case 15.
        { 200, WeChatWire.Refund(order: "another"), "Unknown" },
        { 200, WeChatWire.Refund(number: Order + "R2"), "Unknown" },
        { 200, WeChatWire.Refund("SUCCESS", refund: 1), "Unknown" },
        { 404, """{"code":"ORDER_NOT_EXIST"}""", "Unknown" },
        { 429, """{"code":"FREQUENCY_LIMITED"}""", "Unknown" }, // Case 22: two within a minute; the same number later.
        { 500, """{"code":"SYSTEM_ERROR"}""", "Unknown" },
        { 502, "", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task A_refund_that_is_accepted_is_not_done(int status, string body, string expected)
    {
        wire.Says((status, body));
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Refund, Token)).GetType().Name);
    }

    [Fact]
    public async Task Case_21_The_same_number_and_words_go_out_on_every_try()
    {
        wire.Answer = (_, _) => throw new HttpRequestException("gone");
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.RefundAsync(Refund, Token));
        var first = wire.Sent.Body;
        wire.Time.Advance(TimeSpan.FromHours(1));
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.RefundAsync(Refund, Token));
        Assert.Equal(first, wire.Sent.Body);
        Assert.True(wire.MerchantSigned());
        var sent = JsonDocument.Parse(first).RootElement;
        Assert.Equal((Order, Order + "R1", 10650, 10650), (sent.GetProperty("out_trade_no").GetString(), sent.GetProperty("out_refund_no").GetString(), sent.GetProperty("amount").GetProperty("refund").GetInt64(), sent.GetProperty("amount").GetProperty("total").GetInt64()));
    }

    [Theory]
    [InlineData("SUCCESS", nameof(RefundStatus.Refunded))]
    [InlineData("PROCESSING", nameof(RefundStatus.Pending))]
    public async Task A_success_in_the_acceptance_is_held_against_the_query(string queried, string expected)
    {
        wire.Says((200, WeChatWire.Refund("SUCCESS")), (200, WeChatWire.Refund(queried)));
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Refund, Token)).GetType().Name);
    }

    [Theory]
    [InlineData(404, """{"code":"RESOURCE_NOT_EXISTS"}""", nameof(RefundStatus.Rejected))]
    [InlineData(500, "", nameof(RefundStatus.Unknown))]
    public async Task Case_22_A_refusal_counts_only_if_the_query_knows_no_such_refund(int status, string body, string expected)
    {
        wire.Says((403, """{"code":"NOT_ENOUGH"}"""), (status, body));
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Refund, Token)).GetType().Name);
        wire.Says((400, """{"code":"INVALID_REQUEST"}"""), (200, WeChatWire.Refund("SUCCESS")));
        Assert.IsType<RefundStatus.Refunded>(await wire.Gateway.RefundAsync(Refund, Token));
    }

    [Theory]
    [InlineData("SUCCESS", nameof(RefundStatus.Refunded))]
    [InlineData("PROCESSING", nameof(RefundStatus.Pending))]
    [InlineData("CLOSED", nameof(RefundStatus.Rejected))]
    [InlineData("ABNORMAL", nameof(RefundStatus.Rejected))]
    [InlineData("", nameof(RefundStatus.Unknown))]
    public async Task The_query_tells_how_a_refund_stands(string status, string expected)
    {
        wire.Says((200, WeChatWire.Refund(status)));
        Assert.Equal(expected, (await wire.Gateway.QueryRefundAsync(Refund, Token)).GetType().Name);
        Assert.Equal($"/v3/refund/domestic/refunds/{Order}R1", wire.Targets[0]);
    }

    [Fact]
    public async Task Case_23_An_ABNORMAL_refund_says_that_a_person_must_act()
    {
        wire.Says((200, WeChatWire.Refund("ABNORMAL")));
        Assert.Contains("a person", Assert.IsType<RefundStatus.Rejected>(await wire.Gateway.QueryRefundAsync(Refund, Token)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refund_that_is_not_known_or_not_answered_for_is_not_taken_for_another()
    {
        wire.Says((404, """{"code":"RESOURCE_NOT_EXISTS"}"""));
        Assert.IsType<RefundStatus.NotFound>(await wire.Gateway.QueryRefundAsync(Refund, Token));
        wire.Says((404, ""));
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.QueryRefundAsync(Refund, Token));
        wire.Answer = (_, _) => Task.FromResult(wire.Message(WeChatWire.Refund("SUCCESS"), headers: []));
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.QueryRefundAsync(Refund, Token));
    }
}
