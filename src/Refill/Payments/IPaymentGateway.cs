using Refill.Units;

namespace Refill.Payments;

/// <summary>How the payer reaches the gateway's page.</summary>
public enum PaymentWay
{
    /// <summary>Redirect to the gateway's page for a desktop browser.</summary>
    Page,

    /// <summary>Redirect to the gateway's page for a phone's browser, which may open its app.</summary>
    Wap,

    /// <summary>A code to be scanned with the gateway's app.</summary>
    Qr,

    /// <summary>Charged with the order itself; the payer is shown no page.</summary>
    Direct,

    /// <summary>Within the gateway's own app (WeChat): its browser asks the payer, called by script.</summary>
    InApp,

    /// <summary>The payer's app shows a code, and a counter's scanner reads it.</summary>
    Barcode,

    /// <summary>The payer orders their bank to transfer it, under a reference.</summary>
    Transfer,
}

/// <summary>Who pays, as far as some ways to pay want to know it. None of it is kept or logged.</summary>
/// <param name="Address">The address that the payer's browser comes from (WeChat's H5).</param>
/// <param name="Account">Who the payer is to the gateway (WeChat's openid, within WeChat).</param>
/// <param name="Code">What the scanner read off the payer's app.</param>
public sealed record Payer(string? Address = null, string? Account = null, string? Code = null)
{
    public static readonly Payer Unknown = new();

    public override string ToString() => "a payer";
}

/// <summary>A payment to be made, as the gateway is told it. The same values give the same order at the gateway, however often they are sent.</summary>
/// <param name="OrderNumber">Ours, unique at the gateway: 6-32 characters of [0-9A-Za-z_].</param>
/// <param name="Subject">What the payer sees; characters that the gateway refuses are replaced by the adapter.</param>
/// <param name="ExpiresAt">After this the gateway takes no more money for it, as far as it can promise that.</param>
/// <param name="ReturnUrl">Where the payer's browser comes back to. Coming back proves nothing.</param>
public sealed record PaymentOrder(string OrderNumber, Money Amount, string Subject, PaymentWay Way, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, Uri ReturnUrl)
{
    public Payer Payer { get; init; } = Payer.Unknown;
}

/// <summary>A payment as its gateway is asked about it.</summary>
/// <param name="StartNumber">What the gateway itself called the order when it was started (Stripe's session), if it gave it a name. A browser is sent there only when this is kept: an order without one cannot have been paid.</param>
/// <param name="GatewayNumber">The gateway's own number of the payment; null until it is known to be paid.</param>
public sealed record PaymentKey(string OrderNumber, PaymentWay Way, Money Amount, string? StartNumber, string? GatewayNumber);

/// <summary>Where to send the payer. A closed set.</summary>
public abstract record PaymentStart
{
    private PaymentStart()
    {
    }

    /// <summary>Send the browser here (GET).</summary>
    /// <param name="StartNumber">What the gateway calls the order (PaymentKey); to be kept before the browser goes.</param>
    public sealed record Redirect(Uri Url, string? StartNumber = null) : PaymentStart;

    /// <summary>Show this text as a QR code.</summary>
    public sealed record ShowCode(string Code) : PaymentStart;

    /// <summary>Call the app that the page is shown in, with these names and texts (WeChat's getBrandWCPayRequest).</summary>
    public sealed record CallApp(IReadOnlyDictionary<string, string> Parameters) : PaymentStart;

    /// <summary>Show this, to be given to the payer's bank.</summary>
    /// <param name="Reference">What the transfer must carry, or it is not recognised.</param>
    public sealed record ShowTransfer(string Account, string Holder, string Reference) : PaymentStart;

    /// <summary>The gateway has been asked to charge the payer, who may have to agree first: a query tells what became of it.</summary>
    public sealed record Submitted : PaymentStart;

    /// <summary>The gateway refused the order, for a reason of its own.</summary>
    public sealed record Rejected(string Reason) : PaymentStart;

    /// <summary>No answer: start again with the same order.</summary>
    public sealed record Unknown(string Reason) : PaymentStart;
}

/// <summary>What the gateway says of a payment, now. A closed set.</summary>
public abstract record PaymentStatus
{
    private PaymentStatus()
    {
    }

    /// <summary>The gateway knows no such order (for Alipay: nobody has opened its page yet). It may still be paid later.</summary>
    public sealed record NotFound : PaymentStatus;

    /// <summary>Known, not paid.</summary>
    public sealed record Waiting : PaymentStatus;

    /// <summary>Paid. The caller compares amount and currency with what was asked.</summary>
    /// <param name="GatewayNumber">The gateway's own number of the payment.</param>
    /// <param name="Refunded">What of it has gone back already, in the same currency.</param>
    public sealed record Paid(string GatewayNumber, Money Amount, DateTimeOffset? PaidAt, Money Refunded) : PaymentStatus;

    /// <summary>Closed without payment; no money can come any more.</summary>
    public sealed record Closed : PaymentStatus;

