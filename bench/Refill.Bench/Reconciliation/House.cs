using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Refill.Bench.Ledger;
using Refill.Server;
using Refill.Storage;

namespace Refill.Bench.Reconciliation;

/// <summary>An installation of the demo on a database of the bench: a folder with its keys, the settings that its server and commands are given, and the parts of the program themselves.</summary>
internal sealed class House : IAsyncDisposable
{
    private readonly ServiceProvider services;

    /// <param name="outside">Where gateways are asked: the port of whoever plays them, or one on which nobody listens.</param>
    public House(BenchDatabase database, int outside)
    {
        Folder = Directory.CreateTempSubdirectory("refill-payments-").FullName;
        Given = new Dictionary<string, string>
        {
            ["data"] = Folder,
            ["database"] = database.Database.SqliteFile is { } file ? $"sqlite:{file}" : $"postgres:{database.Database.Options.ConnectionString}",
            ["sandbox"] = "running",
            ["sandbox-url"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{outside}"),
            ["public-url"] = "http://127.0.0.1:9",
            ["log-level"] = "warning",
        };
        Settings = Settings.Read(Given, new Dictionary<string, string>(), null);
        services = new ServiceCollection().AddLogging().AddGround(Settings).AddJourneys(Settings).BuildServiceProvider();
    }

    public string Folder { get; }

    public Dictionary<string, string> Given { get; }

    /// <summary>As the command line has them.</summary>
    public IReadOnlyList<string> Arguments => [.. Given.SelectMany(given => new[] { "--" + given.Key, given.Value })];

    public DemoSecrets Secrets => DemoSecrets.LoadOrCreate(Folder);

    private Settings Settings { get; }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Schema, keys, the demo's catalogue and its rate, as when the server starts.</summary>
    public Task PrepareAsync() => Composition.PrepareAsync(services, Settings, CancellationToken.None);

    public static async Task<long> CountAsync(Database database, string sql)
    {
        NpgsqlConnection.ClearAllPools(); // A database that was restarted meanwhile has closed what stands in them.
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        (command.CommandTimeout, command.CommandText) = (0, sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Its parts end; folder and database stay until it is disposed of.</summary>
    public ValueTask CloseAsync() => services.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
