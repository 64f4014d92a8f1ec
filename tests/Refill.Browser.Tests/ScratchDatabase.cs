using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Browser.Tests;

/// <summary>A database of one test's own, on either engine, gone at its end.</summary>
public sealed class ScratchDatabase : IAsyncDisposable
{
    private ScratchDatabase(DatabaseOptions options) => Options = options;

    public DatabaseOptions Options { get; }

    /// <summary>As the server's setting --database wants it.</summary>
    public string Setting => Options.Kind == DatabaseKind.Sqlite ? "sqlite:" + SqliteFile : "postgres:" + Options.ConnectionString;

    /// <summary>The SQLite file; tests look into it for what must not be there.</summary>
    public string SqliteFile { get; private init; } = "";

    public static async Task<ScratchDatabase> CreateAsync(DatabaseKind kind, string folder)
    {
        if (kind == DatabaseKind.Sqlite)
        {
            var file = Path.Combine(folder, "refill.db");
            return new ScratchDatabase(new DatabaseOptions(kind, $"Data Source={file}")) { SqliteFile = file };
        }

        var connection = await ScratchPostgres.CreateAsync(isEmpty: true); // A real server's first start makes the schema.
        return new ScratchDatabase(new DatabaseOptions(kind, connection));
    }

    /// <summary>What it holds is kept to be searched: <see cref="SuiteSecrecyTests"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (Options.Kind == DatabaseKind.Postgres || File.Exists(SqliteFile))
            {
                await Remains.KeepAsync(Options);
            }
        }
        finally
        {
            if (Options.Kind == DatabaseKind.Postgres)
            {
                await ScratchPostgres.ReleaseAsync(Options.ConnectionString);
            }
        }
    }
}
