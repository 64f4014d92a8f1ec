using Microsoft.Data.Sqlite;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Control;

/// <summary>The faults that are set. They stand in the books: set before their order exists, counted down over a restart.</summary>
internal sealed class FaultBook(SandboxBooks books)
{
    internal const int MostFaults = 1000;

    private const string Columns = "id, target, point, order_number, number, fault, seconds, times_left";

    /// <summary>The fault with its id; null if there are <see cref="MostFaults"/> already.</summary>
    internal Fault? Set(string target, string point, string? order, string? number, FaultKind kind, int seconds, int times) => books.Enter(entry =>
        entry.Number("SELECT count(*) FROM faults") >= MostFaults
            ? null
            : entry.Rows(
                $"INSERT INTO faults (target, point, order_number, number, fault, seconds, times_left) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {Columns}",
                Read, target, point, order, number, FaultMatrix.Name(kind), seconds, times)[0]);

    internal List<Fault> All() => books.Enter(entry => entry.Rows($"SELECT {Columns} FROM faults ORDER BY id", Read));

    /// <summary>Takes back one fault, or all (null); says how many.</summary>
    internal int Remove(long? id) => books.Enter(entry => entry.Change("DELETE FROM faults WHERE $1 IS NULL OR id = $1", id));

    /// <summary>What is to go wrong now: the oldest fault that fits, counted down by one; null if nothing is.</summary>
    /// <param name="kinds">Only one of these; none given: any.</param>
    internal Fault? Take(string target, string point, string? order, string? number = null, params FaultKind[] kinds) => Take(target, point, fault =>
        (fault.Order is null || fault.Order == order) && (fault.Number is null || fault.Number == number) && (kinds.Length == 0 || kinds.Contains(fault.Kind)));

    /// <summary>The same for a thing that has many names: the fault's order is any of them.</summary>
    internal Fault? TakeOfAny(string target, string point, IReadOnlySet<string> names, params FaultKind[] kinds) => Take(target, point, fault =>
        fault.Number is null && (fault.Order is null || names.Contains(fault.Order)) && (kinds.Length == 0 || kinds.Contains(fault.Kind)));

    private Fault? Take(string target, string point, Predicate<Fault> fits) => books.Enter(entry =>
    {
        var fault = entry.Rows($"SELECT {Columns} FROM faults WHERE target = $1 AND point = $2 ORDER BY id", Read, target, point).Find(fits);
        if (fault is not null)
        {
            entry.Change("UPDATE faults SET times_left = times_left - 1 WHERE id = $1", fault.Id);
            entry.Change("DELETE FROM faults WHERE times_left <= 0");
        }

        return fault;
    });

    private static Fault Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.TextOrNull(3), row.TextOrNull(4), FaultMatrix.Parse(row.GetString(5)), row.GetInt32(6), row.GetInt32(7));
}
