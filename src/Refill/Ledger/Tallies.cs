using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Npgsql;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>What came to an account, and in how many postings, that does not stand in its row yet.</summary>
internal readonly record struct Delta(Guid AccountId, long Amount, long Postings);

/// <summary>
/// Accounts without a floor (revenue, clearing, issuance) need not be looked at when they are posted to, and every order posts to two of them. So on PostgreSQL a group does not write their rows: it adds one row that
/// says what came to each, and somebody carries that over into the rows every second. Nodes and committers never meet on such an account (docs/decisions/summed-accounts.md). SQLite, which has one writer, adds at once.
/// </summary>
internal static class Tallies
{
    /// <summary>How many groups are carried over in one transaction.</summary>
    private const int MaxAtOnce = 256;

    public const string Insert = "INSERT INTO tally (cell, id, deltas) VALUES ($1, $2, $3)";

    private const string Take = "SELECT cell, id, deltas FROM tally ORDER BY cell, id LIMIT $1 FOR UPDATE SKIP LOCKED";

    private static readonly string Add = RowSql.AllOf($"""
        UPDATE account a SET balance = a.balance + v.amount, postings = a.postings + v.postings
        FROM ({RowSql.Keys}, unnest($3::bigint[]) AS amount, unnest($4::bigint[]) AS postings) v
        WHERE a.cell = v.cell AND a.id = v.id
        """);

    private static readonly string Delete = RowSql.AllOf($"DELETE FROM tally t USING ({RowSql.Keys}) v WHERE t.cell = v.cell AND t.id = v.id");

    /// <summary>One after the other: the account (16 bytes), the amount and the count as in <see cref="PackedPostings"/>.</summary>
    public static byte[] Pack(IReadOnlyCollection<Delta> deltas)
    {
        var (packed, at) = (new byte[deltas.Count * (16 + 2 * PackedPostings.MaxVarint)], 0);
        foreach (var delta in deltas)
        {
            delta.AccountId.TryWriteBytes(packed.AsSpan(at), bigEndian: true, out _);
            at += 16;
            at += PackedPostings.WriteVarint(packed.AsSpan(at), PackedPostings.ZigZag(delta.Amount));
            at += PackedPostings.WriteVarint(packed.AsSpan(at), (ulong)delta.Postings);
        }

        return packed[..at];
    }

    /// <exception cref="InvalidDataException">This is no tally.</exception>
    public static List<Delta> Unpack(ReadOnlySpan<byte> packed)
    {
        var deltas = new List<Delta>();
        while (!packed.IsEmpty)
        {
            var account = packed.Length >= 16 ? new Guid(packed[..16], bigEndian: true) : throw new InvalidDataException("a tally cannot be read");
            packed = packed[16..];
            deltas.Add(new Delta(account, PackedPostings.UnZigZag(PackedPostings.ReadVarint(ref packed)), (long)PackedPostings.ReadVarint(ref packed)));
        }

        return deltas;
    }

    /// <summary>What is to be added to the rows of accounts, by account.</summary>
    public static Dictionary<Guid, Delta> Sum(IEnumerable<byte[]> tallies)
    {
        var sums = new Dictionary<Guid, Delta>();
        foreach (var delta in tallies.SelectMany(packed => Unpack(packed)))
        {
            var before = sums.GetValueOrDefault(delta.AccountId);
            sums[delta.AccountId] = new Delta(delta.AccountId, checked(before.Amount + delta.Amount), before.Postings + delta.Postings);
        }

        return sums;
    }

    /// <summary>What is to be added to the rows of accounts, as this transaction of the context sees it.</summary>
    public static async Task<Dictionary<Guid, Delta>> PendingAsync(RefillDb db, CancellationToken cancellation) => Sum(await db.Set<TallyRow>().AsNoTracking().Select(row => row.Deltas).ToListAsync(cancellation));

    /// <summary>Carries over what waits. May run in several processes at once: each takes what no other has.</summary>
    /// <returns>False: there is more.</returns>
    public static async Task<bool> CarryOverAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (ids, packed) = (new List<Guid>(), new List<byte[]>());
        await using (var take = new NpgsqlCommand(Take, connection) { Parameters = { new NpgsqlParameter<int> { TypedValue = MaxAtOnce } } })
        await using (var reader = await take.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                ids.Add(reader.GetGuid(1));
                packed.Add(reader.GetFieldValue<byte[]>(2));
            }
        }

        if (ids.Count == 0)
        {
            return true;
        }

        var sums = Sum(packed).Values.OrderBy(delta => CellId.CellOf(delta.AccountId).Number).ThenBy(delta => delta.AccountId).ToList();
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(Add, PgArray.Cells(sums, delta => CellId.CellOf(delta.AccountId)), PgArray.Uuids(sums, delta => delta.AccountId), PgArray.Longs(sums, delta => delta.Amount), PgArray.Longs(sums, delta => delta.Postings));
        batch.Add(Delete, PgArray.Cells(ids, CellId.CellOf), PgArray.Uuids(ids, id => id));
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return ids.Count < MaxAtOnce;
    }
}

/// <summary>What one group posted to accounts without a floor, until it is carried over. In the cell of one of them.</summary>
public sealed class TallyRow : IEntityTypeConfiguration<TallyRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }

    /// <summary>As Tallies has them.</summary>
    public byte[] Deltas { get; set; } = [];

    public void Configure(EntityTypeBuilder<TallyRow> builder)
    {
        builder.ToTable("tally");
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}
