using Refill.Units;

namespace Refill.Payments;

/// <summary>A payer asked to let us charge them later without being there.</summary>
/// <param name="Reference">Ours, of the standing instruction: 6-32 characters of [0-9A-Za-z_]. The same one starts the same saving, however often it is sent.</param>
/// <param name="ReturnUrl">Where the payer's browser comes back to. Coming back proves nothing.</param>
public sealed record SavingOrder(string Reference, DateTimeOffset CreatedAt, Uri ReturnUrl)
{
    /// <summary>What the payer agrees to, for gateways that hold us to it (Alipay's cycle agreement); others need none.</summary>
    public ChargeTerms? Terms { get; init; }
}

/// <summary>How much may be charged, and how often.</summary>
/// <param name="MostEach">The most that one charge may be.</param>
/// <param name="EveryMonths">Calendar months from one charge to the next, or 0.</param>
/// <param name="EveryDays">Days from one charge to the next, where there are no months.</param>
/// <param name="First">The day of the first charge.</param>
public sealed record ChargeTerms(Money MostEach, int EveryMonths, int EveryDays, DateOnly First);

/// <summary>Where to send the payer to agree. A closed set.</summary>
public abstract record SavingStart
{
    private SavingStart()
    {
    }

    /// <summary>Send the browser here (GET).</summary>
    /// <param name="StartNumber">What the gateway calls it; to be kept before the browser goes, and asked about with <see cref="ISavedMeans.FinishAsync"/>.</param>
    public sealed record Redirect(Uri Url, string StartNumber) : SavingStart;

    /// <summary>The gateway refused it, for a reason of its own.</summary>
    public sealed record Rejected(string Reason) : SavingStart;

    /// <summary>No answer: start again with the same order.</summary>
    public sealed record Unknown(string Reason) : SavingStart;
}

/// <summary>What the gateway keeps for us and may be charged: its own numbers, nothing of a card.</summary>
/// <param name="Number">Of the means or of the agreement.</param>
/// <param name="Holder">Whom the gateway keeps it under, if it wants to know that, too.</param>
public sealed record SavedMeans(string Number, string? Holder);

/// <summary>What became of a charge. A closed set.</summary>
public abstract record ChargeOutcome
{
    private ChargeOutcome()
    {
    }

    /// <summary>The money is taken.</summary>
    /// <param name="GatewayNumber">The gateway's own number of the payment.</param>
    public sealed record Paid(string GatewayNumber, Money Amount) : ChargeOutcome;

    /// <summary>Taken on, not finished: query it as a payment whose start number this is (<see cref="PaymentKey.StartNumber"/>).</summary>
    public sealed record Pending(string? StartNumber) : ChargeOutcome;

    /// <summary>Nothing was taken; the payer must come back and pay themselves (a bank's challenge).</summary>
    /// <param name="Url">Where, if the gateway names a place; else a payment of the ordinary kind.</param>
    public sealed record NeedsPayer(Uri? Url, string Reason) : ChargeOutcome;

    /// <summary>Nothing was taken, and the same order will not be: no funds, an expired card, an agreement that has ended.</summary>
    public sealed record Rejected(string Reason) : ChargeOutcome;

    /// <summary>No answer, or none that can be understood: charge again with the same order, which charges once.</summary>
    public sealed record Unknown(string Reason) : ChargeOutcome;
}

/// <summary>
/// A gateway that keeps a payer's means (a card, an agreement) and charges it while they are away. As with <see cref="IPaymentGateway"/>, calls stand outside
/// any transaction, end after a timeout of their own, and never throw for what the network or the gateway does.
/// </summary>
public interface ISavedMeans
{
    /// <summary>As the gateway that it belongs to; its refunds and queries are made there.</summary>
    string Name { get; }

    Task<SavingStart> StartSavingAsync(SavingOrder order, CancellationToken cancellation);

    /// <summary>What was saved; null: nothing (yet), or no answer that says so.</summary>
    Task<SavedMeans?> FinishAsync(string startNumber, CancellationToken cancellation);

    /// <summary>Charges it. The same order charges once, however often and however late it is sent.</summary>
    /// <param name="order">Its way is <see cref="PaymentWay.Direct"/>; where the payer's browser would come back to is told to gateways that ask.</param>
    Task<ChargeOutcome> ChargeAsync(SavedMeans means, PaymentOrder order, CancellationToken cancellation);

    /// <summary>Has the gateway charge it no more. True: it is so, now or already. False: no answer, ask again.</summary>
    Task<bool> ForgetAsync(SavedMeans means, CancellationToken cancellation);
}
