using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Alipay;

/// <summary>One trade at Alipay: how it stands, charging it to a code or an agreement, closing and cancelling it.</summary>
internal sealed class AlipayTrades(AlipayClient client, ILogger log)
{
    private const int MaxSubject = 128;
    private const int ShortestCode = 16;
    private const int LongestCode = 24;

    /// <summary>Alipay takes no slash, equals or ampersand in a subject; a comma or a quotation mark would come back in the statement, which is separated by commas.</summary>
    public static string Subject(string text)
    {
        var clean = new string([.. text.Select(c => c is '/' or '=' or '&' or ',' or '"' || char.IsControl(c) ? ' ' : c)]);
        return clean.Length > MaxSubject ? clean[..MaxSubject] : clean;
    }

    /// <summary>What Alipay's app shows for a scanner: 16 to 24 digits that begin with 25 to 30 (payments-protocols, 1A).</summary>
    public static bool IsPayerCode(string? text) =>
        text is { Length: >= ShortestCode and <= LongestCode } && text.All(char.IsAsciiDigit) && string.CompareOrdinal(text, 0, "25", 0, 2) >= 0 && string.CompareOrdinal(text, 0, "30", 0, 2) <= 0;

    public async Task<PaymentStatus> QueryAsync(string orderNumber, CancellationToken cancellation)
    {
        var call = await client.CallAsync("alipay.trade.query", new() { ["out_trade_no"] = orderNumber }, null, cancellation);
        if (call.Silence is { } silence)
        {
            return new PaymentStatus.Unknown(silence);
        }

        if (call.Code != "10000")
        {
            return call.SubCode == "ACQ.TRADE_NOT_EXIST" ? new PaymentStatus.NotFound() : new PaymentStatus.Unknown(call.Refusal);
        }

        if (call.Text("out_trade_no") != orderNumber)
        {
            return new PaymentStatus.Unknown("an answer about another order");
        }

        return call.Text("trade_status") switch
        {
            "WAIT_BUYER_PAY" => new PaymentStatus.Waiting(),
            "TRADE_SUCCESS" or "TRADE_FINISHED" => Paid(call, "send_pay_date", Money.Cny(0)),

            // Failure case 24: a trade that was paid and refunded in full is closed, too; it has a day on which it was paid.
            "TRADE_CLOSED" when call.Text("send_pay_date") is { Length: > 0 } => Paid(call, "send_pay_date", Amount(call, "total_amount") ?? Money.Cny(0)),
            "TRADE_CLOSED" => new PaymentStatus.Closed(),
            var other => new PaymentStatus.Unknown($"trade_status {AlipayNotification.Plain(other)}"),
        };
    }

    /// <summary>Charges what a counter's scanner has read. The answer is a reason to ask, not a proof: paid, waiting for the payer and silence are all submitted (failure cases 17 and 18).</summary>
    public async Task<PaymentStart> ScanAsync(PaymentOrder order, string expiresAt, CancellationToken cancellation)
    {
        if (!IsPayerCode(order.Payer.Code))
        {
            return new PaymentStart.Rejected("what was scanned is no payment code of Alipay: 16 to 24 digits that begin with 25 to 30");
        }

        var content = new Dictionary<string, object>
        {
            ["out_trade_no"] = order.OrderNumber,
            ["total_amount"] = order.Amount.ToDecimalString(),
            ["subject"] = Subject(order.Subject),
            ["time_expire"] = expiresAt,
            ["scene"] = "bar_code",
            ["auth_code"] = order.Payer.Code!,
            ["product_code"] = "FACE_TO_FACE_PAYMENT",
        };
        var call = await client.CallAsync("alipay.trade.pay", content, client.Options.NotifyUrl, cancellation);
        return !call.IsInDoubt && AlipayRefusals.OfPaying(call) ? Refused(call) : new PaymentStart.Submitted();
    }

