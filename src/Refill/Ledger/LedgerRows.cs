using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Ledger;

// The ledger's three tables as `refill verify` and the migrations see them. The committer writes them with its own SQL.

public sealed class AccountRow : IEntityTypeConfiguration<AccountRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public string Purpose { get; set; } = "";
    public string Unit { get; set; } = "";
    public Guid Owner { get; set; }
    public long Floor { get; set; }
    public long Balance { get; set; }

    /// <summary>How many postings it has: the sequence of the newest.</summary>
    public long Postings { get; set; }

    /// <summary>The transfer of the newest posting: its history begins there and goes back from one to the one before.</summary>
    public Guid LastTransfer { get; set; }

    public void Configure(EntityTypeBuilder<AccountRow> builder)
    {
        builder.ToTable("account", table => table.HasCheckConstraint("account_floor", "balance >= floor"));
        builder.HasKey(row => new { row.Cell, row.Id });

        // The few accounts that are always posted to are updated in place as long as their page has room.
        builder.HasStorageParameter("fillfactor", 80);
    }
}

public sealed class TransferRow : IEntityTypeConfiguration<TransferRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public string Kind { get; set; } = "";
    public Guid Subject { get; set; }

    /// <summary>As PackedPostings has them.</summary>
    public byte[] Postings { get; set; } = [];

    public void Configure(EntityTypeBuilder<TransferRow> builder)
    {
        builder.ToTable("transfer");
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}

public sealed class AnswerRow : IEntityTypeConfiguration<AnswerRow>
{
    public short Cell { get; set; }

    /// <summary>Made of scope and key, of which no more is kept (AnswerId.Of).</summary>
    public Guid Id { get; set; }

    /// <summary>The body's SHA-256 (32 bytes), then the answer.</summary>
    public byte[] Answer { get; set; } = [];

    public void Configure(EntityTypeBuilder<AnswerRow> builder)
    {
        builder.ToTable("answer");
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}
