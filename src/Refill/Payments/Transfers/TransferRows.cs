using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Payments.Transfers;

/// <summary>Money that a bank says has arrived; once, however often its statement is imported. Nothing of who paid is kept: the bank's own number leads there.</summary>
public sealed class BankCreditRow : IEntityTypeConfiguration<BankCreditRow>
{
    public Guid Id { get; set; }

    /// <summary>Ours (TransferOptions.Number).</summary>
    public string Account { get; set; } = "";

    /// <summary>The bank's, unique within the account.</summary>
    public string EntryId { get; set; } = "";
    public long AmountMinor { get; set; }
    public string Currency { get; set; } = "";

    /// <summary>yyyy-MM-dd.</summary>
    public string ValueDate { get; set; } = "";

    /// <summary>What it pays for. Null: nothing is known, or another credit came first.</summary>
    public Guid? PaymentId { get; set; }
    public DateTimeOffset ImportedAt { get; set; }

    public void Configure(EntityTypeBuilder<BankCreditRow> builder)
    {
        builder.ToTable("bank_credit");
        builder.HasKey(row => row.Id);
        builder.HasIndex(row => new { row.Account, row.EntryId }).IsUnique();

        // The first counts: two imports at once cannot both be it.
        builder.HasIndex(row => row.PaymentId).IsUnique().HasFilter("payment_id IS NOT NULL");
    }
}

/// <summary>A refund that a person has transferred back, and said so.</summary>
public sealed class BankRefundRow : IEntityTypeConfiguration<BankRefundRow>
{
    public string RefundNumber { get; set; } = "";
    public DateTimeOffset ConfirmedAt { get; set; }
    public string ConfirmedBy { get; set; } = "";

    public void Configure(EntityTypeBuilder<BankRefundRow> builder)
    {
        builder.ToTable("bank_refund");
        builder.HasKey(row => row.RefundNumber);
    }
}
