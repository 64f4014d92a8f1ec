using System.Globalization;
using Refill.Bench.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Bench.TopUps;

/// <summary>
/// Cards that nobody tops up, each with an allowance of its own and five postings in two transfers, lawful to the last one, so that the audit can still say whether the books are sound. Made by the database
/// itself, cell by cell: ten million by way of the API would take most of an hour.
/// </summary>
internal static class Filling
{
    public static async Task FillAsync(BenchDatabase database, int cards)
    {
        var isSqlite = database.Database.Options.Kind == DatabaseKind.Sqlite;
        await using var connection = await database.Database.OpenConnectionAsync(CancellationToken.None);
        for (var cell = 0; cell < Cell.Count; cell++)
        {
            await using var command = connection.CreateCommand();
            command.CommandTimeout = 0;
            command.CommandText = isSqlite ? Sqlite(cell, cards / Cell.Count) : Postgres(cell, cards / Cell.Count);
            await command.ExecuteNonQueryAsync();
        }

        if (!isSqlite)
        {
            await using var command = connection.CreateCommand();
            (command.CommandTimeout, command.CommandText) = (0, "VACUUM ANALYZE");
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string Postgres(int cell, int cards)
    {
        var last = cell.ToString("x2", CultureInfo.InvariantCulture);
        return $"""
            BEGIN;
            CREATE TEMP TABLE filled ON COMMIT DROP AS SELECT n,
                {Uuid("0")} AS card, {Uuid("1")} AS identifier, {Uuid("2")} AS account, {Uuid("3")} AS first, {Uuid("4")} AS second
                FROM generate_series(1, {cards}) n;
            {Rows(cell, cards, "decode(repeat('5f', 41), 'hex')", "'00000000-0000-0000-0000-000000000000'::uuid", purpose => $"(substr(md5('{purpose}{cell}'), 1, 30) || '{last}')::uuid")}
            COMMIT;
            """;

        string Uuid(string what) => $"(lpad(to_hex(1750000000000 + n * 1000), 12, '0') || substr(md5(random()::text || n || '{what}'), 1, 18) || '{last}')::uuid";
    }

    private static string Sqlite(int cell, int cards)
    {
        var last = cell.ToString("x2", CultureInfo.InvariantCulture);
        return $"""
            DROP TABLE IF EXISTS temp.filled;
            CREATE TEMP TABLE filled AS WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {cards}) SELECT n,
                {Made()} AS card, {Made()} AS identifier, {Made()} AS account, {Made()} AS first, {Made()} AS second FROM s;
            BEGIN IMMEDIATE;
            {Rows(cell, cards, "zeroblob(41)", "zeroblob(16)", purpose => $"unhex(substr(hex('{purpose}{cell.ToString("x2", CultureInfo.InvariantCulture)}') || '000000000000000000000000000000', 1, 30) || '{last}')")}
            COMMIT;
            """;

        string Made() => $"unhex(printf('%012x', 1750000000000 + n * 1000) || hex(randomblob(9)) || '{last}')";
    }

    /// <summary>issuance −10, allowance +10; allowance −4, used +3, lapsed +1.</summary>
    private static string Rows(int cell, int cards, string bytes, string nobody, Func<string, string> system) => $"""
        INSERT INTO card (cell, id, version, carrier_code, connector, reference, status, current_plan, expires_at, seen_at) SELECT {cell}, card, 1, 'refill-mobile', 'own', 'refill-mobile', 1, NULL, NULL, 1750000000000 FROM filled;
        INSERT INTO card_identifier (cell, id, version, kind, encrypted, card_id) SELECT {cell}, identifier, 1, 1, {bytes}, card FROM filled;
        INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings) SELECT {cell}, account, 'allowance/filled', 'byte', card, 0, 6, 2 FROM filled;
        INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings) VALUES
            ({cell}, {system("issued")}, 'issuance/filled', 'byte', {nobody}, {long.MinValue}, {-10L * cards}, {cards}),
            ({cell}, {system("used")}, 'used/filled', 'byte', {nobody}, {long.MinValue}, {3L * cards}, {cards}),
            ({cell}, {system("lapsed")}, 'lapsed/filled', 'byte', {nobody}, {long.MinValue}, {cards}, {cards});
        INSERT INTO transfer (cell, id, kind, subject, at) SELECT {cell}, first, 'filled', card, 1750000000000 + n FROM filled;
        INSERT INTO transfer (cell, id, kind, subject, at) SELECT {cell}, second, 'filled', card, 1750000000000 + n FROM filled;
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after) SELECT {cell}, {system("issued")}, n, first, -10, -10 * n FROM filled;
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after) SELECT {cell}, {system("used")}, n, second, 3, 3 * n FROM filled;
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after) SELECT {cell}, {system("lapsed")}, n, second, 1, n FROM filled;
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after) SELECT {cell}, account, 1, first, 10, 10 FROM filled;
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after) SELECT {cell}, account, 2, second, -4, 6 FROM filled;
        """;
}
