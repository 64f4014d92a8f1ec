using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Storage;

namespace Refill.Cards;

public sealed class CardRow : IEntityTypeConfiguration<CardRow>
{
    public static readonly VersionedTable Table = new(
        "card",
        new Column("carrier_code", ColumnType.Text),
        new Column("connector", ColumnType.Text),
        new Column("reference", ColumnType.Text),
        new Column("status", ColumnType.Smallint),
        new Column("current_plan", ColumnType.Text),
        new Column("expires_at", ColumnType.Bigint),
        new Column("seen_at", ColumnType.Bigint),
        new Column("first_topped_up_at", ColumnType.Bigint));

    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public string CarrierCode { get; set; } = "";
    public string Connector { get; set; } = "";
    public string Reference { get; set; } = "";
    public short Status { get; set; }
    public string? CurrentPlan { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset SeenAt { get; set; }
    public DateTimeOffset? FirstToppedUpAt { get; set; }

    public void Configure(EntityTypeBuilder<CardRow> builder)
    {
        builder.ToTable("card");

        // Every top-up of a card of our own network updates its row: with room left in its page the index need not be touched (docs/performance.md).
        builder.HasStorageParameter("fillfactor", 70);
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}

/// <summary>A number or an ICCID of a card. The id is made of its blind index; the text is encrypted.</summary>
public sealed class CardIdentifierRow : IEntityTypeConfiguration<CardIdentifierRow>
{
    public static readonly VersionedTable Table = new(
        "card_identifier",
        new Column("kind", ColumnType.Smallint),
        new Column("encrypted", ColumnType.Bytes),
        new Column("card_id", ColumnType.Uuid));

    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public short Kind { get; set; }
    public byte[] Encrypted { get; set; } = [];
    public Guid CardId { get; set; }

    public void Configure(EntityTypeBuilder<CardIdentifierRow> builder)
    {
        builder.ToTable("card_identifier");
        builder.HasKey(row => new { row.Cell, row.Id });
        builder.HasIndex(row => row.CardId);
    }
}
