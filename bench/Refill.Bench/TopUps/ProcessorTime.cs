using System.Globalization;

namespace Refill.Bench.TopUps;

/// <summary>Processor time of those that share the machine, in seconds (or, per order, in microseconds).</summary>
internal readonly record struct ProcessorTime(double Servers, double Database, double Load)
{
    /// <summary>USER_HZ of Linux on every architecture that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    public double Total => Servers + Database + Load;

    public static ProcessorTime operator -(ProcessorTime one, ProcessorTime other) => new(one.Servers - other.Servers, one.Database - other.Database, one.Load - other.Load);

    public static ProcessorTime operator *(ProcessorTime one, double factor) => new(one.Servers * factor, one.Database * factor, one.Load * factor);

    /// <summary>What is used between these two moments from now.</summary>
    public static async Task<ProcessorTime> WatchAsync(LoadPlan plan, TimeSpan from, TimeSpan until)
    {
        await Task.Delay(from);
        var before = Now(plan.Servers, plan.Database);
        await Task.Delay(until - from);
        return Now(plan.Servers, plan.Database) - before;
    }

    /// <param name="servers">Their process ids.</param>
    /// <param name="database">The name of PostgreSQL's database, whose processes are counted; empty: none.</param>
    public static ProcessorTime Now(IReadOnlyList<int> servers, string database) => new(
        servers.Sum(Of),
        database.Length == 0 ? 0 : Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
            .Where(id => id > 0 && CommandOf(id) is var command && command.StartsWith("postgres:", StringComparison.Ordinal) && command.Contains(database, StringComparison.Ordinal)).Sum(Of),
        Environment.CpuUsage.TotalTime.TotalSeconds);

    private static string CommandOf(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return ""; // It has ended.
        }
    }

    /// <summary>proc(5): the 14th and the 15th field of stat, counted behind the name in parentheses.</summary>
    public static double Of(int id)
    {
        try
        {
            var fields = File.ReadAllText($"/proc/{id}/stat") is var stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ') : [];
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
