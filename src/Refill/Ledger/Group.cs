using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>Where an answer stands.</summary>
internal readonly record struct AnswerId(Cell Cell, Guid Id) : IComparable<AnswerId>
{
    private const char Separator = '\n';

    /// <summary>UUIDv8 (RFC 9562, 5.8): SHA-256 of scope and key, version and variant set, last byte the cell. An index over the words themselves would be several times as large.</summary>
    public static AnswerId Of(Cell cell, IdempotencyKey key)
    {
        Span<byte> words = stackalloc byte[(CommitRules.MaxScopeLength + CommitRules.MaxKeyLength) * 3 + 1];
        var length = Encoding.UTF8.GetBytes(key.Scope, words);
        words[length++] = (byte)Separator;
        length += Encoding.UTF8.GetBytes(key.Key, words[length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(words[..length], hash);
        return new AnswerId(cell, AccountIds.Mark(hash[..16], cell));
    }

    /// <summary>Any order will do, as long as every process has the same.</summary>
    public int CompareTo(AnswerId other) => (Cell.Number, Id).CompareTo((other.Cell.Number, other.Id));
}

/// <summary>What stands behind a key: the hash of its body and then the answer, in one value.</summary>
internal sealed record StoredAnswer(byte[] Kept)
{
    public const int HashBytes = 32;

    public ReadOnlySpan<byte> BodyHash => Kept.AsSpan(0, HashBytes);

    public ReadOnlyMemory<byte> Answer => Kept.AsMemory(HashBytes);

    public static StoredAnswer Of(IdempotencyKey key, ReadOnlyMemory<byte> answer)
    {
        var kept = new byte[HashBytes + answer.Length];
        key.BodyHash.CopyTo(kept);
        answer.CopyTo(kept.AsMemory(HashBytes));
        return new StoredAnswer(kept);
    }

    /// <summary>The answer to whoever comes with this key now.</summary>
    public CommitOutcome To(IdempotencyKey key) => key.BodyHash.AsSpan().SequenceEqual(BodyHash) ? new CommitOutcome.Replayed(Answer) : new CommitOutcome.KeyReused();
}

internal readonly record struct RowId(VersionedTable Table, Cell Cell, Guid Id);

/// <summary>A row as the group sees it: the version in the database, and what the group makes of it. Version 0: not there.</summary>
internal sealed class RowDraft(RowId id)
{
    public RowId Id => id;

    public long StoredVersion { get; set; }

    public long Version { get; set; }

    /// <summary>What is to be written; null while nothing is, or when the row is to be deleted.</summary>
    public RowChange? Change { get; set; }

    public bool IsChanged => Change is not null;

    public bool IsDeleted => Change is { Values: null };
}

/// <summary>An account as the group sees it.</summary>
/// <param name="named">As the first commit of the group names it; what the database holds must be the same.</param>
internal sealed class AccountDraft(Account named)
{
    private long tried;
    private int triedBy = -1;

    public Account Account { get; private set; } = named;

    public bool IsStored { get; private set; }

    /// <summary>How many postings it had in the database: what the compare-and-set expects.</summary>
    public long StoredPostings { get; private set; }

    public long Balance { get; private set; }

    public long Postings { get; private set; }

    /// <summary>The transfer of its newest posting.</summary>
    public Guid Last { get; private set; }

    public bool IsChanged { get; private set; }

    /// <summary>Its only posting says all of it; it gets no row.</summary>
    public bool NeedsNoRow { get; private set; }

    /// <summary>As it stands in the database, or is remembered to. Of one without a floor it is enough to know that it is there: balance and postings are then what this group adds.</summary>
    public void Found(Account account, long balance, long postings, Guid last)
    {
        (Account, IsStored) = (account, true);
        if (!account.IsSummed)
        {
            (StoredPostings, Balance, Postings, Last) = (postings, balance, postings, last);
        }
    }

    /// <summary>It has no row yet: its only posting stands in the transfer of its owner's making.</summary>
    public void FoundInTransfer(ReadOnlySpan<byte> postings)
    {
        while (!postings.IsEmpty)
        {
            if (PackedPostings.Next(ref postings) is var line && line.AccountId == Account.Id && line.Opens is not null)
            {
                (Balance, Postings, Last) = (line.BalanceAfter, line.Sequence, Account.Owner);
            }
        }
    }

    /// <exception cref="InvalidOperationException">It was opened as something else.</exception>
    public void MustBe(Account account)
    {
        // Nearly always the same object: of this group's commits, or remembered.
        if (!ReferenceEquals(account, Account) && (Account.Unit != account.Unit || Account.Floor != account.Floor || Account.Purpose != account.Purpose || Account.Owner != account.Owner) && (IsStored || IsChanged))
        {
            throw new InvalidOperationException($"account {account.Id} was opened as {Account}, and is posted to as {account}");
        }
    }

    /// <summary>The balance if this were posted on top of what the same commit has tried before.</summary>
    /// <exception cref="InvalidOperationException">It leaves the range of 64 bits.</exception>
    public (long Before, long After) Try(int commit, long amount)
    {
        var before = triedBy == commit ? tried : Balance;
        try
        {
            (triedBy, tried) = (commit, checked(before + amount));
        }
        catch (OverflowException)
        {
            throw new InvalidOperationException($"account {Account.Id} holds {before}; {amount} more does not fit in 64 bits");
        }

        return (before, tried);
    }

    public PostingLine Post(Account account, long amount, Guid transfer)
    {
        Account = account;
        if (account.IsSummed)
        {
            (IsChanged, Balance, Postings) = (true, checked(Balance + amount), Postings + 1);
            return new PostingLine(account.Id, account.Unit.Code, amount, 0, 0, Guid.Empty);
        }

        NeedsNoRow = !IsStored && Postings == 0 && account.OpensWithOwner(transfer);
        var line = new PostingLine(account.Id, account.Unit.Code, amount, Postings + 1, Balance + amount, Last, NeedsNoRow ? new Opening(account.Purpose, account.Floor) : null);
        (IsChanged, Balance, Postings, Last) = (true, line.BalanceAfter, line.Sequence, transfer);
        return line;
    }
}

internal readonly record struct TransferDraft(Cell Cell, Transfer Transfer, byte[] Postings);

internal readonly record struct AnswerDraft(AnswerId Id, StoredAnswer Answer);

/// <summary>
/// Commits decided in memory, in order: each sees what those before it in the group did. Pure: the store fills in what the database holds,
/// <see cref="Decide"/> makes outcomes and drafts of what is to be written.
/// </summary>
/// <param name="remembered">
/// A trusting group: it asks the database only for accounts that are not remembered, takes every row to be as its commit expects and every key to be unused. The database refuses to write it if any of that is wrong;
/// then the same commits are decided by a careful group (null), which reads and locks all that it needs.
/// </param>
internal sealed class Group(AccountCache? remembered)
{
    private readonly Dictionary<RowId, RowDraft> rows = [];
    private readonly Dictionary<Guid, AccountDraft> accounts = [];

    // What the commits name, in their order: looked up once.
    private readonly List<RowDraft> rowsOfCommits = [];
    private readonly List<AccountDraft> accountsOfPostings = [];
    private readonly byte[] packed = new byte[CommitRules.MaxPostings * PackedPostings.MaxLine];
    private int decided;
    private int nextRow;
    private int nextPosting;

    public bool IsTrusting => remembered is not null;

    public Dictionary<AnswerId, StoredAnswer?> Answers { get; } = [];

    public IReadOnlyCollection<RowDraft> Rows => rows.Values;

    public IReadOnlyCollection<AccountDraft> Accounts => accounts.Values;

    /// <summary>Those that the database must be asked for.</summary>
    public List<AccountDraft> UnknownAccounts { get; } = [];

    /// <summary>Of those, the ones that may have no row and yet a posting (<see cref="Account.OpensWithOwner"/>).</summary>
    public IEnumerable<AccountDraft> UnknownOfOwners => UnknownAccounts.Where(static draft => draft.Account.Owner != default && draft.Account.OpensWithOwner(draft.Account.Owner));

    /// <summary>True if what the group writes cannot be written twice, whatever becomes of the connection: ids of transfers are made by us and unique.</summary>
    public bool HasTransfers { get; private set; }

    public List<TransferDraft> Transfers { get; } = [];

    public List<AnswerDraft> NewAnswers { get; } = [];

    public bool IsEmpty { get; private set; } = true;

    public RowDraft Row(RowId id) => rows[id];

    public AccountDraft AccountOf(Guid id) => accounts[id];

    /// <summary>Notes what the database is to be asked for, before <see cref="Decide"/>.</summary>
    public void Need(Commit commit)
    {
        if (commit.Key is { } key && !IsTrusting)
        {
            Answers.TryAdd(AnswerId.Of(commit.Cell, key), null);
        }

        foreach (var row in commit.Rows)
        {
            var id = new RowId(row.Table, row.Cell, row.Id);
            ref var draft = ref CollectionsMarshal.GetValueRefOrAddDefault(rows, id, out _);
            draft ??= IsTrusting ? new RowDraft(id) { StoredVersion = row.ExpectedVersion, Version = row.ExpectedVersion } : new RowDraft(id);
            rowsOfCommits.Add(draft);
        }

        foreach (var transfer in commit.Transfers)
        {
            HasTransfers = true;
            foreach (var posting in transfer.Postings)
            {
                ref var draft = ref CollectionsMarshal.GetValueRefOrAddDefault(accounts, posting.Account.Id, out var isNamed);
                draft ??= new AccountDraft(posting.Account);
                accountsOfPostings.Add(draft);
                if (isNamed)
                {
                    continue;
                }

                if (remembered is not null && remembered.TryGet(posting.Account.Id, out var known))
                {
                    draft.Found(known.Account, known.Balance, known.Postings, known.Last);
                }
                else if (!IsTrusting || !Opens(commit, posting.Account))
                {
                    UnknownAccounts.Add(draft);
                }
            }
        }
    }

    /// <summary>The account belongs to what this very commit brings into being, so there can be none yet.</summary>
    private static bool Opens(Commit commit, Account account)
    {
        foreach (var row in commit.Rows)
        {
            if (row.ExpectedVersion == 0 && row.Id == account.Owner)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Decides one commit against the database and the commits before it, in the order in which they were needed; a refused one leaves no trace.</summary>
    /// <exception cref="InvalidOperationException">An account is not what it was opened as, or a balance leaves the range of 64 bits.</exception>
    public CommitOutcome Decide(Commit commit)
    {
        var (firstRow, firstPosting, number) = (nextRow, nextPosting, decided++);
        nextRow += commit.Rows.Length;
        foreach (var transfer in commit.Transfers)
        {
            nextPosting += transfer.Postings.Length;
        }

        var answerId = commit.Key is { } named ? AnswerId.Of(commit.Cell, named) : default;
        if (commit.Key is { } key && Answers.GetValueOrDefault(answerId) is { } stored)
        {
            return stored.To(key);
        }

        for (var index = 0; index < commit.Rows.Length; index++)
        {
            var (change, row) = (commit.Rows[index], rowsOfCommits[firstRow + index]);
            if (row.Version != change.ExpectedVersion)
            {
                return new CommitOutcome.Stale(change.Table.Name, change.Id, row.Version);
            }
        }

        if (Weigh(commit, number, firstPosting, out var balance) is { } refused)
        {
            return refused;
        }

        return new CommitOutcome.Committed(Apply(commit, firstRow, firstPosting, answerId, balance));
    }

    /// <summary>Tries the postings in order without keeping them.</summary>
    /// <param name="named">The balance that the answer names.</param>
    private CommitOutcome.BelowFloor? Weigh(Commit commit, int number, int posting, out long named)
    {
        named = 0;
        foreach (var transfer in commit.Transfers)
        {
            foreach (var (account, amount) in transfer.Postings)
            {
                var draft = accountsOfPostings[posting++];
                draft.MustBe(account);
                var (before, after) = draft.Try(number, amount);
                if (after < account.Floor)
                {
                    return new CommitOutcome.BelowFloor(account.Id, account.Purpose, before, amount, account.Floor);
                }

                if (commit.BalanceAnswer is { } balance && balance.AccountId == account.Id)
                {
                    named = after;
                }
            }
        }

        return null;
    }

    /// <returns>The answer.</returns>
    private ReadOnlyMemory<byte> Apply(Commit commit, int firstRow, int posting, AnswerId answerId, long balance)
    {
        // First, for it may throw: nothing has been changed yet.
        var text = commit.BalanceAnswer is { } answer ? CommitRules.CheckAnswer(answer.Write(balance)) : commit.Answer;
        IsEmpty = false;
        for (var index = 0; index < commit.Rows.Length; index++)
        {
            var (change, row) = (commit.Rows[index], rowsOfCommits[firstRow + index]);
            row.Change = change;
            row.Version = change.Values is null ? 0 : change.ExpectedVersion + 1;
        }

        foreach (var transfer in commit.Transfers)
        {
            var length = 0;
            foreach (var (account, amount) in transfer.Postings)
            {
                length += PackedPostings.Write(packed.AsSpan(length), accountsOfPostings[posting++].Post(account, amount, transfer.Id));
            }

            Transfers.Add(new TransferDraft(CellId.CellOf(transfer.Id), transfer, packed[..length].ToArray()));
        }

        if (commit.Key is { } key)
        {
            var kept = StoredAnswer.Of(key, text);
            Answers[answerId] = kept;
            NewAnswers.Add(new AnswerDraft(answerId, kept));
            return kept.Answer;
        }

        return text;
    }
}
