using System.Text.Json;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>Tells the merchant what became of a trade: a signed form, sent until the answer is exactly "success".</summary>
internal sealed class AlipayNotifier(
    AlipayBooksOptions options, SandboxBooks books, FaultBook faults, AlipaySigning signing, OutsideClient client, TimeProvider time) : ISender
{
    /// <summary>What a merchant must answer, and nothing else.</summary>
    private const string Success = "success";

    /// <summary>The real one waits 4 m, 10 m, 10 m, 1 h, 2 h, 6 h and 15 h; nobody waits so long in a sandbox.</summary>
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(10),
    ];

    public string Name => AlipayTrades.SenderName;

    public void Settle(BooksEntry entry, DateTimeOffset now) => AlipayTrades.Settle(entry, now);

    public DateTimeOffset? NextSettling(BooksEntry entry) => AlipayTrades.NextSettling(entry);

    public TimeSpan? RetryAfter(int attempts) => RetryAfter(attempts, options.RetryFactor);

    internal static TimeSpan? RetryAfter(int attempts, double factor) => attempts <= Waits.Length ? Waits[attempts - 1] * factor : null;

    /// <summary>Sends a signed form; says whether it was taken.</summary>
    internal static async Task<bool> PostAsync(OutsideClient client, Uri url, Dictionary<string, string> parameters, CancellationToken cancellation)
    {
        using var form = new FormUrlEncodedContent(parameters);
        form.Headers.ContentType!.CharSet = "utf-8";
        var answer = await client.PostAsync(url, form, new Dictionary<string, string>(), cancellation);
        return answer is { Status: 200, Body: Success };
    }

    public async Task<Delivery> SendAsync(Message message, CancellationToken cancellation)
    {
        var fault = faults.Take("alipay", "notify", message.About);
        if (fault?.Kind == FaultKind.Never)
        {
            return new Delivery.Withheld();
        }

        if (fault?.Kind == FaultKind.Slow)
        {
            return new Delivery.Postponed(fault.Wait);
        }

        var trade = books.Enter(entry => AlipayTrades.Find(entry, message.About));
        if (trade is null)
        {
            // The books have been reset since it was written down.
            return new Delivery.Withheld();
        }

        var notice = JsonSerializer.Deserialize<AlipayNotice>(message.Content)!;
        switch (fault?.Kind)
        {
            case FaultKind.Duplicate:
                var both = await Task.WhenAll(PostAsync(message, trade, notice, fault, cancellation), PostAsync(message, trade, notice, fault, cancellation));
                return both.Contains(true) ? new Delivery.Accepted() : new Delivery.Refused();
            case FaultKind.OutOfOrder:
                var accepted = await PostAsync(message, trade, notice, fault, cancellation);
                await PostAsync(message, trade, new AlipayNotice(TradeStatus.Waiting), fault, cancellation);
                return accepted ? new Delivery.Accepted() : new Delivery.Refused();
            case FaultKind.LostAnswer:
                await PostAsync(message, trade, notice, fault, cancellation);
                return new Delivery.Refused();
            default:
                return await PostAsync(message, trade, notice, fault, cancellation) ? new Delivery.Accepted() : new Delivery.Refused();
        }
    }

    private async Task<bool> PostAsync(Message message, Trade trade, AlipayNotice notice, Fault? fault, CancellationToken cancellation)
    {
        books.Enter(entry => entry.Change("UPDATE trades SET notifications = notifications + 1 WHERE order_number = $1", trade.Order));
        var parameters = Parameters(message, trade, notice, fault);
        var text = AlipaySigning.TextOf(parameters);
        parameters["sign_type"] = "RSA2";
        parameters["sign"] = fault?.Kind == FaultKind.BadSignature ? signing.SignWrongly(text) : signing.Sign(text);
        return await PostAsync(client, message.Url, parameters, cancellation);
    }

    /// <summary>All but sign and sign_type, which the signature leaves out. Never an empty one: the clients of the field disagree about those.</summary>
    private Dictionary<string, string> Parameters(Message message, Trade trade, AlipayNotice notice, Fault? fault)
    {
        var wrongSeller = fault?.Kind == FaultKind.WrongSeller;
        var appId = wrongSeller ? $"9{options.AppId}" : options.AppId;
        var amount = AlipayWords.Yuan(fault?.Kind == FaultKind.WrongAmount ? Spoiling.Smaller(trade.Fen) : trade.Fen);
        var currency = fault?.Kind == FaultKind.WrongCurrency ? Spoiling.OtherCurrency : null;
        var paid = notice.Status != TradeStatus.Waiting;
        return new (string Name, string? Value)[]
        {
            ("app_id", appId),
            ("auth_app_id", appId),
            ("buyer_id", SandboxBuyer.Id),
            ("buyer_logon_id", SandboxBuyer.Logon),
            ("buyer_pay_amount", paid ? amount : null),
            ("charset", "utf-8"),
            ("fund_bill_list", paid ? JsonSerializer.Serialize(new[] { new { amount, fundChannel = "ALIPAYACCOUNT" } }) : null),
            ("gmt_close", notice.Status == TradeStatus.Closed ? AlipayWords.Time(notice.RefundedAt ?? trade.ClosedAt ?? time.GetUtcNow()) : null),
            ("gmt_create", AlipayWords.Time(trade.OpenedAt ?? trade.CreatedAt)),
            ("gmt_payment", paid && trade.PaidAt is { } paidAt ? AlipayWords.Time(paidAt) : null),
            ("gmt_refund", notice.RefundedAt is { } refundedAt ? $"{AlipayWords.Time(refundedAt)}.{refundedAt.Millisecond:000}" : null),
            ("invoice_amount", paid ? amount : null),
            ("notify_id", message.NoticeId),
            ("notify_time", AlipayWords.Time(time.GetUtcNow())),
            ("notify_type", "trade_status_sync"),
            ("out_biz_no", notice.RefundNumber),
            ("out_trade_no", trade.Order),
            ("passback_params", trade.Passback),
            ("pay_currency", currency),
            ("point_amount", paid ? "0.00" : null),
            ("receipt_amount", paid ? amount : null),
            ("refund_fee", notice.RefundedFen is { } refunded ? AlipayWords.Yuan(refunded) : null),
            ("seller_id", wrongSeller ? $"9{options.SellerId}" : options.SellerId),
            ("settle_currency", currency),
            ("subject", trade.Subject),
            ("total_amount", amount),
            ("trade_no", trade.TradeNumber),
            ("trade_status", fault?.Kind == FaultKind.UnknownState ? TradeStatus.NobodyKnows : notice.Status),
            ("trans_currency", currency),
            ("version", "1.0"),
        }.Where(parameter => !string.IsNullOrEmpty(parameter.Value)).ToDictionary(parameter => parameter.Name, parameter => parameter.Value!);
    }
}
