using System.Runtime.CompilerServices;
using System.Text;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>What every commit must be before it is queued. A breach is a mistake in our own code: it throws, with the numbers, in production too.</summary>
internal static class CommitRules
{
    public const int MaxScopeLength = 64;
    public const int MaxKeyLength = 255;
    public const int MaxAnswerBytes = 64 * 1024;
    public const int MaxRows = 64;
    public const int MaxTransfers = 16;
    public const int MaxPostings = 64;
    private const int HashBytes = 32;

    /// <exception cref="InvalidOperationException">A broken invariant.</exception>
    public static void Check(Commit commit)
    {
        if (commit.Key is { } key)
        {
            Require(key.Scope.Length is > 0 and <= MaxScopeLength, $"a scope has 1 to {MaxScopeLength} characters, not {key.Scope.Length}");
            Require(key.Key.Length is > 0 and <= MaxKeyLength, $"a key has 1 to {MaxKeyLength} characters, not {key.Key.Length}");
            Require(key.BodyHash.Length == HashBytes, $"a body's hash has {HashBytes} bytes, not {key.BodyHash.Length}");
        }

        CheckAnswer(commit.Answer);
        if (commit.BalanceAnswer is { } balance)
        {
            Require(commit.Answer.IsEmpty && commit.Transfers.Any(transfer => transfer.Postings.Any(posting => posting.Account.Id == balance.AccountId && !posting.Account.IsSummed)), "an answer names the balance of an account that has a floor and that its commit posts to");
        }

        Require(commit.Rows.Length <= MaxRows && commit.Transfers.Length <= MaxTransfers, $"{commit.Rows.Length} rows and {commit.Transfers.Length} transfers are too many for one commit");
        Require(commit.Rows.Length + commit.Transfers.Length > 0 || commit.Key is not null, "a commit must do something");
        for (var index = 0; index < commit.Rows.Length; index++)
        {
            Check(commit.Rows[index]);
            for (var other = 0; other < index; other++)
            {
                Require(commit.Rows[other].Id != commit.Rows[index].Id || commit.Rows[other].Table != commit.Rows[index].Table, $"{commit.Rows[index].Table.Name} {commit.Rows[index].Id} is changed twice in one commit");
            }
        }

        foreach (var transfer in commit.Transfers)
        {
            Check(transfer);
        }
    }

    /// <returns>The answer itself.</returns>
    public static ReadOnlyMemory<byte> CheckAnswer(ReadOnlyMemory<byte> answer)
    {
        Require(answer.Length <= MaxAnswerBytes, $"an answer has at most {MaxAnswerBytes} bytes, not {answer.Length}");
        return answer;
    }

    private static void Check(RowChange row)
    {
        Require(CellId.CellOf(row.Id) == row.Cell, $"{row.Table.Name} {row.Id} is not of cell {row.Cell}");
        Require(row.ExpectedVersion >= 0 && (row.ExpectedVersion > 0 || row.Values is not null), $"{row.Table.Name} {row.Id}: version {row.ExpectedVersion} cannot be expected");
        Require(row.Values is not { } values || values.Length == row.Table.Columns.Length, $"{row.Table.Name} {row.Id}: {row.Values?.Length} values for {row.Table.Columns.Length} columns");
    }

    private static void Check(Transfer transfer)
    {
        Require(transfer.Postings.Length is >= 2 and <= MaxPostings, $"transfer {transfer.Id} has {transfer.Postings.Length} postings; 2 to {MaxPostings} are allowed");
        for (var index = 0; index < transfer.Postings.Length; index++)
        {
            var (account, amount) = transfer.Postings[index];
            Require(CellId.CellOf(account.Id) == account.Cell, $"account {account.Id} is not of cell {account.Cell}");
            Require(account.Unit.Code.Length <= PackedPostings.MaxUnit && account.Purpose.Length <= PackedPostings.MaxPurpose && Ascii.IsValid(account.Unit.Code) && Ascii.IsValid(account.Purpose), $"unit and purpose of account {account.Id} cannot be packed: {account.Unit.Code}, {account.Purpose}");
            Require(amount != 0, $"transfer {transfer.Id} posts nothing to {account.Purpose}");
            CheckSum(transfer, index, account.Unit);
        }
    }

    /// <summary>All postings in this unit, once: at the first of them. Transfers are short; a table of sums would cost more than going through them again.</summary>
    private static void CheckSum(Transfer transfer, int first, Unit unit)
    {
        Int128 sum = 0;
        for (var index = 0; index < transfer.Postings.Length; index++)
        {
            if (transfer.Postings[index].Account.Unit == unit)
            {
                if (index < first)
                {
                    return;
                }

                sum += transfer.Postings[index].Amount;
            }
        }

        Require(sum == 0, $"the postings of transfer {transfer.Id} ({transfer.Kind}) sum to {sum} {unit}, not to zero");
    }

    private static void Require(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref Reason reason)
    {
        if (!holds)
        {
            throw new InvalidOperationException(reason.Text);
        }
    }

    private static void Require(bool holds, string reason)
    {
        if (!holds)
        {
            throw new InvalidOperationException(reason);
        }
    }

    /// <summary>Words that are put together only when they are needed: every commit is checked, and nearly every one is right.</summary>
    [InterpolatedStringHandler]
    private ref struct Reason
    {
        private DefaultInterpolatedStringHandler words;

        public Reason(int literalLength, int formattedCount, bool holds, out bool needed)
        {
            needed = !holds;
            words = holds ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount, System.Globalization.CultureInfo.InvariantCulture);
        }

        public string Text => words.ToStringAndClear();

        public void AppendLiteral(string literal) => words.AppendLiteral(literal);

        public void AppendFormatted<T>(T value) => words.AppendFormatted(value);
    }
}
