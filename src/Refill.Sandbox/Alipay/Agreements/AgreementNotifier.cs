using System.Text.Json;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay.Agreements;

/// <summary>
/// Tells the merchant that an agreement was signed or ended: a signed form, sent until the answer is exactly "success". Unlike a trade's, the signature counts sign_type in,
/// as notifications of services do (Alipay's client for Node.js tries both ways).
/// </summary>
internal sealed class AgreementNotifier(
    AlipayBooksOptions options, SandboxBooks books, FaultBook faults, AlipaySigning signing, OutsideClient client, TimeProvider time) : ISender
{
    private static readonly FaultKind[] Kinds =
        [FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Duplicate, FaultKind.Never, FaultKind.WrongSeller, FaultKind.BadSignature, FaultKind.UnknownState];

    public string Name => AgreementBook.SenderName;

    /// <summary>Agreements do not change by time passing: one that has run out is not told either.</summary>
    public void Settle(BooksEntry entry, DateTimeOffset now)
    {
    }

    public DateTimeOffset? NextSettling(BooksEntry entry) => null;

    public TimeSpan? RetryAfter(int attempts) => AlipayNotifier.RetryAfter(attempts, options.RetryFactor);

    public async Task<Delivery> SendAsync(Message message, CancellationToken cancellation)
    {
        var notice = JsonSerializer.Deserialize<AgreementNotice>(message.Content)!;
        if (books.Enter(entry => AgreementBook.FindEnded(entry, notice.Number)) is not { } agreement)
        {
            // The books have been reset since it was written down.
            return new Delivery.Withheld();
        }

        var fault = faults.Take("alipay", "notify", message.About, null, Kinds);
        switch (fault?.Kind)
        {
            case FaultKind.Never:
                return new Delivery.Withheld();
            case FaultKind.Slow:
                return new Delivery.Postponed(fault.Wait);
            case FaultKind.Duplicate:
                var both = await Task.WhenAll(PostAsync(message, agreement, notice, fault, cancellation), PostAsync(message, agreement, notice, fault, cancellation));
                return both.Contains(true) ? new Delivery.Accepted() : new Delivery.Refused();
            default:
                var accepted = await PostAsync(message, agreement, notice, fault, cancellation);
                return accepted && fault?.Kind != FaultKind.LostAnswer ? new Delivery.Accepted() : new Delivery.Refused();
        }
    }

    private async Task<bool> PostAsync(Message message, Agreement agreement, AgreementNotice notice, Fault? fault, CancellationToken cancellation)
    {
        var parameters = Parameters(message, agreement, notice, fault);
        parameters["sign_type"] = "RSA2";
        var text = AlipaySigning.TextOf(parameters);
        parameters["sign"] = fault?.Kind == FaultKind.BadSignature ? signing.SignWrongly(text) : signing.Sign(text);
        return await AlipayNotifier.PostAsync(client, message.Url, parameters, cancellation);
    }

    /// <summary>All but sign and sign_type. Never an empty one: the clients of the field disagree about those.</summary>
    private Dictionary<string, string> Parameters(Message message, Agreement agreement, AgreementNotice notice, Fault? fault)
    {
        var appId = fault?.Kind == FaultKind.WrongSeller ? $"9{options.AppId}" : options.AppId;
        var signs = notice.Status == AgreementStatus.Normal;
        return new (string Name, string? Value)[]
        {
            ("agreement_no", agreement.Number),
            ("alipay_logon_id", SandboxBuyer.Logon),
            ("alipay_user_id", SandboxBuyer.Id),
            ("app_id", appId),
            ("auth_app_id", appId),
            ("charset", "UTF-8"),
            ("external_agreement_no", agreement.External),
            ("next_deduct_time", signs ? AlipayWords.Day(agreement.Due) : null),
            ("notify_id", message.NoticeId),
            ("notify_time", AlipayWords.Time(time.GetUtcNow())),
            ("notify_type", notice.Type),
            ("partner_id", options.SellerId),
            ("personal_product_code", Agreement.ProductCode),
            ("sign_scene", agreement.Scene),
            ("sign_time", signs && agreement.SignedAt is { } signed ? AlipayWords.Time(signed) : null),
            ("status", fault?.Kind == FaultKind.UnknownState ? AgreementStatus.NobodyKnows : notice.Status),
            ("unsign_time", !signs && agreement.UnsignedAt is { } ended ? AlipayWords.Time(ended) : null),
            ("version", "1.0"),
        }.Where(parameter => !string.IsNullOrEmpty(parameter.Value)).ToDictionary(parameter => parameter.Name, parameter => parameter.Value!);
    }
}
