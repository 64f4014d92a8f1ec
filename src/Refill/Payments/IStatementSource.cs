using Refill.Units;

namespace Refill.Payments;

/// <summary>What a row of a gateway's statement says happened.</summary>
public enum StatementKind
{
    Payment = 1,
    Refund = 2,

    /// <summary>A fee that stands in a row of its own.</summary>
    Fee = 3,

    /// <summary>Money that the gateway paid out to the seller's bank.</summary>
    Settlement = 4,

    /// <summary>Anything else: laid before a person.</summary>
    Other = 5,
}

/// <summary>One row of a gateway's own statement.</summary>
/// <param name="OrderNumber">Ours, as the gateway repeats it; null where it does not.</param>
/// <param name="RefundNumber">Ours, of a refund.</param>
/// <param name="GatewayNumber">The gateway's own number of the payment, refund or payout.</param>
/// <param name="Amount">Gross: positive for money taken, negative for money given back or paid out.</param>
/// <param name="Fee">What the gateway keeps of it; negative if it gives fee back with a refund. In the currency of <paramref name="Amount"/>.</param>
/// <param name="Text">The row's own word for what happened, for a person; at most 100 characters, nothing personal.</param>
public sealed record StatementRow(int Line, StatementKind Kind, string? OrderNumber, string? RefundNumber, string GatewayNumber, Money Amount, Money Fee, DateTimeOffset At, string Text);

/// <summary>A day's statement cannot be had or read; nothing of it may be relied on.</summary>
public sealed class StatementException(string message) : Exception(message)
{
    /// <summary>True if asking again later may help (not ready yet, no answer); false if the file itself is unfit (changed header, truncated, wrong hash).</summary>
    public bool MayPass { get; init; }
}

/// <summary>A gateway that gives a statement of a day, in its own time zone.</summary>
public interface IStatementSource
{
    /// <summary>As the gateway that it belongs to.</summary>
    string Name { get; }

    /// <summary>Where the gateway's day begins (an IANA name).</summary>
    string TimeZone { get; }

    /// <summary>When the statement of a day can be had, at the earliest.</summary>
    DateTimeOffset ReadyAt(DateOnly day);

    /// <summary>Fetches, checks and reads it, row by row; a file whose sums or hash do not agree ends in <see cref="StatementException"/>, at the latest at its end.</summary>
    IAsyncEnumerable<StatementRow> ReadAsync(DateOnly day, CancellationToken cancellation);
}
