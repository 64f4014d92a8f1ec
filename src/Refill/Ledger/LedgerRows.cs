using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Ledger;

// The ledger's four tables as `refill verify` and the migrations see them. The committer writes them with its own SQL.

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

    public void Configure(EntityTypeBuilder<AccountRow> builder)
    {
        builder.ToTable("account", table => table.HasCheckConstraint("account_floor", "balance >= floor"));
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}

public sealed class TransferRow : IEntityTypeConfiguration<TransferRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public string Kind { get; set; } = "";
    public Guid Subject { get; set; }
    public DateTimeOffset At { get; set; }

    public void Configure(EntityTypeBuilder<TransferRow> builder)
    {
        builder.ToTable("transfer");
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}

public sealed class PostingRow : IEntityTypeConfiguration<PostingRow>
{
    public short Cell { get; set; }
    public Guid AccountId { get; set; }
    public long Sequence { get; set; }
    public Guid TransferId { get; set; }
    public long Amount { get; set; }
    public long BalanceAfter { get; set; }

    public void Configure(EntityTypeBuilder<PostingRow> builder)
    {
        builder.ToTable("posting");
        builder.HasKey(row => new { row.Cell, row.AccountId, row.Sequence });
    }
}

public sealed class AnswerRow : IEntityTypeConfiguration<AnswerRow>
{
    public short Cell { get; set; }

    /// <summary>Made of scope and key, of which no more is kept (AnswerId.Of).</summary>
    public Guid Id { get; set; }
    public byte[] BodyHash { get; set; } = [];
    public byte[] Answer { get; set; } = [];
    public DateTimeOffset At { get; set; }

    public void Configure(EntityTypeBuilder<AnswerRow> builder)
    {
        builder.ToTable("answer");
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}
