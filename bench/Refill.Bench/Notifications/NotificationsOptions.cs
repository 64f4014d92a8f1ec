using System.Globalization;
using Refill.Bench.Ledger;

namespace Refill.Bench.Notifications;

/// <summary>What `notifications` was asked to measure.</summary>
/// <param name="Postgres">The connection string of a server on which a database may be created; null: not measured.</param>
/// <param name="Restart">The database is taken away and comes back meanwhile.</param>
internal sealed record NotificationsOptions(double PerSecond, double Seconds, double WarmUpSeconds, int Duplicates, bool Sqlite, string? Postgres, bool Restart)
{
    public const string Usage = """
        bench/run notifications [--per-second N] [--seconds N] [--warm-up N] [--duplicates N] [--sqlite | --postgres [CONNECTION]] [--restart]

          --per-second N         notifications a second, 1 to 2000 (200); open loop: each is due at its time, however late the one before was answered
          --seconds N            how long, 2 to 600 (30)
          --warm-up N            before that, 0 to 120 (40): the just-in-time compiler is busy for that long
          --duplicates N         of one notification, sent at the end by 32 callers at once, 0 to 1000000 (10000)
          --sqlite               SQLite only
          --postgres CONNECTION  PostgreSQL only; without CONNECTION bench/run starts a server of its own
          --restart              PostgreSQL only, and its own: after a third of the time it is stopped as by a crash, and comes back after 3 s; what was not taken is repeated
        """;

    public static NotificationsOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new NotificationsOptions(200, 30, 40, 10_000, true, Environment.GetEnvironmentVariable(LedgerBenchOptions.PostgresVariable), false);
        for (var index = 0; index < arguments.Count; index++)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : "";
            var number = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : -1;
            switch (arguments[index])
            {
                case "--per-second" when number is >= 1 and <= 2000:
                    options = options with { PerSecond = number };
                    break;
                case "--seconds" when number is >= 2 and <= 600:
                    options = options with { Seconds = number };
                    break;
                case "--warm-up" when number is >= 0 and <= 120:
                    options = options with { WarmUpSeconds = number };
                    break;
                case "--duplicates" when number is >= 0 and <= 1_000_000:
                    options = options with { Duplicates = number };
                    break;
                case "--sqlite":
                    options = options with { Postgres = null };
                    continue;
                case "--restart":
                    options = options with { Sqlite = false, Restart = true };
                    continue;
                case "--postgres" when (value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal)) && options.Postgres is not null:
                    options = options with { Sqlite = false };
                    continue;
                case "--postgres" when value.Length > 0:
                    options = options with { Sqlite = false, Postgres = value };
                    break;
                default:
                    return null;
            }

            index++;
        }

        return options is { Restart: true, Postgres: null } ? null : options;
    }
}
