using System.Globalization;
using Refill.Bench.Ledger;

namespace Refill.Bench.Reconciliation;

/// <summary>What `reconcile` was asked to measure.</summary>
/// <param name="Rows">Of the bill of trades.</param>
/// <param name="Postgres">The connection string of a server on which a database may be created; null: not measured.</param>
internal sealed record ReconcileOptions(int Rows, bool Sqlite, string? Postgres)
{
    public const string Usage = """
        bench/run reconcile [--rows N] [--sqlite | --postgres [CONNECTION]]

          --rows N               rows of the day's bill of trades, 1000 to 3000000 (1000000); its bill of the account has twice as many
          --sqlite               SQLite only
          --postgres CONNECTION  PostgreSQL only; without CONNECTION bench/run starts a server of its own
        """;

    public static ReconcileOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new ReconcileOptions(1_000_000, true, Environment.GetEnvironmentVariable(LedgerBenchOptions.PostgresVariable));
        for (var index = 0; index < arguments.Count; index++)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : "";
            switch (arguments[index])
            {
                case "--rows" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rows) && rows is >= 1_000 and <= 3_000_000:
                    options = options with { Rows = rows };
                    break;
                case "--sqlite":
                    options = options with { Postgres = null };
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

        return options;
    }
}
