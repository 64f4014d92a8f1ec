using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Storage;

/// <summary>Which months have left the database. They leave in their order, so the newest says it all.</summary>
public sealed class ArchivedMonths(Database database)
{
    /// <summary>Null: none has.</summary>
    public async Task<Month?> NewestAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var newest = await db.Set<ArchiveRow>().OrderByDescending(row => row.Month).Select(row => row.Month).FirstOrDefaultAsync(cancellation);
        return newest is not null && Month.TryParse(newest, out var month) ? month : null;
    }

    /// <summary>Whether what has this id, and is not in the database, has moved to the archive (or never was). Asked only when something is not found, so nothing is remembered.</summary>
    public async Task<bool> HoldAsync(Guid id, CancellationToken cancellation) => await NewestAsync(cancellation) is { } newest && id.CompareTo(newest.Next.FirstId) < 0;
}

public enum ArchiveState
{
    /// <summary>The file is there, and what it holds is being taken out of the database: until that is done, some of it stands in both.</summary>
    Moving = 1,

    /// <summary>What the file holds stands nowhere else.</summary>
    Moved = 2,
}

/// <summary>A month that has left the database, and the file that holds it. The same for all cells.</summary>
public sealed class ArchiveRow : IEntityTypeConfiguration<ArchiveRow>
{
    /// <summary>"2026-01".</summary>
    public string Month { get; set; } = "";

    /// <summary>Its name, in the folder of the archive.</summary>
    public string File { get; set; } = "";

    /// <summary>Of the file as it lies on the disk.</summary>
    public byte[] Sha256 { get; set; } = [];

    public long Bytes { get; set; }

    /// <summary>How many the file holds.</summary>
    public long TopUps { get; set; }

    /// <summary>How many the file holds.</summary>
    public long Transfers { get; set; }

    public short State { get; set; }

    /// <summary>What its transfers came to on accounts that others post to as well (packed as Tallies are): without the file the books can still be added up.</summary>
    public byte[] Sums { get; set; } = [];

    /// <summary>Ids (16 bytes each) of top-ups that changed after the file was written and so stayed in the database: what the file says of them does not count. Nearly always none.</summary>
    public byte[] Revived { get; set; } = [];

    public DateTimeOffset CreatedAt { get; set; }

    public void Configure(EntityTypeBuilder<ArchiveRow> builder)
    {
        builder.ToTable("archive");
        builder.HasKey(row => row.Month);
    }
}
