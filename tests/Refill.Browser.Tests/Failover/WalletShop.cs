using Npgsql;
using Refill.Cards;
using Refill.Carriers.Own;
using Refill.Customers;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Browser.Tests.Failover;

/// <summary>The real server before a cluster, with a funded wallet, an API key and cards of our own network.</summary>
internal sealed class WalletShop : IAsyncDisposable
{
    private const string Carrier = "refill-mobile";

    /// <summary>What a million orders cost, in credits of the most that is allowed at once.</summary>
    private const int Credits = 5;

    private readonly string folder;
    private readonly string connection;
    private RunningServer? server;
    private string earlierLog = "";

    private WalletShop(string folder, string connection) => (this.folder, this.connection) = (folder, connection);

    public Uri Url { get; } = new($"http://127.0.0.1:{Loopback.FreePort()}/");

    public string ApiKey { get; private set; } = "";

    public IReadOnlyList<string> Cards { get; private set; } = [];

    public string Log => earlierLog + server?.Output;

    /// <summary>As docs/operating.md says to connect.</summary>
    private static string Connection(int port) =>
        $"Host=127.0.0.1;Port={port};Database=refill;Username=refill;Password=change-me-3;Timeout=5;Command Timeout=10";

    public static async Task<WalletShop> OpenAsync(PatroniCluster cluster, int cards, CancellationToken cancellation)
    {
        await using (var administration = new NpgsqlConnection($"Host=127.0.0.1;Port={cluster.Port};Username={PatroniCluster.Superuser};Password={PatroniCluster.Password};Pooling=false"))
        {
            await administration.OpenAsync(cancellation);
            foreach (var sql in new[] { "CREATE ROLE refill LOGIN PASSWORD 'change-me-3'", "CREATE DATABASE refill OWNER refill" })
            {
                await using var command = new NpgsqlCommand(sql, administration);
                await command.ExecuteNonQueryAsync(cancellation);
            }
        }

        var shop = new WalletShop(Directory.CreateTempSubdirectory("refill-shop-").FullName, Connection(cluster.Port));
        try
        {
            await shop.RestartServerAsync(cancellation);
            await shop.StockAsync(cards, cancellation);
            return shop;
        }
        catch
        {
            await shop.DisposeAsync();
            throw;
        }
    }

    public async Task RestartServerAsync(CancellationToken cancellation)
    {
        await StopServerAsync();
        var url = Url.AbsoluteUri.TrimEnd('/');
        server = await RunningServer.StartAsync(
            Url,
            ["--urls", url, "--public-url", url, "--data", folder, "--database", $"postgres:{connection}", "--sandbox", "running", "--sandbox-url", "http://127.0.0.1:9", "--log-level", "warning", "--node", "failover"],
            new Dictionary<string, string>(),
            cancellation);
    }

    /// <summary>The ids of all top-ups that are completed, as the API writes them.</summary>
    public async Task<HashSet<string>> CompletedAsync(CancellationToken cancellation)
    {
        // Not one that lay in the pool since before a failover.
        await using var database = new NpgsqlConnection(connection + ";Pooling=false");
        await database.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand($"SELECT id FROM top_up WHERE state = {(int)TopUpState.Completed}", database);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            Assert.True(ids.Add(CellId.ToText(reader.GetGuid(0))));
        }

        return ids;
    }

    public Task<Ended> VerifyAsync(CancellationToken cancellation) => RunningServer.RunAsync(["verify", "--database", $"postgres:{connection}", "--data", folder], cancellation);

    public async ValueTask DisposeAsync()
    {
        await StopServerAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StopServerAsync()
    {
        if (server is not null)
        {
            await server.KillAsync();
            earlierLog += server.Output;
            await server.DisposeAsync();
            server = null;
        }
    }

    private async Task StockAsync(int cards, CancellationToken cancellation)
    {
        var (database, time) = (new Database(new DatabaseOptions(DatabaseKind.Postgres, connection)), TimeProvider.System);
        await using var ledger = new GeneralLedger(database);
        await using var book = new CardBook(database, ledger, CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: false), time);
        Cards = [.. Enumerable.Range(0, cards).Select(number => $"+1201{3_200_000 + number}")];
        foreach (var card in Cards)
        {
            await book.RememberAsync(new CardIdentifier(CardIdentifierKind.Msisdn, card), Carrier, OwnCarrier.ConnectorName, Carrier, null, null, cancellation);
        }

        var wallets = new Wallets(database, ledger, time);
        var wallet = await wallets.OpenAsync("Failover", cancellation);
        for (var credit = 0; credit < Credits; credit++)
        {
            await wallets.CreditAsync(wallet.Id, Wallets.MostAtOnce, "failover", $"{credit}", cancellation);
        }

        ApiKey = (await new ApiKeys(database, time).CreateAsync(wallet.Id, "failover", [ApiScope.TopUpsWrite], cancellation)).Presented;
    }
}
