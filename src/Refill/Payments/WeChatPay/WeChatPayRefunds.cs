using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.WeChatPay;

/// <summary>Refunds: asked for under the same number on every try (failure case 21); that one is accepted says nothing yet, only its status does.</summary>
internal sealed class WeChatPayRefunds(WeChatPayCalls calls, WeChatPayOptions options, ILogger log)
{
    private const int MaxReasonBytes = 80;

    public async Task<RefundStatus> AskAsync(RefundOrder refund, CancellationToken cancellation)
    {
        var ask = new JsonObject
        {
            ["out_trade_no"] = refund.OrderNumber,
            ["out_refund_no"] = refund.RefundNumber,
            ["reason"] = WeChatPayOrders.Cut(refund.Reason, MaxReasonBytes),
            ["notify_url"] = options.NotifyUrl.AbsoluteUri,
            ["amount"] = new JsonObject { ["refund"] = refund.Amount.Minor, ["total"] = refund.PaidAmount.Minor, ["currency"] = refund.Amount.Currency.Code },
        };
        var call = await calls.PostAsync("/v3/refund/domestic/refunds", ask, cancellation);
        return call switch
        {
            { Silence: { } silence } => new RefundStatus.Unknown(silence),

            // HTTP 200 is acceptance, whatever it says beside: done is what the query calls done.
            { Succeeded: true } when Status(call, refund) is RefundStatus.Refunded => await QueryAsync(refund, cancellation) is RefundStatus.Refunded done ? done : new RefundStatus.Pending(),
            { Succeeded: true } => Status(call, refund),

            // The payment is not known (yet): nothing that a person could do better than asking again.
            { Code: "ORDERNOTEXIST" or "RESOURCENOTEXISTS" } => new RefundStatus.Unknown(call.Refusal),

            // More than was paid, past the year, no money in the account, other words under the same number. Nobody has signed that, so the query must agree.
            { IsDefinite: true } => await AfterRefusalAsync(refund, call, cancellation),
            _ => new RefundStatus.Unknown(call.Refusal),
        };
    }

    public async Task<RefundStatus> QueryAsync(RefundOrder refund, CancellationToken cancellation)
    {
        var call = await calls.GetAsync($"/v3/refund/domestic/refunds/{Uri.EscapeDataString(refund.RefundNumber)}", cancellation);
        return call switch
        {
            { Silence: { } silence } => new RefundStatus.Unknown(silence),
            { Succeeded: true } => Status(call, refund),
            { Status: 404, Code: "RESOURCENOTEXISTS" or "REFUNDNOTEXISTS" or "REFUNDNOTEXIST" or "ORDERNOTEXIST" } => new RefundStatus.NotFound(),
            _ => new RefundStatus.Unknown(call.Refusal),
        };
    }

    private async Task<RefundStatus> AfterRefusalAsync(RefundOrder refund, WeChatPayCall call, CancellationToken cancellation)
    {
        if (await QueryAsync(refund, cancellation) is var known and not RefundStatus.NotFound)
        {
            return known;
        }

        log.LogError("WeChat Pay refuses a refund: {Refusal}", call.Refusal);
        return new RefundStatus.Rejected(call.Refusal);
    }

    private static RefundStatus Status(WeChatPayCall call, RefundOrder refund)
    {
        var amount = call.Body.Member("amount");
        if (call.Text("out_refund_no") != refund.RefundNumber || call.Text("out_trade_no") != refund.OrderNumber || amount?.Number("refund") != refund.Amount.Minor
            || amount?.Text("currency") is not (null or "CNY") || refund.Amount.Currency != Currency.Cny)
        {
            return new RefundStatus.Unknown("an answer about another refund, order or amount");
        }

        return call.Text("status") switch
        {
            "SUCCESS" => new RefundStatus.Refunded(),
            "PROCESSING" => new RefundStatus.Pending(),
            "CLOSED" => new RefundStatus.Rejected("the refund is closed: no money has gone back"),

            // Failure case 23: the payer's card is dead, or the account is.
            "ABNORMAL" => new RefundStatus.Rejected("the refund is ABNORMAL: the payer's bank does not take it, a person must send it another way on the merchant platform"),
            var other => new RefundStatus.Unknown($"refund status {WeChatPayJson.Plain(other)}"),
        };
    }
}
