using Refill.Units;

namespace Refill.Payments.Transfers;

internal enum BankEntryKind
{
    /// <summary>Money that has arrived.</summary>
    Credit,

    /// <summary>It stands on our account and is no plain credit: a person must look.</summary>
    Unclear,
}

/// <summary>One booking of a bank's statement.</summary>
/// <param name="Id">The bank's own: the same however often the statement is sent.</param>
/// <param name="Text">All that may hold a reference. It holds names as well: it is searched, and not kept.</param>
/// <param name="Why">Of what is unclear.</param>
internal sealed record BankEntry(string Id, BankEntryKind Kind, Money Amount, DateOnly ValueDate, string Text, string Why = "")
{
    public override string ToString() => $"{Kind} {Id}";
}

/// <summary>What a file holds of our account. It is read whole before anything of it counts.</summary>
/// <param name="Skipped">Debits, bookings that are not final, other currencies.</param>
internal sealed record BankStatement(IReadOnlyList<BankEntry> Entries, int Skipped);

/// <summary>Collects a file's entries, within limits, each once.</summary>
internal sealed class BankEntries
{
    public const int Most = 50_000;
    private const int MostId = 150;
    private readonly Dictionary<string, BankEntry> entries = [];
    private readonly List<BankEntry> inOrder = [];
    private int skipped;

    /// <summary>How many there are at most, the skipped ones too.</summary>
    /// <exception cref="StatementException">There are more.</exception>
    public void Skip() => Count(++skipped);

    /// <exception cref="StatementException">Its id is none, or stands there twice.</exception>
    public void Add(BankEntry entry)
    {
        if (entry.Id.Length is 0 or > MostId || entry.Id.Any(char.IsControl))
        {
            throw new StatementException($"an entry's id must have 1 to {MostId} characters that can be printed");
        }

        if (!entries.TryAdd(entry.Id, entry))
        {
            // Which of the two would be left out is no guess for a machine.
            throw new StatementException($"the entry '{entry.Id}' stands there twice: with such ids one payment could be taken for another");
        }

        inOrder.Add(entry);
        Count(skipped);
    }

    public BankStatement Done() => new(inOrder, skipped);

    private void Count(int without)
    {
        if (without + inOrder.Count > Most)
        {
            throw new StatementException($"there are more than {Most} entries: import it in parts");
        }
    }

    /// <exception cref="StatementException">It is no day from 2000 to 2099.</exception>
    public static DateOnly Day(string? text, string what) =>
        text is { Length: >= 10 } && DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out var day) && day.Year is >= 2000 and < 2100
            ? day
            : throw new StatementException($"{what} has no date such as 2026-11-25");
}
