using Refill.Units;

namespace Refill.Reconciliation.Bank;

/// <summary>What a credit turned out to be.</summary>
public enum CreditVerdict
{
    /// <summary>Its payment is paid with it.</summary>
    Matched,

    /// <summary>Booked, and it goes back: it came too late, or the top-up was given up or paid otherwise.</summary>
    GoesBack,

    /// <summary>Booked as what it is, and it goes back: it is not what was asked.</summary>
    AmountDiffers,

    /// <summary>A second transfer under one reference: the first counts.</summary>
    AlreadyPaid,
    NoReference,
    UnknownReference,

    /// <summary>A reversal, a batch that does not add up, the references of two payments.</summary>
    Unexplained,
}

/// <summary>What a statement brought, each credit as it stands after the import: the same file again gives the same counts, and nothing new.</summary>
/// <param name="New">Credits that no import had seen before.</param>
/// <param name="Skipped">Debits, bookings that are not final, other currencies.</param>
public sealed record BankImportReport(IReadOnlyList<CreditFound> Found, int New, int Skipped)
{
    public int Of(CreditVerdict verdict) => Found.Count(found => found.Verdict == verdict);

    /// <summary>Nothing of it waits for a person.</summary>
    public bool IsClean => Found.All(found => found.Verdict == CreditVerdict.Matched);
}

/// <param name="EntryId">The bank's.</param>
public sealed record CreditFound(string EntryId, Money Amount, DateOnly ValueDate, CreditVerdict Verdict);

public abstract record BankImportOutcome
{
    private BankImportOutcome()
    {
    }

    public sealed record Done(BankImportReport Report) : BankImportOutcome;

    /// <summary>The file cannot be used; nothing of it was kept.</summary>
    public sealed record Failed(string Why) : BankImportOutcome;
}
