using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Reloadly;

/// <summary>The words of the contract.</summary>
internal static class TopUpStatus
{
    internal const string Processing = "PROCESSING";
    internal const string Successful = "SUCCESSFUL";
    internal const string Failed = "FAILED";
}

/// <summary>A top-up as the books have it. It is a real credit if it is SUCCESSFUL, and only then.</summary>
/// <param name="SettlesAt">When it becomes final; null: it is, or it never will be.</param>
internal sealed record ReloadlyTransaction(
    long Id,
    string CustomIdentifier,
    string Number,
    long OperatorId,
    long Cents,
    long DiscountCents,
    string Status,
    long OldBalanceCents,
    DateTimeOffset CreatedAt,
    DateTimeOffset? SettlesAt,
    string? SettlesAs,
    DateTimeOffset? SettledAt)
{
    internal const string Columns =
        "id, custom_identifier, number, operator_id, cents, discount_cents, status, old_balance_cents, created_at, settles_at, settles_as, settled_at";

    internal static ReloadlyTransaction Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetString(6), row.GetInt64(7),
        row.Instant(8), row.InstantOrNull(9), row.TextOrNull(10), row.InstantOrNull(11));

    internal long CostCents => Cents - DiscountCents;

    public override string ToString() => $"transaction {Id}, {Status}";
}

/// <summary>A top-up that was asked for and can be done.</summary>
internal sealed record ReloadlyAsk(ReloadlyOperator Operator, string Number, long Cents, string CustomIdentifier);

/// <summary>When and how a top-up becomes final.</summary>
/// <param name="At">Null: never.</param>
internal sealed record Settlement(DateTimeOffset? At, bool Successful);

/// <summary>The rules of top-ups and of the prepaid balance. Each works within one entry of the books.</summary>
internal static class ReloadlyTransactions
{
    internal const string SenderName = "reloadly";

    /// <summary>Takes the cost from the balance and writes the top-up down; it is credited when it settles.</summary>
    /// <returns>Null, with the contract's error code, if nothing was done.</returns>
    internal static (ReloadlyTransaction? Transaction, string? ErrorCode) Begin(BooksEntry entry, ReloadlyAsk ask, Settlement settlement, string? webhookUrl, DateTimeOffset now)
    {
        if (IsUsed(entry, ask.CustomIdentifier))
        {
            return (null, "CUSTOM_IDENTIFIER_ALREADY_USED");
        }

        var discount = ask.Cents * ReloadlyOperator.DiscountPercent / 100;
        var balance = Balance(entry).Cents;
        if (balance < ask.Cents - discount)
        {
            return (null, "INSUFFICIENT_BALANCE");
        }

        SetBalance(entry, balance - (ask.Cents - discount), now);
        var begun = entry.Rows(
            $"""
            INSERT INTO transactions (custom_identifier, number, operator_id, cents, discount_cents, status, old_balance_cents, created_at, settles_at, settles_as)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {ReloadlyTransaction.Columns}
            """,
            ReloadlyTransaction.Read, ask.CustomIdentifier, ask.Number, ask.Operator.Id, ask.Cents, discount, TopUpStatus.Processing, balance, now,
            settlement.At, settlement.Successful ? TopUpStatus.Successful : TopUpStatus.Failed)[0];
        Settle(entry, webhookUrl, now);
        return (Find(entry, begun.Id), null);
    }

    /// <summary>An identifier is used up for ever by its first top-up, also by one that failed.</summary>
    internal static bool IsUsed(BooksEntry entry, string customIdentifier) =>
        entry.Number("SELECT 1 FROM transactions WHERE custom_identifier = $1", customIdentifier) is not null;

    internal static ReloadlyTransaction? Find(BooksEntry entry, long id) =>
        entry.Rows($"SELECT {ReloadlyTransaction.Columns} FROM transactions WHERE id = $1", ReloadlyTransaction.Read, id).FirstOrDefault();

    internal static ReloadlyTransaction? FindByIdentifier(BooksEntry entry, string customIdentifier) =>
        entry.Rows($"SELECT {ReloadlyTransaction.Columns} FROM transactions WHERE custom_identifier = $1", ReloadlyTransaction.Read, customIdentifier).FirstOrDefault();

    internal static (long Cents, DateTimeOffset UpdatedAt) Balance(BooksEntry entry) =>
        entry.Rows("SELECT balance_cents, updated_at FROM account", row => (row.GetInt64(0), row.Instant(1)))[0];

    /// <summary>Makes final what time has decided: money of those that fail goes back to the balance, and each is told to the customer.</summary>
    internal static void Settle(BooksEntry entry, string? webhookUrl, DateTimeOffset now)
    {
        foreach (var transaction in entry.Rows(
            $"SELECT {ReloadlyTransaction.Columns} FROM transactions WHERE status = $2 AND settles_at <= $1 ORDER BY settles_at, id", ReloadlyTransaction.Read, now, TopUpStatus.Processing))
        {
            entry.Change("UPDATE transactions SET status = settles_as, settled_at = settles_at WHERE id = $1", transaction.Id);
            if (transaction.SettlesAs == TopUpStatus.Failed)
            {
                SetBalance(entry, Balance(entry).Cents + transaction.CostCents, now);
            }

            if (webhookUrl is not null)
            {
                var content = JsonSerializer.Serialize(new ReloadlyEvent(transaction.Id, transaction.SettlesAs!));
                Outbox.HandIn(entry, SenderName, transaction.CustomIdentifier, transaction.Id.ToString(CultureInfo.InvariantCulture), content, webhookUrl, now);
            }
        }
    }

    internal static DateTimeOffset? NextSettling(BooksEntry entry) =>
        entry.Number("SELECT min(settles_at) FROM transactions WHERE status = $1", TopUpStatus.Processing) is { } due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null;

    private static void SetBalance(BooksEntry entry, long cents, DateTimeOffset now) => entry.Change("UPDATE account SET balance_cents = $1, updated_at = $2", cents, now);
}

/// <summary>What a webhook tells, kept as it was when it was written down.</summary>
internal sealed record ReloadlyEvent(long TransactionId, string Status);
