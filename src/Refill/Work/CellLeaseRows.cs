using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Work;

/// <summary>A server process that takes part; its leases hold as long as it says in time that it is there. PostgreSQL only.</summary>
public sealed class NodeRow : IEntityTypeConfiguration<NodeRow>
{
    /// <summary>The setting `node` and a number drawn at the start of the process.</summary>
    public string Id { get; set; } = "";
    public DateTimeOffset PresentUntil { get; set; }

    public void Configure(EntityTypeBuilder<NodeRow> builder)
    {
        builder.ToTable("node");
        builder.HasKey(row => row.Id);
    }
}

/// <summary>Who does the background work of a range of cells. PostgreSQL only: a SQLite file has one node.</summary>
public sealed class CellLeaseRow : IEntityTypeConfiguration<CellLeaseRow>
{
    public short FirstCell { get; set; }

    /// <summary>Moves at every change of hands: what was begun under an earlier one is refused.</summary>
    public long Epoch { get; set; }

    /// <summary>A <see cref="NodeRow"/>; null: to be taken.</summary>
    public string? Owner { get; set; }

    public void Configure(EntityTypeBuilder<CellLeaseRow> builder)
    {
        builder.ToTable("cell_lease");
        builder.HasKey(row => row.FirstCell);
        builder.Property(row => row.FirstCell).ValueGeneratedNever();
    }
}
