using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

public enum RefundState
{
    /// <summary>Reserved in the ledger; the gateway has been or will be told.</summary>
    Requested = 1,

    /// <summary>The gateway confirmed that the money has gone back.</summary>
    Done = 2,

    /// <summary>The gateway refused it: a person tries again, or takes it back.</summary>
    NeedsReview = 3,

    /// <summary>A person has taken it back after the gateway refused it: the money is earned again.</summary>
    Withdrawn = 4,
}

/// <summary>
/// Money that a person of the seller's gives back of a top-up that was delivered: all or a part of what was paid, as often as something is left. (What was never delivered goes back by itself, whole, and has no row here:
/// <see cref="PaymentState.Refunding"/>.)
/// </summary>
/// <param name="Ordinal">Of the payment's refunds, from 2 on; R1 is the one that goes by itself.</param>
/// <param name="Reason">For whoever reads the books, 1 to 200 characters; the gateway may show it to the payer.</param>
public sealed record Refund(
    Guid Id, long Version, Guid PaymentId, Guid TopUpId, short Ordinal, Money Amount, RefundState State, string Reason, string AskedBy, DateTimeOffset RequestedAt, DateTimeOffset? DoneAt)
{
    public const int MaxReason = 200;

    /// <summary>WeChat Pay takes fifty refunds of one payment (failure case 22).</summary>
    public const int MostOfOnePayment = 50;

    public static readonly VersionedTable Table = new(
        "refund",
        new Column("payment_id", ColumnType.Uuid),
        new Column("top_up_id", ColumnType.Uuid),
        new Column("ordinal", ColumnType.Smallint),
        new Column("amount_minor", ColumnType.Bigint),
        new Column("currency", ColumnType.Text),
        new Column("state", ColumnType.Smallint),
        new Column("reason", ColumnType.Text),
        new Column("asked_by", ColumnType.Text),
        new Column("requested_at", ColumnType.Bigint),
        new Column("done_at", ColumnType.Bigint));

    /// <summary>Our number at the gateway: the same on every try (failure case 21).</summary>
    public string Number => NumberOf(PaymentId, Ordinal);

    internal static string NumberOf(Guid paymentId, int ordinal) => $"{paymentId:N}R{ordinal}";

    internal RowChange Store(long expectedVersion) => new(Table, CellId.CellOf(Id), Id, expectedVersion,
        [PaymentId, TopUpId, Ordinal, Amount.Minor, Amount.Currency.Code, (short)State, Reason, AskedBy, RequestedAt.ToUnixTimeMilliseconds(), DoneAt?.ToUnixTimeMilliseconds()]);

    internal static Refund Read(RefundRow row) => new(
        row.Id, row.Version, row.PaymentId, row.TopUpId, row.Ordinal, new Money(row.AmountMinor, Currency.Of(row.Currency)), (RefundState)row.State, row.Reason, row.AskedBy, row.RequestedAt, row.DoneAt);
}

public sealed class RefundRow : IEntityTypeConfiguration<RefundRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public Guid PaymentId { get; set; }
    public Guid TopUpId { get; set; }
    public short Ordinal { get; set; }
    public long AmountMinor { get; set; }
    public string Currency { get; set; } = "";
    public short State { get; set; }
    public string Reason { get; set; } = "";
    public string AskedBy { get; set; } = "";
    public DateTimeOffset RequestedAt { get; set; }
    public DateTimeOffset? DoneAt { get; set; }

    public void Configure(EntityTypeBuilder<RefundRow> builder)
    {
        builder.ToTable("refund");
        builder.HasKey(row => new { row.Cell, row.Id });
        builder.HasIndex(row => new { row.Cell, row.TopUpId });

        // One number is given once, whoever else asks at the same moment.
        builder.HasIndex(row => new { row.Cell, row.PaymentId, row.Ordinal }).IsUnique();
        builder.HasIndex(row => new { row.State, row.RequestedAt }).HasFilter("state = 1");
        builder.HasIndex(row => row.DoneAt).HasFilter("done_at IS NOT NULL");
    }
}
