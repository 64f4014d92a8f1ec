using System.Globalization;
using Refill.Bench.Ledger;

namespace Refill.Bench.TopUps;

/// <summary>What `topups` was asked to measure.</summary>
/// <param name="Postgres">The connection string of a server on which a database may be created; null: not measured.</param>
/// <param name="Callers">Null: 512 on PostgreSQL, 256 on SQLite.</param>
/// <param name="Rows">What is measured besides the main row.</param>
/// <param name="Filled">Cards more (and five postings for each) for one more row, in which any of them may be topped up; 0: that row is left out.</param>
internal sealed record TopUpsOptions(bool Sqlite, string? Postgres, double Seconds, double WarmUpSeconds, int? Callers, int Cards, bool Hot, IReadOnlySet<string> Rows, int Filled)
{
    public const string Usage = """
        bench/run topups [--sqlite | --postgres [CONNECTION]] [--seconds N] [--warm-up N] [--callers N] [--cards N] [--hot] [--quick | --rows A,B,…] [--filled N]

          --sqlite               SQLite only (256 callers)
          --postgres CONNECTION  PostgreSQL only (512 callers); without CONNECTION bench/run starts a server of its own
          --seconds N            how long each row is measured, 2 to 3600 (10); 600 shows whether memory grows
          --warm-up N            before each row, 1 to 120 (40): the just-in-time compiler takes that long under load
          --callers N            how many callers wait at once, 1 to 2048
          --cards N              cards that are topped up, 2048 to 1000000 (20000)
          --hot                  one wallet pays for everything in every row, instead of 256
          --quick                the main row and what it is held against, without the others
          --rows A,B,…           the main row and these: single, kestrel, pgbench, one, half, hot, two; none: the main row alone
          --filled N             once more with N cards more and 5 N postings in the database, all of them topped up at random, 1000 to 10000000
        """;

    private static readonly IReadOnlySet<string> Quick = new HashSet<string> { "single", "kestrel", "pgbench" };
    private static readonly IReadOnlySet<string> AllRows = new HashSet<string> { "single", "kestrel", "pgbench", "one", "half", "hot", "two" };

    public static TopUpsOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new TopUpsOptions(true, Environment.GetEnvironmentVariable(LedgerBenchOptions.PostgresVariable), 10, 40, null, 20_000, false, AllRows, 0);
        for (var index = 0; index < arguments.Count; index++)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : "";
            var number = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
            switch (arguments[index])
            {
                case "--sqlite":
                    options = options with { Postgres = null };
                    continue;
                case "--hot":
                    options = options with { Hot = true };
                    continue;
                case "--quick":
                    options = options with { Rows = Quick };
                    continue;
                case "--rows" when value == "none":
                    options = options with { Rows = new HashSet<string>() };
                    break;
                case "--rows" when value.Split(',').ToHashSet() is var rows && rows.IsSubsetOf(AllRows):
                    options = options with { Rows = rows };
                    break;
                case "--postgres" when (value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal)) && options.Postgres is not null:
                    options = options with { Sqlite = false };
                    continue;
                case "--postgres" when value.Length > 0:
                    options = options with { Sqlite = false, Postgres = value };
                    break;
                case "--seconds" when number is >= 2 and <= 3600:
                    options = options with { Seconds = number };
                    break;
                case "--warm-up" when number is >= 1 and <= 120:
                    options = options with { WarmUpSeconds = number };
                    break;
                case "--callers" when number is >= 1 and <= 2048:
                    options = options with { Callers = number };
                    break;
                case "--cards" when number is >= 2048 and <= 1_000_000:
                    options = options with { Cards = number };
                    break;
                case "--filled" when number is >= 1_000 and <= 10_000_000:
                    options = options with { Filled = number };
                    break;
                default:
                    return null;
            }

            index++;
        }

        return options;
    }
}
