using System.Collections.Immutable;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>
/// An account: a balance in one unit that may never fall below its floor. Opened by the first posting that names it.
/// Balances are credit-positive: what Refill owes or has earned is positive, what is owed to Refill
/// (a gateway's clearing account) or comes from outside (issuance of data) is negative.
/// </summary>
/// <param name="Id">Derived from cell, purpose, unit and owner: <see cref="Account.For"/>.</param>
/// <param name="Floor">The least balance allowed, in the unit; <see cref="NoFloor"/> for accounts that stand for the outside world.</param>
public sealed record Account(Guid Id, Cell Cell, string Purpose, Unit Unit, Guid Owner, long Floor)
{
    public const long NoFloor = long.MinValue;

    /// <summary>It may be posted to without being looked at, so its postings have no order among themselves and no history: it is summed.</summary>
    public bool IsSummed => Floor == NoFloor;

    /// <summary>
    /// It belongs to the very thing that this transfer brings into being (a top-up's allowance; transfer and owner have one id), so it needs no row until it is posted to again: its only posting is found by its owner.
    /// Half of all accounts never are (docs/decisions/lean-rows.md).
    /// </summary>
    internal bool OpensWithOwner(Guid transferId) => Owner == transferId && !IsSummed && Cell == CellId.CellOf(transferId);

    /// <summary>
    /// The account of this purpose, unit and owner in this cell. The id is made of the four (AccountIds), its last byte the cell,
    /// so that the same account is found again without a lookup and a retry cannot open it twice.
    /// </summary>
    /// <param name="purpose">A short path of lower-case words, such as "clearing/alipay" or "allowance/data".</param>
    /// <param name="owner">The card, top-up or customer that it belongs to; default for an account of the system.</param>
    public static Account For(Cell cell, string purpose, Unit unit, Guid owner = default, long floor = NoFloor) =>
        new(AccountIds.Of(cell, purpose, unit, owner), cell, purpose, unit, owner, floor);
}

/// <summary>One change of one balance, in the account's unit: positive credits, negative debits.</summary>
public readonly record struct Posting(Account Account, long Amount);

/// <summary>
/// Postings that sum to zero in every unit and happen together. Nearly always all accounts are of one cell; where a wallet of one cell pays for a card of another, each posting stands in
/// its account's cell, and the transfer in that of its own id.
/// </summary>
/// <param name="Id">Unique for ever; a UUIDv7 with its cell.</param>
/// <param name="Kind">What happened, a word of the trade: "payment-received", "delivered", "refund-reserved", "refunded".</param>
/// <param name="Subject">The top-up (or other thing) that it is about.</param>
public sealed record Transfer(Guid Id, string Kind, Guid Subject, ImmutableArray<Posting> Postings);

/// <summary>
/// A caller's promise that the same key with the same body is the same request. The first commit under a key stores its answer;
/// a later one with the same body is given that answer, byte for byte; with another body it is refused.
/// </summary>
/// <param name="Scope">Who chose the key (a journey's step, an API key's id), at most 64 characters.</param>
/// <param name="Key">1 to 255 characters.</param>
/// <param name="BodyHash">SHA-256 of the request's canonical body, 32 bytes.</param>
public sealed record IdempotencyKey(string Scope, string Key, ImmutableArray<byte> BodyHash);

/// <summary>
/// Everything that one step does, in one database transaction or not at all: compare-and-set of rows, transfers, and the answer behind the key.
/// Each row and each transfer lies in one cell; a commit may hold some of two, as when a wallet of one cell pays for a card of another.
/// </summary>
/// <param name="Cell">Where the answer stands, and whose committer decides: the cell of the row that most commits contend for.</param>
public sealed record Commit(Cell Cell)
{
    public IdempotencyKey? Key { get; init; }

    public ImmutableArray<RowChange> Rows { get; init; } = [];

    public ImmutableArray<Transfer> Transfers { get; init; } = [];

    /// <summary>Stored behind the key and given back, byte for byte, to whoever repeats it. At most 64 KiB.</summary>
    public ReadOnlyMemory<byte> Answer { get; init; }

    /// <summary>
    /// What its caller does once it is committed is short, waits for nothing and ends with Waking.GoOnElsewhereAsync, so it may run where it is answered, when nobody else is waiting: a caller alone is answered a thread's awakening sooner.
    /// </summary>
    public bool IsAnsweredAtOnce { get; init; }

    /// <summary>Instead of <see cref="Answer"/>: one that says what a balance is after this commit.</summary>
    public BalanceAnswer? BalanceAnswer { get; init; }
}

/// <summary>An answer that names a balance. It is written while the commit is decided, when the balance is known and nobody else can change it.</summary>
/// <param name="AccountId">An account that the commit posts to.</param>
/// <param name="Write">From the balance after the commit, in the account's unit, to the answer. Quick, and without effect of its own: it may be called again.</param>
public sealed record BalanceAnswer(Guid AccountId, Func<long, ReadOnlyMemory<byte>> Write);

/// <summary>What became of a <see cref="Commit"/>. A closed set.</summary>
public abstract record CommitOutcome
{
    private CommitOutcome()
    {
    }

    /// <summary>Durable: it survives the loss of power from now on.</summary>
    /// <param name="Answer">As it now stands behind the key.</param>
    public sealed record Committed(ReadOnlyMemory<byte> Answer) : CommitOutcome;

    /// <summary>The key was used before with the same body; this is the answer of that time. Nothing was changed.</summary>
    public sealed record Replayed(ReadOnlyMemory<byte> Answer) : CommitOutcome;

    /// <summary>The key was used before with another body. Nothing was changed.</summary>
    public sealed record KeyReused : CommitOutcome;

    /// <summary>A row's version was not the expected one (0: the row is not there). Nothing was changed.</summary>
    public sealed record Stale(string Table, Guid Id, long CurrentVersion) : CommitOutcome;

    /// <summary>An account would fall below its floor. Nothing was changed.</summary>
    public sealed record BelowFloor(Guid AccountId, string Purpose, long Balance, long Change, long Floor) : CommitOutcome;
}

/// <summary>The queue before the committer is full: nothing was done, try again later (HTTP 503 with Retry-After).</summary>
public sealed class CommitterBusyException() : Exception("the committer's queue is full");

/// <summary>The database did not say whether the commit happened. Repeat under the same key, or read the row, to know.</summary>
public sealed class CommitUnknownException(Exception inner) : Exception("the database did not say whether the commit happened", inner);
