using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Storage;
using Refill.Units;

namespace Refill.Work;

public enum WorkState
{
    Pending = 1,

    /// <summary>Given up by the machine: a person must look (`refill work`).</summary>
    Dead = 2,
}

/// <summary>
/// One row of the outbox: something to be done about a subject when it is due. It is written in the same commit as the step that makes it
/// necessary, and deleted in the same commit as the step that does it. Whoever claims it holds a lease; the row's version is the fence.
/// </summary>
/// <param name="Kind">Which handler does it.</param>
/// <param name="Attempts">Claims since a handler last gave it back in order, this one included: looking for hours at what takes hours is no failure.</param>
/// <param name="LastError">Why the last attempt was not the last; no personal data.</param>
public sealed record WorkItem(Cell Cell, Guid Id, long Version, string Kind, Guid Subject, DateTimeOffset DueAt, int Attempts, WorkState State, string? LastError, DateTimeOffset CreatedAt)
{
    /// <summary>The longest error text that is kept, in characters.</summary>
    public const int MaxErrorLength = 300;

    public static readonly VersionedTable Table = new(
        "work",
        new Column("kind", ColumnType.Text),
        new Column("subject", ColumnType.Uuid),
        new Column("due_at", ColumnType.Bigint),
        new Column("attempts", ColumnType.Bigint),
        new Column("state", ColumnType.Smallint),
        new Column("lease_until", ColumnType.Bigint),
        new Column("lease_owner", ColumnType.Text),
        new Column("last_error", ColumnType.Text),
        new Column("created_at", ColumnType.Bigint));

    /// <summary>A row change that puts new work into the outbox.</summary>
    public static RowChange Schedule(Cell cell, string kind, Guid subject, DateTimeOffset dueAt, TimeProvider time) =>
        RowChange.Insert(Table, cell, CellId.New(cell, time),
            kind, subject, dueAt.ToUnixTimeMilliseconds(), 0L, (short)WorkState.Pending, 0L, null, null, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>A row change that takes this work out of the outbox, if it is still ours.</summary>
    public RowChange Finish() => RowChange.Delete(Table, Cell, Id, Version);

    /// <summary>A row change that gives it back after an attempt that failed.</summary>
    public RowChange Again(DateTimeOffset dueAt, string? reason = null) => Change(dueAt, WorkState.Pending, Attempts, reason);

    /// <summary>A row change that gives it back in order: there was only nothing to be done yet. Its attempts are counted anew.</summary>
    public RowChange Later(DateTimeOffset dueAt, string? reason = null) => Change(dueAt, WorkState.Pending, 0, reason);

    /// <summary>A row change that lays it before a person.</summary>
    public RowChange Bury(string reason) => Change(DueAt, WorkState.Dead, Attempts, reason);

    private RowChange Change(DateTimeOffset dueAt, WorkState state, long attempts, string? reason) => RowChange.Update(Table, Cell, Id, Version,
        Kind, Subject, dueAt.ToUnixTimeMilliseconds(), attempts, (short)state, 0L, null,
        reason is { Length: > MaxErrorLength } ? reason[..MaxErrorLength] : reason, CreatedAt.ToUnixTimeMilliseconds());
}

public sealed class WorkRow : IEntityTypeConfiguration<WorkRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public string Kind { get; set; } = "";
    public Guid Subject { get; set; }
    public DateTimeOffset DueAt { get; set; }
    public long Attempts { get; set; }
    public short State { get; set; }
    public DateTimeOffset LeaseUntil { get; set; }
    public string? LeaseOwner { get; set; }
    public string? LastError { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    public void Configure(EntityTypeBuilder<WorkRow> builder)
    {
        builder.ToTable("work");
        builder.HasKey(row => new { row.Cell, row.Id });
        builder.HasIndex(row => new { row.State, row.DueAt });
        builder.HasIndex(row => new { row.Cell, row.Subject });
    }

    public WorkItem ToItem() => new(new Cell((byte)Cell), Id, Version, Kind, Subject, DueAt, (int)Attempts, (WorkState)State, LastError, CreatedAt);
}
