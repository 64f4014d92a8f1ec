using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;

namespace Refill.Storage;

/// <summary>A calendar month in UTC, and the ids (UUIDv7) that were made in it.</summary>
public readonly record struct Month(int Year, int Number)
{
    public static Month Of(DateTimeOffset time) => new(time.UtcDateTime.Year, time.UtcDateTime.Month);

    public DateTimeOffset Start => new(Year, Number, 1, 0, 0, 0, TimeSpan.Zero);

    public Month Next => Of(Start.AddMonths(1));

    /// <summary>The first id that this month can have; those of the month before are all less.</summary>
    public Guid FirstId
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            BinaryPrimitives.WriteInt64BigEndian(bytes, Start.ToUnixTimeMilliseconds() << 16);
            return new Guid(bytes, bigEndian: true);
        }
    }

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
    /// <summary>By its name; each has a primary key of cell and id.</summary>
    public static readonly ImmutableArray<string> Tables = ["top_up", "transfer"];

    private const int MadeAhead = 3;

    /// <summary>The partition of a month.</summary>
    public static string PartitionOf(string table, Month month) => string.Create(CultureInfo.InvariantCulture, $"{table}_{month.Year:0000}_{month.Number:00}");

    /// <summary>Makes this month's partitions and those of the next ones, where they are missing. Nothing on SQLite. Safe to repeat, and from several processes at once.</summary>
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

                // Rows of that month in the partition for all others forbid one of its own; then they stay where they are.
                command.CommandText = $"""
                    DO $$ BEGIN
                        PERFORM pg_advisory_xact_lock(hashtext('refill months'));
                        IF to_regclass('{PartitionOf(table, month)}') IS NULL AND NOT EXISTS (SELECT 1 FROM {table}_other WHERE id >= '{month.FirstId}' AND id < '{month.Next.FirstId}') THEN
                            CREATE TABLE {PartitionOf(table, month)} PARTITION OF {table} FOR VALUES FROM ('{month.FirstId}') TO ('{month.Next.FirstId}');
                        END IF;
                    END $$
                    """;
                await command.ExecuteNonQueryAsync(cancellation);
            }
        }
    }
}