    /// <summary>No answer, or one that cannot be understood or verified: ask again.</summary>
    public sealed record Unknown(string Reason) : PaymentStatus;

    /// <summary>The gateway says that it was paid, but in a currency that we did not ask for: a person must look.</summary>
    public sealed record WrongCurrency(string GatewayNumber, string Currency) : PaymentStatus;
}

/// <summary>What became of closing an unpaid order. A closed set.</summary>
public abstract record PaymentClose
{
    private PaymentClose()
    {
    }

    public sealed record Closed : PaymentClose;

    /// <summary>The gateway has no such order; it cannot be closed, and somebody may still pay it until it expires there.</summary>
    public sealed record NotFound : PaymentClose;

    /// <summary>Too late: it is paid (failure case 19). Query it.</summary>
    public sealed record AlreadyPaid : PaymentClose;

    public sealed record Unknown(string Reason) : PaymentClose;
}

/// <summary>A refund as the gateway is told it. The same <paramref name="RefundNumber"/> refunds once, however often it is sent.</summary>
/// <param name="TopUpId">What was paid for.</param>
/// <param name="PaidAmount">What was paid in all; refunds of a part carry less in <paramref name="Amount"/>.</param>
public sealed record RefundOrder(Guid TopUpId, PaymentKey Payment, string RefundNumber, Money Amount, Money PaidAmount, string Reason)
{
    public string OrderNumber => Payment.OrderNumber;
}

/// <summary>What the gateway says of a refund. A closed set.</summary>
public abstract record RefundStatus
{
    private RefundStatus()
    {
    }

    /// <summary>The money has gone back.</summary>
    public sealed record Refunded : RefundStatus;

    /// <summary>Refused for good: a person must look.</summary>
    public sealed record Rejected(string Reason) : RefundStatus;

    /// <summary>Taken, not finished: query later.</summary>
    public sealed record Pending : RefundStatus;

    /// <summary>The gateway knows no refund of this number: it never arrived, or it failed. Send it again, same number.</summary>
    public sealed record NotFound : RefundStatus;

    /// <summary>No answer: query, then repeat under the same number.</summary>
    public sealed record Unknown(string Reason) : RefundStatus;
}

/// <summary>What a notification turned out to be. A closed set.</summary>
public abstract record PaymentNotification
{
    private PaymentNotification()
    {
    }

    /// <summary>Genuine, and about an order of ours. It is a reason to look: <paramref name="Status"/> is what it says.</summary>
    public sealed record Genuine(string OrderNumber, PaymentStatus Status) : PaymentNotification;

    /// <summary>Genuine, and about a refund of ours: a reason to ask about it.</summary>
    public sealed record AboutRefund(string OrderNumber) : PaymentNotification;

    /// <summary>Genuine, but nothing to do (an event that does not concern payments).</summary>
    public sealed record Ignored(string Reason) : PaymentNotification;

    /// <summary>Forged, for another seller, or not understood. Nothing is stored as paid; the gateway is told so (4xx).</summary>
    public sealed record Refused(string Reason) : PaymentNotification;
}

/// <summary>A notification as it came in: the raw body, never reparsed before it is verified (failure case 14).</summary>
public sealed record RawNotification(string Method, string Path, string ContentType, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body);

/// <summary>What to answer to the gateway's notification, exactly.</summary>
public sealed record NotificationReply(int StatusCode, string ContentType, string Body);

/// <summary>
/// A payment gateway. Calls stand outside any transaction, carry the order's or refund's number as their idempotency key,
/// end after a timeout of their own, and never throw for what the network or the gateway does: that is <c>Unknown</c>.
/// </summary>
public interface IPaymentGateway
{
    /// <summary>A short word, such as "alipay"; stands in the database and in URLs.</summary>
    string Name { get; }

    /// <summary>The currency that it is paid in.</summary>
    Currency Currency { get; }

    /// <summary>The ways that it is set up for.</summary>
    IReadOnlyList<PaymentWay> Ways { get; }

    /// <summary>Whether what a counter has scanned is a code of this gateway's payers, by its digits; needed only where <see cref="Ways"/> has <see cref="PaymentWay.Barcode"/>.</summary>
    bool IsPayerCode(string scanned) => false;

    Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation);

    Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation);

    /// <summary>Has the gateway take no money for it any more; for a scanned code (<see cref="PaymentWay.Barcode"/>) what may be taken already is given back.</summary>
    Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation);

    Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation);

    Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation);

    /// <summary>Verifies and reads a notification; changes nothing. It may call the gateway (a certificate that is not known yet, failure case 12).</summary>
    ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation);

    /// <summary>The reply that tells the gateway to stop repeating (true), or to repeat (false).</summary>
    NotificationReply Reply(bool accepted);

    /// <summary>Origins that the browser is sent to, for the pages' form-action policy.</summary>
    IReadOnlyList<Uri> PayerOrigins { get; }
}
