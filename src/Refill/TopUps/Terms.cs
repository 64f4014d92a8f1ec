using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Catalogue;
using Refill.Storage;

namespace Refill.TopUps;

/// <summary>What a top-up was sold as: a copy of carrier and plan at that moment. What is sold later or withdrawn changes nothing in it.</summary>
internal sealed record Terms(Carrier Carrier, Plan Plan);

/// <summary>
/// Terms, each kept once for all top-ups that were sold on them: thousands are sold on the same, and a kilobyte in each would be most of what a top-up writes. A row never changes; its id is
/// made of its text.
/// </summary>
internal sealed class TermsBook(Database database)
{
    /// <summary>A catalogue has hundreds of plans, whose prices change now and then.</summary>
    private const int MaxKnown = 20_000;

    private readonly ConcurrentDictionary<Guid, Terms> known = new();
    private readonly ConditionalWeakTable<Plan, Kept> kept = [];

    /// <summary>The id of these terms; writes them if they are new. Must be done before the top-up that names them is committed.</summary>
    public ValueTask<Guid> KeepAsync(Carrier carrier, Plan plan, CancellationToken cancellation) =>
        kept.TryGetValue(plan, out var before) && ReferenceEquals(before.Carrier, carrier) ? new(before.Id) : new(WriteAsync(new Terms(carrier, plan), cancellation));

    public async ValueTask<Terms> ReadAsync(Guid id, CancellationToken cancellation)
    {
        if (known.TryGetValue(id, out var terms))
        {
            return terms;
        }

        await using var db = database.Open();
        var row = await db.Set<TermsRow>().AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, cancellation) ?? throw new InvalidOperationException($"there are no terms {id}");
        terms = Read(row);
        Remember(id, terms);
        return terms;
    }

    private async Task<Guid> WriteAsync(Terms terms, CancellationToken cancellation)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(terms, TopUpJson.Settings);
        var id = new Guid(SHA256.HashData(text).AsSpan(0, 16), bigEndian: true);
        if (!known.ContainsKey(id))
        {
            await using var db = database.Open();
            if (!await db.Set<TermsRow>().AnyAsync(row => row.Id == id, cancellation))
            {
                db.Add(new TermsRow { Id = id, Detail = System.Text.Encoding.UTF8.GetString(text) });
                try
                {
                    await db.SaveChangesAsync(cancellation);
                }
                catch (DbUpdateException)
                {
                    // Another has written the same meanwhile, or it fails again here.
                    await ReadAsync(id, cancellation);
                }
            }
        }

        Remember(id, terms);
        return id;
    }

    private void Remember(Guid id, Terms terms)
    {
        if (known.Count >= MaxKnown)
        {
            known.Clear();
        }

        known[id] = terms;
        kept.AddOrUpdate(terms.Plan, new Kept(terms.Carrier, id));
    }

    /// <exception cref="InvalidOperationException">Damaged.</exception>
    public static Terms Read(TermsRow row) => JsonSerializer.Deserialize<Terms>(row.Detail, TopUpJson.Settings) ?? throw new InvalidOperationException($"terms {row.Id} are empty");

    private sealed record Kept(Carrier Carrier, Guid Id);
}

/// <summary>The same for all cells, and never changed.</summary>
public sealed class TermsRow : IEntityTypeConfiguration<TermsRow>
{
    /// <summary>The first 16 bytes of the SHA-256 of <see cref="Detail"/>.</summary>
    public Guid Id { get; set; }

    public string Detail { get; set; } = "";

    public void Configure(EntityTypeBuilder<TermsRow> builder)
    {
        builder.ToTable("terms");
        builder.HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
    }
}
