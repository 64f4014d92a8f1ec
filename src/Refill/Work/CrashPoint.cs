using System.Diagnostics;

namespace Refill.Work;

/// <summary>
/// The named places where a test kills this process with SIGKILL (reliability.md, fault list: "kill -9 at every step").
/// Inert unless REFILL_CRASH_AT names one of them; an unknown name is refused at start.
/// </summary>
public static class CrashPoint
{
    public const string QuoteCommitted = "quote-committed";
    public const string PaymentStarting = "payment-starting";
    public const string PaymentOpened = "payment-opened";
    public const string NotificationReceived = "notification-received";
    public const string PaymentConfirming = "payment-confirming";
    public const string PaymentConfirmed = "payment-confirmed";
    public const string DeliveryClaimed = "delivery-claimed";
    public const string DeliveryStarted = "delivery-started";
    public const string DeliveryAnswered = "delivery-answered";
    public const string DeliveryQueried = "delivery-queried";
    public const string Completing = "completing";
    public const string Completed = "completed";
    public const string RefundReserved = "refund-reserved";
    public const string RefundStarting = "refund-starting";
    public const string RefundAnswered = "refund-answered";
    public const string RefundCommitted = "refund-committed";

    private static readonly string? Armed = Environment.GetEnvironmentVariable("REFILL_CRASH_AT");

    /// <summary>Every point, in the order of the journey.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        QuoteCommitted, PaymentStarting, PaymentOpened, NotificationReceived, PaymentConfirming, PaymentConfirmed,
        DeliveryClaimed, DeliveryStarted, DeliveryAnswered, DeliveryQueried, Completing, Completed,
        RefundReserved, RefundStarting, RefundAnswered, RefundCommitted,
    ];

    /// <summary>Dies here, at once and without any clean-up, if this point is armed.</summary>
    public static void Reach(string point)
    {
        if (Armed == point)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            self.WaitForExit();
        }
    }

    /// <exception cref="ArgumentException">REFILL_CRASH_AT names no point.</exception>
    public static void Check()
    {
        if (!string.IsNullOrEmpty(Armed) && !All.Contains(Armed))
        {
            throw new ArgumentException($"REFILL_CRASH_AT: '{Armed}' is no crash point; allowed: {string.Join(", ", All)}");
        }
    }
}
