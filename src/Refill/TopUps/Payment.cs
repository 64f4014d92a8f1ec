using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Payments;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

public enum PaymentState
{
    /// <summary>The payer may pay it.</summary>
    Open = 1,

    /// <summary>Paid, and the money is held for (or has been spent on) the top-up.</summary>
    Paid = 2,

    /// <summary>Closed unpaid. If money comes all the same, it is not ignored.</summary>
    Closed = 3,

    /// <summary>All that was paid is reserved for its way back; the gateway has been or will be told.</summary>
    Refunding = 4,

    Refunded = 5,

    /// <summary>The gateway refused the refund, or was paid in a currency that we did not ask for: a person must look.</summary>
    NeedsReview = 6,
}

/// <summary>One order at a gateway for one top-up. A top-up may have several (another way chosen); at most one of them pays for it.</summary>
/// <param name="Amount">What was asked.</param>
/// <param name="PaidAmount">What was paid; null while it is not.</param>
/// <param name="Code">What is shown to be scanned.</param>
/// <param name="StartNumber">What the gateway called the order when it was started (PaymentKey).</param>
/// <param name="GivenBackMinor">What of it was given back by hand, or is reserved for that (<see cref="Refund"/>).</param>
/// <param name="RefundsAsked">How many refunds by hand there have been.</param>
/// <param name="ExpiresAt">Until when the gateway takes money for it.</param>
public sealed record Payment(
    Guid Id,
    long Version,
    Guid TopUpId,
    string Gateway,
    PaymentWay Way,
    PaymentState State,
    Money Amount,
    Money? PaidAmount,
    string? Code,
    string? StartNumber,
    string? GatewayNumber,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? PaidAt,
    DateTimeOffset? RefundRequestedAt,
    DateTimeOffset? RefundedAt,
    long GivenBackMinor = 0,
    short RefundsAsked = 0)
{
    public Cell Cell => CellId.CellOf(Id);

    /// <summary>Our number at the gateway: 32 hexadecimal digits, from which the payment and its cell are found again.</summary>
    public string OrderNumber => Id.ToString("N");

    /// <summary>As its gateway is asked about it.</summary>
    internal PaymentKey Key => new(OrderNumber, Way, Amount, StartNumber, GatewayNumber);

    /// <summary>One refund a payment, always for all of it: the same number on every retry (failure case 21).</summary>
    public string RefundNumber => Refund.NumberOf(Id, 1);

    /// <summary>True while what was paid is reserved for its way back, also when the gateway has refused to send it: a person may have it tried again.</summary>
    public bool IsGoingBack => State == PaymentState.Refunding || (State == PaymentState.NeedsReview && RefundRequestedAt is not null);

    public static bool TryParseOrderNumber(string orderNumber, out Guid id) => Guid.TryParseExact(orderNumber, "N", out id);

    public static readonly VersionedTable Table = new(
        "payment",
        new Column("top_up_id", ColumnType.Uuid),
        new Column("gateway", ColumnType.Text),
        new Column("way", ColumnType.Smallint),
        new Column("state", ColumnType.Smallint),
        new Column("amount_minor", ColumnType.Bigint),
        new Column("currency", ColumnType.Text),
        new Column("paid_minor", ColumnType.Bigint),
        new Column("code", ColumnType.Text),
        new Column("start_number", ColumnType.Text),
        new Column("gateway_number", ColumnType.Text),
        new Column("created_at", ColumnType.Bigint),
        new Column("expires_at", ColumnType.Bigint),
        new Column("paid_at", ColumnType.Bigint),
        new Column("refund_requested_at", ColumnType.Bigint),
        new Column("refunded_at", ColumnType.Bigint),
        new Column("given_back_minor", ColumnType.Bigint),
        new Column("refunds_asked", ColumnType.Smallint));

    /// <summary>The payment that a top-up paid from a wallet is itself; it has the top-up's id, and no row unless something happens to it later. Null: this one was paid otherwise.</summary>
    internal static Payment? OfItself(TopUp topUp) => topUp.WalletId is { } walletId ? OfItself(topUp.Id, walletId, topUp.Charge, topUp.CreatedAt) : null;

    internal static Payment OfItself(Guid topUpId, Guid walletId, Money charge, DateTimeOffset at) => new(
        topUpId, 0, topUpId, WalletGateway.GatewayName, PaymentWay.Direct, PaymentState.Paid, charge, charge, null, null, WalletGateway.NumberOf(walletId, topUpId), at, at, at, null, null);

    internal RowChange Store(long expectedVersion) => new(Table, Cell, Id, expectedVersion,
    [
        TopUpId, Gateway, (short)Way, (short)State, Amount.Minor, Amount.Currency.Code, PaidAmount?.Minor, Code, StartNumber, GatewayNumber,
        CreatedAt.ToUnixTimeMilliseconds(), ExpiresAt.ToUnixTimeMilliseconds(), PaidAt?.ToUnixTimeMilliseconds(),
        RefundRequestedAt?.ToUnixTimeMilliseconds(), RefundedAt?.ToUnixTimeMilliseconds(), GivenBackMinor, RefundsAsked,
    ]);

    internal static Payment Read(PaymentRow row)
    {
        var currency = Currency.Of(row.Currency);
        return new Payment(
            row.Id, row.Version, row.TopUpId, row.Gateway, (PaymentWay)row.Way, (PaymentState)row.State, new Money(row.AmountMinor, currency),
            row.PaidMinor is { } paid ? new Money(paid, currency) : null, row.Code, row.StartNumber, row.GatewayNumber, row.CreatedAt, row.ExpiresAt, row.PaidAt, row.RefundRequestedAt, row.RefundedAt, row.GivenBackMinor, row.RefundsAsked);
    }
}

public sealed class PaymentRow : IEntityTypeConfiguration<PaymentRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public Guid TopUpId { get; set; }
    public string Gateway { get; set; } = "";
    public short Way { get; set; }
    public short State { get; set; }
    public long AmountMinor { get; set; }
    public string Currency { get; set; } = "";
    public long? PaidMinor { get; set; }
    public string? Code { get; set; }
    public string? StartNumber { get; set; }
    public string? GatewayNumber { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
    public DateTimeOffset? PaidAt { get; set; }
    public DateTimeOffset? RefundRequestedAt { get; set; }
    public DateTimeOffset? RefundedAt { get; set; }
    public long GivenBackMinor { get; set; }
    public short RefundsAsked { get; set; }

    public void Configure(EntityTypeBuilder<PaymentRow> builder)
    {
        builder.ToTable("payment");
        builder.HasKey(row => new { row.Cell, row.Id });
        builder.HasIndex(row => new { row.Cell, row.TopUpId });

        // The sweep looks for those that nobody watches; payments that are over are most rows and are left out.
        builder.HasIndex(row => new { row.State, row.CreatedAt }).HasFilter("state IN (1, 4)");

        // What a gateway's statement of a day is held against (Reconciliation).
        builder.HasIndex(row => new { row.Gateway, row.PaidAt }).HasFilter("paid_at IS NOT NULL");
        builder.HasIndex(row => new { row.Gateway, row.RefundedAt }).HasFilter("refunded_at IS NOT NULL");

        // Failure case 2: the provider's own number is taken once. (Both databases let many nulls stand side by side.)
        builder.HasIndex(row => new { row.Cell, row.Gateway, row.GatewayNumber }).IsUnique();
    }
}
