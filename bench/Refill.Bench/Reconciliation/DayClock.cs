namespace Refill.Bench.Reconciliation;

/// <summary>Shows what it is set to: a day that is past is lived through again in a minute.</summary>
internal sealed class DayClock : TimeProvider
{
    public DateTimeOffset Now { get; set; }

    public override DateTimeOffset GetUtcNow() => Now;
}
