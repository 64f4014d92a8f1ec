using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Reconciliation;

public enum ReconciliationState
{
    /// <summary>Being done, or its doer has died: its lease says which.</summary>
    Running = 1,
    Done = 2,

    /// <summary>The statement could not be had or read. It is tried again; a person sees why.</summary>
    Failed = 3,
}

/// <summary>One gateway's day, as its statement was last held against our books.</summary>
public sealed class ReconciliationRow : IEntityTypeConfiguration<ReconciliationRow>
{
    public Guid Id { get; set; }
    public string Gateway { get; set; } = "";

    /// <summary>yyyy-MM-dd, in the gateway's own time zone.</summary>
    public string Day { get; set; } = "";
    public short State { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset? DoneAt { get; set; }
    public long LeaseUntil { get; set; }
    public string? LeaseOwner { get; set; }

    /// <summary>Rows of the statement.</summary>
    public int Rows { get; set; }
    public int Matched { get; set; }
    public int OnlyTheirs { get; set; }
    public int OnlyOurs { get; set; }
    public int AmountDiffers { get; set; }
    public int Others { get; set; }
    public string? Currency { get; set; }

    /// <summary>What they took for us, gave back, keep, and paid out that day, in minor units, each positive.</summary>
    public long PaymentsMinor { get; set; }
    public long RefundsMinor { get; set; }
    public long FeesMinor { get; set; }
    public long SettledMinor { get; set; }

    /// <summary>Why it failed; nothing secret.</summary>
    public string? Trouble { get; set; }

    public void Configure(EntityTypeBuilder<ReconciliationRow> builder)
    {
        builder.ToTable("reconciliation");
        builder.HasKey(row => row.Id);
        builder.HasIndex(row => new { row.Gateway, row.Day }).IsUnique();
    }
}

public enum DiscrepancyKind
{
    /// <summary>In their statement, and not (or not as paid) in our books.</summary>
    OnlyTheirs = 1,

    /// <summary>In our books as paid or refunded that day, and not in their statement.</summary>
    OnlyOurs = 2,

    /// <summary>In both, with different amounts.</summary>
    AmountDiffers = 3,

    /// <summary>A row whose meaning is not known: an adjustment, a dispute, another currency.</summary>
    Unexplained = 4,
}

public enum DiscrepancyState
{
    Open = 1,

    /// <summary>It has come right by itself: a later statement, or the payment was booked and is completed or goes back.</summary>
    Settled = 2,

    /// <summary>A person has looked and written down why it is in order.</summary>
    Closed = 3,
}

/// <summary>Something that differs, until it is settled or a person has closed it. One row for one difference, however often the day is reconciled.</summary>
public sealed class DiscrepancyRow : IEntityTypeConfiguration<DiscrepancyRow>
{
    public Guid Id { get; set; }
    public string Gateway { get; set; } = "";

    /// <summary>Of the statement in which it was found last.</summary>
    public string Day { get; set; } = "";
    public short Kind { get; set; }

    /// <summary>What it is about: "payment …" or "refund …" with our number, or theirs where they do not name ours.</summary>
    public string Subject { get; set; } = "";
    public Guid? PaymentId { get; set; }
    public string? GatewayNumber { get; set; }
    public long? OursMinor { get; set; }
    public long? TheirsMinor { get; set; }
    public string? Currency { get; set; }
    public DateTimeOffset At { get; set; }
    public string Text { get; set; } = "";
    public short State { get; set; }
    public DateTimeOffset FoundAt { get; set; }
    public DateTimeOffset? ClosedAt { get; set; }

    /// <summary>What settled it, or what the person who closed it wrote.</summary>
    public string? Note { get; set; }
    public string? ClosedBy { get; set; }

    public void Configure(EntityTypeBuilder<DiscrepancyRow> builder)
    {
        builder.ToTable("discrepancy");
        builder.HasKey(row => row.Id);
        builder.HasIndex(row => new { row.Gateway, row.Subject, row.Kind }).IsUnique();
        builder.HasIndex(row => new { row.State, row.FoundAt });
    }
}