    /// <summary>Closes what waits to be paid.</summary>
    public async Task<PaymentClose> CloseAsync(string orderNumber, CancellationToken cancellation)
    {
        var call = await client.CallAsync("alipay.trade.close", new() { ["out_trade_no"] = orderNumber }, null, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentClose.Unknown(silence),
            { Code: "10000" } => new PaymentClose.Closed(),
            { SubCode: "ACQ.TRADE_NOT_EXIST" } => new PaymentClose.NotFound(),

            // It can be closed only while it waits: it was paid (case 19), or closed already. A query tells.
            { SubCode: "ACQ.TRADE_STATUS_ERROR" or "ACQ.REASON_TRADE_STATUS_INVALID" or "ACQ.REASON_ILLEGAL_STATUS" } => await StateAfterRefusedCloseAsync(orderNumber, cancellation),
            _ => new PaymentClose.Unknown(call.Refusal),
        };
    }

    /// <summary>
    /// Failure case 17: takes back a scanned code's charge whose fate is open. It is asked about once more right before, because cancelling what is paid sends the money back:
    /// a trade that is known as paid is never cancelled.
    /// </summary>
    public async Task<PaymentClose> CancelAsync(string orderNumber, CancellationToken cancellation)
    {
        switch (await QueryAsync(orderNumber, cancellation))
        {
            case PaymentStatus.Paid or PaymentStatus.WrongCurrency:
                return new PaymentClose.AlreadyPaid();
            case PaymentStatus.Closed:
                return new PaymentClose.Closed();
            case PaymentStatus.Unknown unknown:
                return new PaymentClose.Unknown(unknown.Reason);
        }

        var call = await client.CallAsync("alipay.trade.cancel", new() { ["out_trade_no"] = orderNumber }, null, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentClose.Unknown(silence),
            { SubCode: "ACQ.TRADE_NOT_EXIST" } => new PaymentClose.NotFound(),
            { Code: not "10000" } => new PaymentClose.Unknown(call.Refusal),
            _ when call.Text("out_trade_no") is { } other && other != orderNumber => new PaymentClose.Unknown("an answer about another order"),
            _ when call.Text("retry_flag") == "Y" => new PaymentClose.Unknown("Alipay has not cancelled it yet and asks to be asked again"),

            // close: it was not paid. refund: it was paid after all, and the money went back with this very call.
            _ when call.Text("action") is "close" or "refund" => new PaymentClose.Closed(),

            // Without an action there was no trade to act on (the call that would have made it may have been lost).
            _ when call.Text("action") is null or "" => new PaymentClose.NotFound(),
            _ => new PaymentClose.Unknown($"action {AlipayNotification.Plain(call.Text("action"))}"),
        };
    }

    public PaymentStart.Rejected Refused(AlipayCall call)
    {
        log.LogError("Alipay refuses an order: {Refusal}", call.Refusal);
        return new PaymentStart.Rejected(call.Refusal);
    }

    /// <param name="paidAt">The name under which the answer says when it was paid.</param>
    public static PaymentStatus Paid(AlipayCall call, string paidAt, Money refunded)
    {
        if (call.Text("trade_no") is not { Length: > 0 and <= 64 } number || Amount(call, "total_amount") is not { Minor: > 0 } amount)
        {
            return new PaymentStatus.Unknown("paid, but without number or amount");
        }

        return call.Text("trans_currency") is { Length: > 0 } currency and not "CNY"
            ? new PaymentStatus.WrongCurrency(number, AlipayNotification.Plain(currency))
            : new PaymentStatus.Paid(number, amount, AlipayTime.Parse(call.Text(paidAt)), refunded);
    }

    public static Money? Amount(AlipayCall call, string name) => Money.TryParseDecimal(call.Text(name), Currency.Cny, out var money) ? money : null;

    private async Task<PaymentClose> StateAfterRefusedCloseAsync(string orderNumber, CancellationToken cancellation) => await QueryAsync(orderNumber, cancellation) switch
    {
        PaymentStatus.Paid or PaymentStatus.WrongCurrency => new PaymentClose.AlreadyPaid(),
        PaymentStatus.Closed => new PaymentClose.Closed(),
        PaymentStatus.NotFound => new PaymentClose.NotFound(),
        var other => new PaymentClose.Unknown($"close was refused, and the order is {other.GetType().Name}"),
    };
}
