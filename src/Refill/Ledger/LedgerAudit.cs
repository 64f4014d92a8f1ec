using System.Data.Common;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>What one check looked at and what it found.</summary>
/// <param name="Examined">How many things were held against the law.</param>
/// <param name="Problems">The first few, in words, with ids and numbers.</param>
/// <param name="ProblemCount">All of them.</param>
public sealed record AuditFinding(string Check, long Examined, IReadOnlyList<string> Problems, long ProblemCount);

/// <summary>
/// Recomputes every balance from the postings and checks the ledger's laws (I1, I6, I8, I10 of reliability.md). The sums are the database's own, over
/// the postings and nothing else; only what breaks a law is brought over, so that memory does not grow with the ledger.
/// </summary>
public sealed class LedgerAudit(Database database)
{
    private const int MaxShown = 10;

    // One statement a law. Each brings over what breaks it: a text that names the thing, and numbers. The dialects agree on all but how an id is shown.
    private static readonly (string Check, string Count, string Breaches)[] Laws =
    [
        ("I1  every transfer's postings sum to zero in every unit",
            "SELECT count(*) FROM transfer",
            """
            SELECT p.transfer_id, a.unit, SUM(p.amount) FROM posting p JOIN account a ON a.cell = p.cell AND a.id = p.account_id
            GROUP BY p.transfer_id, a.unit HAVING SUM(p.amount) <> 0
            """),
        ("I1  every account's balance is the sum of its postings",
            "SELECT count(*) FROM account",
            """
            SELECT a.id, a.purpose, a.balance - COALESCE(p.total, 0) FROM account a
            LEFT JOIN (SELECT cell, account_id, SUM(amount) AS total FROM posting GROUP BY cell, account_id) p ON p.cell = a.cell AND p.account_id = a.id
            WHERE a.balance <> COALESCE(p.total, 0)
            """),
        ("I1  every posting continues its account: no gap in the sequence, balance after = balance before + amount",
            "SELECT count(*) FROM posting",
            """
            SELECT account_id, 'posting', sequence FROM (
                SELECT account_id, sequence, amount, balance_after,
                    LAG(sequence, 1, 0) OVER w AS sequence_before, LAG(balance_after, 1, 0) OVER w AS balance_before
                FROM posting WINDOW w AS (PARTITION BY cell, account_id ORDER BY sequence)) chain
            WHERE sequence <> sequence_before + 1 OR balance_after <> balance_before + amount
            """),
        ("I1  every account counts its postings",
            "SELECT count(*) FROM account",
            """
            SELECT a.id, a.purpose, a.postings - COALESCE(p.total, 0) FROM account a
            LEFT JOIN (SELECT cell, account_id, COUNT(*) AS total FROM posting GROUP BY cell, account_id) p ON p.cell = a.cell AND p.account_id = a.id
            WHERE a.postings <> COALESCE(p.total, 0)
            """),
        ("I1  over everything, each unit sums to zero",
            "SELECT count(DISTINCT unit) FROM account",
            "SELECT unit, 'total', SUM(balance) FROM account GROUP BY unit HAVING SUM(balance) <> 0"),
        ("I1  every posting has its account and its transfer, every transfer its postings",
            "SELECT count(*) FROM posting",
            """
            SELECT p.transfer_id, 'posting without account', p.amount FROM posting p LEFT JOIN account a ON a.cell = p.cell AND a.id = p.account_id WHERE a.id IS NULL
            UNION ALL
            SELECT p.transfer_id, 'posting without transfer', p.amount FROM posting p LEFT JOIN transfer t ON t.id = p.transfer_id WHERE t.id IS NULL
            UNION ALL
            SELECT t.id, 'transfer with fewer than two postings', t.n FROM (
                SELECT t.id, COUNT(p.amount) AS n FROM transfer t LEFT JOIN posting p ON p.transfer_id = t.id GROUP BY t.id) t WHERE t.n < 2
            """),
        ("I6 I7 I10  no balance is below its account's floor, nor ever was",
            "SELECT count(*) FROM account",
            """
            SELECT id, purpose, balance FROM account WHERE balance < floor
            UNION ALL
            SELECT a.id, a.purpose, p.balance_after FROM posting p JOIN account a ON a.cell = p.cell AND a.id = p.account_id WHERE p.balance_after < a.floor
            """),
        ("I8  every answer stands behind a whole key",
            "SELECT count(*) FROM answer",
"SELECT id, 'hash', length(body_hash) FROM answer WHERE length(body_hash) <> 32"),
    ];

    public async Task<IReadOnlyList<AuditFinding>> RunAsync(CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var snapshot = connection is Microsoft.Data.Sqlite.SqliteConnection sqlite
            ? sqlite.BeginTransaction(deferred: true)
            : await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var findings = new List<AuditFinding>();
        foreach (var (check, count, breaches) in Laws)
        {
            findings.Add(await CheckAsync(connection, snapshot, check, count, breaches, cancellation));
        }

        findings.Add(await CheckCellsAsync(connection, snapshot, cancellation));
        return findings;
    }

    private static async Task<AuditFinding> CheckAsync(DbConnection connection, DbTransaction snapshot, string check, string count, string breaches, CancellationToken cancellation)
    {
        await using var counting = Command(connection, snapshot, count);
        var examined = Convert.ToInt64(await counting.ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture);
        await using var command = Command(connection, snapshot, breaches);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var problems = new List<string>();
        long found = 0;
        while (await reader.ReadAsync(cancellation))
        {
            found++;
            if (problems.Count < MaxShown)
            {
                problems.Add($"{Name(reader.GetValue(0))} {reader.GetValue(1)} {reader.GetValue(2)}");
            }
        }

        return new AuditFinding(check, examined, problems, found);
    }

    /// <summary>Ids carry their cell in the last byte; a row in another cell's place would be lost to its card. Streams ids, keeps none.</summary>
    private static async Task<AuditFinding> CheckCellsAsync(DbConnection connection, DbTransaction snapshot, CancellationToken cancellation)
    {
        await using var command = Command(connection, snapshot, "SELECT cell, id, 'account' FROM account UNION ALL SELECT cell, id, 'transfer' FROM transfer UNION ALL SELECT cell, id, 'answer' FROM answer");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var problems = new List<string>();
        long examined = 0, found = 0;
        while (await reader.ReadAsync(cancellation))
        {
            examined++;
            var id = reader.GetValue(1) is byte[] bytes ? new Guid(bytes, bigEndian: true) : reader.GetGuid(1);
            if (CellId.CellOf(id).Number != reader.GetInt16(0))
            {
                found++;
                if (problems.Count < MaxShown)
                {
                    problems.Add($"{reader.GetString(2)} {id} stands in cell {reader.GetInt16(0)}");
                }
            }
        }

        return new AuditFinding("cells: every id stands in its own cell", examined, problems, found);
    }

    private static DbCommand Command(DbConnection connection, DbTransaction snapshot, string sql)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction, command.CommandTimeout) = (sql, snapshot, 0);
        return command;
    }

    private static object Name(object id) => id is byte[] { Length: 16 } bytes ? new Guid(bytes, bigEndian: true) : id;
}
