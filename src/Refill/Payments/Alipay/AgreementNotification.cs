namespace Refill.Payments.Alipay;

/// <summary>What a notification about an agreement turned out to be. A closed set.</summary>
public abstract record AgreementNotification
{
    private AgreementNotification()
    {
    }

    /// <summary>Genuine: the payer has signed.</summary>
    /// <param name="Reference">Ours (<see cref="SavingOrder.Reference"/>).</param>
    public sealed record Signed(string Reference, SavedMeans Means) : AgreementNotification;

    /// <summary>Genuine: the agreement has ended, by us or by the payer within Alipay. That it expires is told by nobody: a charge finds out.</summary>
    public sealed record Ended(string Reference, SavedMeans Means) : AgreementNotification;

    /// <summary>Genuine, but about something else: a payment.</summary>
    public sealed record Ignored(string Reason) : AgreementNotification;

    /// <summary>Forged, for another app, or not understood; Alipay is told so.</summary>
    public sealed record Refused(string Reason) : AgreementNotification;
}
