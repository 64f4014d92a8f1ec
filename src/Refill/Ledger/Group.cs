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

internal sealed record StoredAnswer(byte[] BodyHash, byte[] Answer);

internal readonly record struct RowId(VersionedTable Table, Cell Cell, Guid Id);

/// <summary>A row as the group sees it: the version in the database, and what the group makes of it. Version 0: not there.</summary>
internal sealed class RowDraft
{
    public long StoredVersion { get; set; }

    public long Version { get; set; }

    /// <summary>What is to be written; null while nothing is, or when the row is to be deleted.</summary>
    public RowChange? Change { get; set; }

    public bool IsChanged => Change is not null;

    public bool IsDeleted => Change is { Values: null };
}

/// <summary>An account as the group sees it.</summary>
internal sealed class AccountDraft
{
    public required Account Account { get; init; }

    public bool IsStored { get; init; }

    /// <summary>How many postings it had in the database: what the compare-and-set expects.</summary>
    public long StoredPostings { get; init; }

    public long Balance { get; set; }

    public long Postings { get; set; }

    public bool IsChanged { get; set; }
}

internal readonly record struct PostingDraft(Cell Cell, Guid AccountId, long Sequence, Guid TransferId, long Amount, long BalanceAfter);

internal readonly record struct AnswerDraft(AnswerId Id, byte[] BodyHash, byte[] Answer);

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
    private readonly Dictionary<Guid, long> balances = [];

    public bool IsTrusting => remembered is not null;

    public Dictionary<AnswerId, StoredAnswer?> Answers { get; } = [];

    public Dictionary<RowId, RowDraft> Rows { get; } = [];

    /// <summary>Null: named by a commit, not stored yet.</summary>
    public Dictionary<Guid, AccountDraft?> Accounts { get; } = [];

    /// <summary>Those that the database must be asked for.</summary>
    public List<Guid> UnknownAccounts { get; } = [];

    /// <summary>True if what the group writes cannot be written twice, whatever becomes of the connection: ids of transfers are made by us and unique.</summary>
    public bool HasTransfers { get; private set; }

    public List<(Cell Cell, Transfer Transfer)> Transfers { get; } = [];

    public List<PostingDraft> Postings { get; } = [];

    public List<AnswerDraft> NewAnswers { get; } = [];

    public bool IsEmpty { get; private set; } = true;

    /// <summary>Notes what the database is to be asked for, before <see cref="Decide"/>.</summary>
    public void Need(Commit commit)
    {
        if (commit.Key is { } key && !IsTrusting)
        {
            Answers.TryAdd(AnswerId.Of(commit.Cell, key), null);
        }

        foreach (var row in commit.Rows)
        {
            ref var draft = ref CollectionsMarshal.GetValueRefOrAddDefault(Rows, new RowId(row.Table, row.Cell, row.Id), out _);
            draft ??= IsTrusting ? new RowDraft { StoredVersion = row.ExpectedVersion, Version = row.ExpectedVersion } : new RowDraft();
        }

        foreach (var transfer in commit.Transfers)
        {
            HasTransfers = true;
            foreach (var posting in transfer.Postings)
            {
                ref var draft = ref CollectionsMarshal.GetValueRefOrAddDefault(Accounts, posting.Account.Id, out var isNamed);
                if (isNamed)
                {
                    continue;
                }

                if (remembered is not null && remembered.TryGet(posting.Account.Id, out var known))
                {
                    draft = new AccountDraft { Account = known.Account, IsStored = true, StoredPostings = known.Postings, Balance = known.Balance, Postings = known.Postings };
                }
                else if (!IsTrusting || !Opens(commit, posting.Account))
                {
                    UnknownAccounts.Add(posting.Account.Id);
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

    /// <summary>Decides one commit against the database and the commits before it; a refused one leaves no trace.</summary>
    /// <exception cref="InvalidOperationException">An account is not what it was opened as, or a balance leaves the range of 64 bits.</exception>
    public CommitOutcome Decide(Commit commit)
    {
        if (commit.Key is { } key && Answers.GetValueOrDefault(AnswerId.Of(commit.Cell, key)) is { } stored)
        {
            return key.BodyHash.AsSpan().SequenceEqual(stored.BodyHash) ? new CommitOutcome.Replayed(stored.Answer) : new CommitOutcome.KeyReused();
        }

        foreach (var change in commit.Rows)
        {
            var row = Rows[new RowId(change.Table, change.Cell, change.Id)];
            if (row.Version != change.ExpectedVersion)
            {
                return new CommitOutcome.Stale(change.Table.Name, change.Id, row.Version);
            }
        }

        if (Weigh(commit) is { } refused)
        {
            return refused;
        }

        return new CommitOutcome.Committed(Apply(commit));
    }

    /// <summary>Tries the postings in order without keeping them.</summary>
    private CommitOutcome.BelowFloor? Weigh(Commit commit)
    {
        balances.Clear();
        foreach (var transfer in commit.Transfers)
        {
            foreach (var (account, amount) in transfer.Postings)
            {
                var known = Accounts[account.Id];
                if (known is not null && (known.Account.Unit != account.Unit || known.Account.Floor != account.Floor || known.Account.Purpose != account.Purpose || known.Account.Owner != account.Owner))
                {
                    throw new InvalidOperationException($"account {account.Id} was opened as {known.Account}, and is posted to as {account}");
                }

                ref var balance = ref CollectionsMarshal.GetValueRefOrAddDefault(balances, account.Id, out var seen);
                if (!seen)
                {
                    balance = known?.Balance ?? 0;
                }

                var before = balance;
                try
                {
                    balance = checked(before + amount);
                }
                catch (OverflowException)
                {
                    throw new InvalidOperationException($"account {account.Id} holds {before}; {amount} more does not fit in 64 bits");
                }

                if (balance < account.Floor)
                {
                    return new CommitOutcome.BelowFloor(account.Id, account.Purpose, before, amount, account.Floor);
                }
            }
        }

        return null;
    }

    /// <returns>The answer.</returns>
    private ReadOnlyMemory<byte> Apply(Commit commit)
    {
        // First, for it may throw: nothing has been changed yet.
        var text = commit.BalanceAnswer is { } balance ? CommitRules.CheckAnswer(balance.Write(balances[balance.AccountId])) : commit.Answer;
        IsEmpty = false;
        foreach (var change in commit.Rows)
        {
            var row = Rows[new RowId(change.Table, change.Cell, change.Id)];
            row.Change = change;
            row.Version = change.Values is null ? 0 : change.ExpectedVersion + 1;
        }

        foreach (var transfer in commit.Transfers)
        {
            var cell = CellId.CellOf(transfer.Id);
            Transfers.Add((cell, transfer));
            foreach (var (account, amount) in transfer.Postings)
            {
                var draft = Accounts[account.Id] ??= new AccountDraft { Account = account };
                draft.Balance += amount;
                draft.Postings++;
                draft.IsChanged = true;
                Postings.Add(new PostingDraft(account.Cell, account.Id, draft.Postings, transfer.Id, amount, draft.Balance));
            }
        }

        if (commit.Key is { } key)
        {
            var answer = new StoredAnswer(ImmutableCollectionsMarshal.AsArray(key.BodyHash)!, text.ToArray());
            var id = AnswerId.Of(commit.Cell, key);
            Answers[id] = answer;
            NewAnswers.Add(new AnswerDraft(id, answer.BodyHash, answer.Answer));
        }

        return text;
    }
}
