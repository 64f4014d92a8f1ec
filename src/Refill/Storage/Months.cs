using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using Npgsql;

namespace Refill.Storage;

/// <summary>A calendar month in UTC, and the ids (UUIDv7) that were made in it.</summary>
public readonly record struct Month(int Year, int Number)
{
    public static Month Of(DateTimeOffset time) => new(time.UtcDateTime.Year, time.UtcDateTime.Month);

    public DateTimeOffset Start => new(Year, Number, 1, 0, 0, 0, TimeSpan.Zero);

    public Month Next => Plus(1);

    /// <summary>The first id that this month can have; those of the month before are all less.</summary>
    public Guid FirstId => Months.FirstIdAt(Start);

    public Month Plus(int months) => Of(Start.AddMonths(months));

    /// <summary>"2026-11".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Year:0000}-{Number:00}");

    public static bool TryParse(string text, out Month month)
    {
        var isMonth = DateTime.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day);
        month = isMonth ? new Month(day.Year, day.Month) : default;
        return isMonth;
    }
}

/// <summary>
/// The months of the tables that grow with every order, each a partition on PostgreSQL. They are made ahead; what comes when nobody has made its month lies in a partition for all others and is found there as well.
/// SQLite keeps all months in one tree, in the order of ids.
/// </summary>
public static class Months
{
    public const string TopUps = "top_up";
    public const string Transfers = "transfer";

    /// <summary>By its name; each has a primary key of cell and id.</summary>
    public static readonly ImmutableArray<string> Tables = [TopUps, Transfers];

    private const int MadeAhead = 3;

    /// <summary>How often a partition is tried that cannot be made because the table is being read.</summary>
    private const int MaxTries = 5;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(2);

    /// <summary>The least id that can be made at this time or later.</summary>
    public static Guid FirstIdAt(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, time.ToUnixTimeMilliseconds() << 16);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The partition of a month.</summary>
    public static string PartitionOf(string table, Month month) => string.Create(CultureInfo.InvariantCulture, $"{table}_{month.Year:0000}_{month.Number:00}");

    /// <summary>The month of a partition; null: it is the one for all others.</summary>
    public static Month? OfPartition(string table, string partition) => Month.TryParse(partition[(table.Length + 1)..].Replace('_', '-'), out var month) ? month : null;

    /// <summary>
    /// Makes this month's partitions and those of the next ones, where they are missing. Nothing on SQLite. Safe to repeat, and from several processes at once. Where somebody reads a table all the time it is left for
    /// another day: the months to come have other days.
    /// </summary>
    public static async Task MakeAsync(Database database, DateTimeOffset now, CancellationToken cancellation)
    {
        if (database.Options.Kind != DatabaseKind.Postgres)
        {
            return;
        }

        await using var connection = await database.OpenConnectionAsync(cancellation);
        var month = Month.Of(now);
        for (var ahead = 0; ahead < MadeAhead; ahead++, month = month.Next)
        {
            foreach (var table in Tables)
            {
                await using var command = connection.CreateCommand();

                // Rows of that month in the partition for all others forbid one of its own; then they stay where they are. All orders wait behind whoever waits for a lock on the table: it gives up soon.
                command.CommandText = $"""
                    DO $$ BEGIN
                        PERFORM pg_advisory_xact_lock(hashtext('refill months'));
                        PERFORM set_config('lock_timeout', '500ms', true);
                        IF to_regclass('{PartitionOf(table, month)}') IS NULL AND NOT EXISTS (SELECT 1 FROM {table}_other WHERE id >= '{month.FirstId}' AND id < '{month.Next.FirstId}') THEN
                            CREATE TABLE {PartitionOf(table, month)} PARTITION OF {table} FOR VALUES FROM ('{month.FirstId}') TO ('{month.Next.FirstId}');
                        END IF;
                    END $$
                    """;
                await TryAsync(command, cancellation);
            }
        }
    }

    private static async Task TryAsync(DbCommand command, CancellationToken cancellation)
    {
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            try
            {
                await command.ExecuteNonQueryAsync(cancellation);
                return;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await Task.Delay(BetweenTries, cancellation);
            }
        }
    }
}
