using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text.Json;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.WeChatPay;

/// <summary>Tells the merchant of a payment or of what became of a refund: encrypted, signed, until the answer is 200 or 204. Nothing else is ever notified.</summary>
internal sealed class WeChatPayNotifier(
    WeChatPayBooksOptions options, SandboxBooks books, FaultBook faults, WeChatPayKeys keys, OutsideClient client, TimeProvider time) : ISender
{
    internal const string Algorithm = "AEAD_AES_256_GCM";

    /// <summary>The documented ones: 16 tries within 24 hours and 4 minutes.</summary>
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(10),
        TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60),
        TimeSpan.FromHours(3), TimeSpan.FromHours(3), TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(6),
    ];

    public string Name => WeChatTrades.SenderName;

    public void Settle(BooksEntry entry, DateTimeOffset now) => WeChatTrades.Settle(entry, now);

    public DateTimeOffset? NextSettling(BooksEntry entry) => WeChatTrades.NextSettling(entry);

    public TimeSpan? RetryAfter(int attempts) => attempts <= Waits.Length ? Waits[attempts - 1] * options.RetryFactor : null;

    public async Task<Delivery> SendAsync(Message message, CancellationToken cancellation)
    {
        var fault = faults.Take(WeChatPayGateway.Target, "notify", message.About);
        if (fault?.Kind == FaultKind.Never)
        {
            return new Delivery.Withheld();
        }

        if (fault?.Kind == FaultKind.Slow)
        {
            return new Delivery.Postponed(fault.Wait);
        }

        var notice = JsonSerializer.Deserialize<WeChatNotice>(message.Content)!;
        var (trade, refund) = books.Enter(entry => (WeChatTrades.Find(entry, message.About), notice.RefundNumber is { } number ? WeChatRefunds.Find(entry, number) : null));
        if (trade is null || (notice.RefundNumber is not null && refund is null))
        {
            // The books have been reset since it was written down.
            return new Delivery.Withheld();
        }

        Task<bool> TellAsync(FaultKind? kind) => PostAsync(message, trade, notice, Resource(trade, refund, notice, kind), kind, cancellation);

        switch (fault?.Kind)
        {
            case FaultKind.Duplicate:
                var both = await Task.WhenAll(TellAsync(null), TellAsync(null));
                return Outcome(both.Contains(true));
            case FaultKind.OutOfOrder:
                var accepted = await TellAsync(null);
                await PostAsync(message, trade, notice, Earlier(trade, refund), null, cancellation);
                return Outcome(accepted);
            case FaultKind.SignTest:
                await TellAsync(FaultKind.SignTest);
                return Outcome(await TellAsync(null));
            case FaultKind.LostAnswer:
                await TellAsync(null);
                return new Delivery.Refused();
            default:
                return Outcome(await TellAsync(fault?.Kind));
        }
    }

    private static Delivery Outcome(bool accepted) => accepted ? new Delivery.Accepted() : new Delivery.Refused();

    private object Resource(WeChatTrade trade, WeChatRefund? refund, WeChatNotice notice, FaultKind? fault) => refund is null
        ? WeChatPayJson.Of(trade, options, fault == FaultKind.UnknownState ? TradeState.Unknown : TradeState.Success, fault)
        : WeChatPayJson.OfNotice(trade, refund, notice.RefundState!, options, fault);

    /// <summary>The state before the one that is told.</summary>
    private object Earlier(WeChatTrade trade, WeChatRefund? refund) => refund is null
        ? WeChatPayJson.Of(trade, options, TradeState.NotPaid, null)
        : WeChatPayJson.OfNotice(trade, refund, RefundState.Processing, options, null);

    private async Task<bool> PostAsync(Message message, WeChatTrade trade, WeChatNotice notice, object resource, FaultKind? fault, CancellationToken cancellation)
    {
        books.Enter(entry => entry.Change("UPDATE wechat_trades SET notifications = notifications + 1 WHERE order_number = $1", trade.Order));
        var kind = notice.RefundNumber is null ? "transaction" : "refund";
        var nonce = Nonce();
        var body = WeChatPayAnswer.Bytes(new
        {
            id = message.NoticeId,
            create_time = WeChatPayWords.Time(time.GetUtcNow()),
            resource_type = "encrypt-resource",
            event_type = notice.Event,
            summary = Summary(notice.Event),
            resource = new
            {
                original_type = kind,
                algorithm = Algorithm,
                ciphertext = keys.Encrypt(WeChatPayAnswer.Bytes(resource), nonce, kind),
                associated_data = kind,
                nonce,
            },
        });
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json);
        var answer = await client.PostAsync(message.Url, content, keys.SignNotification(body, fault).Headers.ToDictionary(), cancellation);
        return answer?.Status is StatusCodes.Status200OK or StatusCodes.Status204NoContent;
    }

    private static string Nonce() => System.Security.Cryptography.RandomNumberGenerator.GetString("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 12);

    private static string Summary(string name) => name switch
    {
        "TRANSACTION.SUCCESS" => "支付成功",
        "REFUND.SUCCESS" => "退款成功",
        "REFUND.ABNORMAL" => "退款异常",
        _ => "退款关闭",
    };
}
