using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Refill.Cards;
using Refill.Carriers.Own;
using Refill.Customers;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>Two processes of the server on one PostgreSQL, under load, and one or the other is killed and started again.</summary>
public sealed class TwoNodesTests
{
    private const string Plan = "refill-mobile-pass-24h";
    private const int Callers = 16;
    private const int Kills = 4;

    /// <summary>Acknowledged between one kill and the next: both nodes work again.</summary>
    private const int OrdersBetweenKills = 150;

    [Fact]
    public async Task Whichever_node_is_killed_every_acknowledged_order_is_there_once_and_the_other_gives_the_same_answer()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("refill-two-nodes-").FullName;
        await using var database = await ScratchDatabase.CreateAsync(DatabaseKind.Postgres, folder);
        Uri[] urls = [new($"http://127.0.0.1:{Loopback.FreePort()}/"), new($"http://127.0.0.1:{Loopback.FreePort()}/")];
        RunningServer?[] nodes = [null, null];
        try
        {
            nodes[0] = await StartAsync(0);
            nodes[1] = await StartAsync(1);
            var (key, cards) = await StockAsync(database.Options, folder, cancellation);
            Remains.KeepSecret(key);
            using var clients = new Clients(urls, key);
            var (acknowledged, count) = (new ConcurrentDictionary<string, (string Card, string Id, string Hash)>(), 0);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
            {
                for (var number = 0; !stop.IsCancellationRequested; number++)
                {
                    // An order is repeated, at either node, until it is answered: what a caller does that does not know.
                    var (order, card) = ($"caller-{caller}-{number}", cards[caller]);
                    for (var attempt = 0; ; attempt++)
                    {
                        if (await clients.OrderAsync((caller + attempt) % 2, order, card) is { } answer)
                        {
                            acknowledged[order] = (card, answer.Id, answer.Hash);
                            Interlocked.Increment(ref count);
                            break;
                        }

                        await Pause.ShortAsync(CancellationToken.None);
                    }
                }
            }, CancellationToken.None)).ToArray();

            for (var kill = 0; kill < Kills; kill++)
            {
                var before = Volatile.Read(ref count);
                await Pause.UntilAsync(() => Task.FromResult(Volatile.Read(ref count)), now => now > before + OrdersBetweenKills, RunningServer.Patience, cancellation);
                var victim = kill % 2;
                await nodes[victim]!.KillAsync();
                await nodes[victim]!.DisposeAsync();
                nodes[victim] = await StartAsync(victim);
            }

            await stop.CancelAsync();
            await Task.WhenAll(callers);

            // Each again, at the node that has more likely not answered it.
            var different = 0;
            await Parallel.ForEachAsync(acknowledged, new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = cancellation }, async (order, _) =>
            {
                for (var node = 0; node < 2; node++)
                {
                    if ((await clients.OrderAsync(node, order.Key, order.Value.Card))?.Hash != order.Value.Hash)
                    {
                        Interlocked.Increment(ref different);
                    }
                }
            });
            Assert.Equal(0, different);
            Assert.Equal(acknowledged.Count, acknowledged.Values.Select(order => order.Id).Distinct().Count());
            Assert.Equal(acknowledged.Count, await CompletedAsync(database.Options, cancellation));
            var verified = await RunningServer.RunAsync(["verify", "--database", database.Setting, "--data", folder], cancellation);
            Assert.True(verified.ExitCode == 0, verified.Output);
        }
        finally
        {
            foreach (var node in nodes.OfType<RunningServer>())
            {
                await node.DisposeAsync();
            }

            Remains.KeepSecretsOf(folder);
            Directory.Delete(folder, recursive: true);
        }

        Task<RunningServer> StartAsync(int number) => RunningServer.StartAsync(
            urls[number],
            [
                "--urls", urls[number].AbsoluteUri.TrimEnd('/'), "--public-url", urls[number].AbsoluteUri.TrimEnd('/'), "--data", folder, "--database", database.Setting,
                "--sandbox", "running", "--sandbox-url", "http://127.0.0.1:9", "--log-level", "warning", "--node", number.ToString(CultureInfo.InvariantCulture),
            ],
            new Dictionary<string, string>(),
            cancellation);
    }

    private static async Task<(string Key, IReadOnlyList<string> Cards)> StockAsync(DatabaseOptions options, string folder, CancellationToken cancellation)
    {
        var (database, time) = (new Database(options), TimeProvider.System);
        await using var ledger = new GeneralLedger(database);
        await using var book = new CardBook(database, ledger, CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: false), time);
        var cards = Enumerable.Range(0, Callers).Select(number => $"+1201{3_200_000 + number}").ToList();
        foreach (var card in cards)
        {
            await book.RememberAsync(new CardIdentifier(CardIdentifierKind.Msisdn, card), "refill-mobile", OwnCarrier.ConnectorName, "refill-mobile", null, null, cancellation);
        }

        var wallets = new Wallets(database, ledger, time);
        var wallet = await wallets.OpenAsync("Two nodes", cancellation);
        await wallets.CreditAsync(wallet.Id, Wallets.MostAtOnce, "test", "1", cancellation);
        return ((await new ApiKeys(database, time).CreateAsync(wallet.Id, "two nodes", [ApiScope.TopUpsWrite], cancellation)).Presented, cards);
    }

    private static async Task<long> CompletedAsync(DatabaseOptions options, CancellationToken cancellation)
    {
        await using var connection = await new Database(options).OpenConnectionAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM top_up WHERE state = {(int)TopUpState.Completed}";
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private sealed class Clients : IDisposable
    {
        private readonly HttpClient[] clients;

        public Clients(IEnumerable<Uri> urls, string key) => clients = [.. urls.Select(url => new HttpClient { BaseAddress = url, Timeout = RunningServer.Patience, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } })];

        /// <returns>Null: it is not known what became of it, or the node says to come again.</returns>
        public async Task<(string Id, string Hash)?> OrderAsync(int node, string key, string card)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/top-ups") { Content = JsonContent.Create(new { card, plan = Plan, payWith = "wallet" }), Headers = { { "Idempotency-Key", key } } };
                using var answer = await clients[node].SendAsync(request);
                var bytes = await answer.Content.ReadAsByteArrayAsync();
                Assert.True((int)answer.StatusCode is 201 or 409 or 503, $"{answer.StatusCode} {System.Text.Encoding.UTF8.GetString(bytes)}");
                return (int)answer.StatusCode == 201 ? (JsonSerializer.Deserialize<JsonElement>(bytes).GetProperty("id").GetString()!, Convert.ToHexString(SHA256.HashData(bytes))) : null;
            }
            catch (HttpRequestException)
            {
                return null; // The node was killed.
            }
        }

        public void Dispose() => Array.ForEach(clients, client => client.Dispose());
    }
}
