using System.Runtime.CompilerServices;
using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Reconciliation;

/// <summary>A gateway's statements, as a test writes them.</summary>
internal sealed class ScriptedStatement : IStatementSource
{
    private readonly Dictionary<DateOnly, List<StatementRow>> days = [];

    public string Name => "alipay";

    public string TimeZone => "Asia/Shanghai";

    /// <summary>Thrown after the last row, as a file that turns out to be unfit.</summary>
    public StatementException? Unfit { get; set; }

    public int Asked { get; private set; }

    public List<StatementRow> this[DateOnly day] => days.TryGetValue(day, out var rows) ? rows : days[day] = [];

    public DateTimeOffset ReadyAt(DateOnly day) => new DateTimeOffset(day.AddDays(1), new TimeOnly(9, 0), TimeSpan.FromHours(8)).ToUniversalTime();

    public void Add(DateOnly day, StatementKind kind, string? order, long fen, long fee = 0, string? refund = null, string? number = null, DateTimeOffset? at = null) => this[day].Add(new StatementRow(
        this[day].Count + 1, kind, order, refund, number ?? (order is null ? $"N{this[day].Count}" : "T" + order), Money.Cny(fen), Money.Cny(fee), at ?? new DateTimeOffset(day, new TimeOnly(20, 0), TimeSpan.FromHours(8)), kind.ToString()));

    public async IAsyncEnumerable<StatementRow> ReadAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Asked++;
        foreach (var row in this[day].ToList())
        {
            await Task.Yield();
            yield return row;
        }

        if (Unfit is { } unfit)
        {
            throw unfit;
        }
    }
}
