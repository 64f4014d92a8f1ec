using Refill.Payments;

namespace Refill.TopUps;

/// <summary>Either a value or the reason why not; the surface turns the reason into words and a status code.</summary>
public readonly record struct Result<TValue, TRefusal>
    where TValue : class
    where TRefusal : class
{
    private Result(TValue? value, TRefusal? refusal) => (Value, Refusal) = (value, refusal);

    public TValue? Value { get; }

    public TRefusal? Refusal { get; }

    public static implicit operator Result<TValue, TRefusal>(TValue value) => new(value, null);

    public static implicit operator Result<TValue, TRefusal>(TRefusal refusal) => new(null, refusal);
}

public sealed record QuoteRefused(QuoteProblem Problem);

/// <summary>What a visitor can do, step by step; the storefront calls this and nothing below it.</summary>
public sealed class TopUpDesk
{
    /// <summary>Recognises what was typed, asks the connectors, and remembers the card (encrypted).</summary>
    public Task<Result<CardView, CardRefused>> FindCardAsync(string? typed, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The card again, by its id in a URL; null if there is none.</summary>
    public Task<CardView?> GetCardAsync(Guid cardId, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The plans that this card can take now, cheapest first.</summary>
    public Task<IReadOnlyList<PlanOffer>> OffersAsync(CardView card, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Freezes price, rate and validity for 15 minutes.</summary>
    /// <param name="formKey">Made anew with each page that offers plans: a form that is sent twice gives the same quote. At most 64 characters.</param>
    public Task<Result<TopUpView, QuoteRefused>> QuoteAsync(Guid cardId, string? planCode, string? formKey, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The top-up, or null if there is none.</summary>
    public Task<TopUpView?> GetAsync(Guid topUpId, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>
    /// Starts (or, for the same way, starts again with the same order) the payment. A click too many, a second tab or a repeated form
    /// leads to the same payment. Another way closes the first, and what is paid twice goes back.
    /// </summary>
    /// <param name="repeatedNumber">The number typed a second time; null if this device has used it before.</param>
    public Task<Result<PaymentStart, QuoteRefused>> PayAsync(Guid topUpId, string gatewayName, PaymentWay way, string? repeatedNumber, Uri returnUrl, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Asks the gateway now, as when the browser has come back (failure cases 3 and 4); at most once in 5 seconds for one top-up.</summary>
    public Task CheckPaymentAsync(Guid topUpId, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The visitor gives up before paying. False: too late.</summary>
    public Task<bool> CancelAsync(Guid topUpId, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Waits until the top-up's version differs from <paramref name="seenVersion"/>, at most <paramref name="timeout"/> (25 s or less).</summary>
    public Task<TopUpView?> WaitAsync(Guid topUpId, long seenVersion, TimeSpan timeout, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The receipt again, by order code and the last four digits of the number. Equal answers for wrong code and wrong digits.</summary>
    public Task<TopUpView?> FindReceiptAsync(string? orderCode, string? lastFour, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>A gateway's notification: verified, looked into, and answered. Idempotent. Null: there is no such gateway.</summary>
    public Task<NotificationReply?> NotifyAsync(string gateway, RawNotification notification, CancellationToken cancellation) => throw new NotImplementedException();
}
