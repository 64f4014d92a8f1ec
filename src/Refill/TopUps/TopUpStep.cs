using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>Which state may follow which. The only place that says so: steps are held against it before they are committed, and `refill verify` afterwards.</summary>
public static class Transitions
{
    private static readonly Dictionary<TopUpState, TopUpState[]> Next = new()
    {
        [TopUpState.Quoted] = [TopUpState.AwaitingPayment, TopUpState.Expired, TopUpState.Cancelled],
        [TopUpState.AwaitingPayment] = [TopUpState.Paid, TopUpState.Expired, TopUpState.Cancelled, TopUpState.Refunding, TopUpState.NeedsReview],
        [TopUpState.Paid] = [TopUpState.Fulfilling, TopUpState.Refunding, TopUpState.NeedsReview],
        [TopUpState.Fulfilling] = [TopUpState.Completed, TopUpState.Refunding, TopUpState.NeedsReview],
        [TopUpState.Completed] = [],
        [TopUpState.Expired] = [TopUpState.Paid, TopUpState.Refunding, TopUpState.NeedsReview],
        [TopUpState.Cancelled] = [TopUpState.Refunding, TopUpState.NeedsReview],
        [TopUpState.Refunding] = [TopUpState.Refunded, TopUpState.NeedsReview],
        [TopUpState.Refunded] = [],
        [TopUpState.NeedsReview] = [TopUpState.Completed, TopUpState.Refunding, TopUpState.Refunded],
    };

    /// <summary>Nothing more happens by itself to a top-up in one of these.</summary>
    public static readonly ImmutableArray<TopUpState> Final = [TopUpState.Completed, TopUpState.Expired, TopUpState.Cancelled, TopUpState.Refunded];

    /// <summary>The same of a payment: paid and earned, never paid, or gone back.</summary>
    public static readonly ImmutableArray<PaymentState> FinalForPayments = [PaymentState.Paid, PaymentState.Closed, PaymentState.Refunded];

    /// <summary>True for a legal change, and for none (a step may change payments only). 0 as <paramref name="from"/> is the beginning: a quote, or an order that a wallet has paid.</summary>
    public static bool Allow(TopUpState from, TopUpState to) =>
        from == to || (from == 0 ? to is TopUpState.Quoted or TopUpState.Paid or TopUpState.Completed : Next[from].Contains(to));
}

/// <summary>One line of a top-up's history, written with the step itself: what the timeline shows and `refill verify` replays.</summary>
public sealed class TopUpStepRow : IEntityTypeConfiguration<TopUpStepRow>
{
    public static readonly VersionedTable Table = new(
        "top_up_step",
        new Column("top_up_id", ColumnType.Uuid),
        new Column("top_up_version", ColumnType.Bigint),
        new Column("from_state", ColumnType.Smallint),
        new Column("to_state", ColumnType.Smallint),
        new Column("name", ColumnType.Text),
        new Column("at", ColumnType.Bigint));

    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public Guid TopUpId { get; set; }
    public long TopUpVersion { get; set; }
    public short FromState { get; set; }
    public short ToState { get; set; }
    public string Name { get; set; } = "";
    public DateTimeOffset At { get; set; }

    public void Configure(EntityTypeBuilder<TopUpStepRow> builder)
    {
        builder.ToTable("top_up_step");
        builder.HasKey(row => new { row.Cell, row.Id });
        builder.HasIndex(row => new { row.Cell, row.TopUpId, row.TopUpVersion }).IsUnique();
    }

    internal static RowChange Insert(Cell cell, Guid id, Guid topUpId, long topUpVersion, TopUpState from, TopUpState to, string name, DateTimeOffset at) =>
        RowChange.Insert(Table, cell, id, topUpId, topUpVersion, (short)from, (short)to, name, at.ToUnixTimeMilliseconds());
}
