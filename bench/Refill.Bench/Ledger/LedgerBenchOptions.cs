using System.Globalization;

namespace Refill.Bench.Ledger;

/// <summary>What `ledger` was asked to measure.</summary>
/// <param name="Seconds">How long each row is measured.</param>
/// <param name="Postgres">The connection string of a server on which a database may be created, or null.</param>
internal sealed record LedgerBenchOptions(int Seconds, IReadOnlyList<int> Callers, bool Sqlite, string? Postgres, string? WhyNoPostgres)
{
    public const string PostgresVariable = "REFILL_TEST_POSTGRES";
    public const int MaxSeconds = 3600;
    public const int MaxCallers = 4096;

    public const string Usage = """
        dotnet run -c Release --project bench/Refill.Bench -- ledger [--seconds N] [--callers N,N,...] [--sqlite | --postgres CONNECTION]

          --seconds N            how long each row is measured, 1 to 3600 (5)
          --callers N,N,...      how many callers wait at once, a row each, 1 to 4096 (1,32,512)
          --sqlite               SQLite only
          --postgres CONNECTION  PostgreSQL only, on this server: a database is made there and dropped at the end
          (neither)              both; the server of PostgreSQL is that of REFILL_TEST_POSTGRES
        """;

    /// <summary>Null and a reason if the arguments cannot be understood.</summary>
    public static (LedgerBenchOptions? Options, string? Wrong) Parse(IReadOnlyList<string> arguments, string? serverOfEnvironment)
    {
        var options = new LedgerBenchOptions(5, [1, 32, 512], Sqlite: true, serverOfEnvironment, string.IsNullOrEmpty(serverOfEnvironment) ? $"{PostgresVariable} is not set and --postgres was not given" : null);
        for (var index = 0; index < arguments.Count; index++)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : null;
            switch (arguments[index])
            {
                case "--seconds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= MaxSeconds:
                    options = options with { Seconds = seconds };
                    index++;
                    break;
                case "--callers" when value is not null && Numbers(value) is { Count: > 0 } callers:
                    options = options with { Callers = callers };
                    index++;
                    break;
                case "--sqlite":
                    options = options with { Postgres = null, WhyNoPostgres = "--sqlite asks for SQLite only" };
                    break;
                case "--postgres" when !string.IsNullOrEmpty(value):
                    options = options with { Postgres = value, WhyNoPostgres = null, Sqlite = false };
                    index++;
                    break;
                default:
                    return (null, $"'{arguments[index]}' {(value is null ? "" : $"'{value}' ")}is not understood");
            }
        }

        return (options with { Postgres = string.IsNullOrEmpty(options.Postgres) ? null : options.Postgres }, null);
    }

    private static List<int> Numbers(string list)
    {
        var numbers = list.Split(',').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MaxCallers ? number : 0).ToList();
        return numbers.Contains(0) ? [] : numbers;
    }
}
