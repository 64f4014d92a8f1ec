using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Refill.Browser.Tests.Failover;

/// <summary>What Patroni says of one server.</summary>
/// <param name="Role">leader, sync_standby or replica.</param>
/// <param name="Timeline">Counts the promotions; null while it is not known.</param>
internal sealed record Member(string Name, string Role, string State, int? Timeline)
{
    public bool Works => State is "running" or "streaming";
}

/// <summary>Three servers of PostgreSQL under Patroni, an etcd and a HAProxy on loopback, as the files of docs/patroni have them, and gone at the end.</summary>
internal sealed class PatroniCluster : IAsyncDisposable
{
    public const string Superuser = "postgres";
    private const int Servers = 3;
    private const int LastLines = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly string folder;
    private readonly List<Daemon> daemons = [];
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };

    private PatroniCluster(string folder, IReadOnlyList<PatroniNode> nodes, int port) => (this.folder, Nodes, Port) = (folder, nodes, port);

    public IReadOnlyList<PatroniNode> Nodes { get; }

    /// <summary>HAProxy's: whoever connects reaches the leader.</summary>
    public int Port { get; }

    public static string Password => "change-me-1";

    public static async Task<PatroniCluster> StartAsync(CancellationToken cancellation)
    {
        var binaries = Environment.GetEnvironmentVariable("REFILL_TEST_POSTGRES_BIN") ?? throw new InvalidOperationException("REFILL_TEST_POSTGRES_BIN must name the folder of initdb; ./test --failover sets it");
        var names = Enumerable.Range(1, Servers).Select(number => $"db{number}").ToList();
        var folder = await Daemon.NewFolderAsync("refill-failover-", ["etcd", .. names]);
        var (etcd, peer, port) = (Loopback.FreePort(), Loopback.FreePort(), Loopback.FreePort());
        var proxy = await ExampleAsync("haproxy.cfg", cancellation);
        var nodes = new List<PatroniNode>();
        foreach (var (index, name) in names.Index())
        {
            var (own, postgresPort, restPort) = (Path.Combine(folder, name), Loopback.FreePort(), Loopback.FreePort());
            var configuration = Replace(
                await ExampleAsync("patroni.yml", cancellation),
                ("name: db1", $"name: {name}"), ("10.0.0.11:8008", $"127.0.0.1:{restPort}"), ("10.0.0.11:5432", $"127.0.0.1:{postgresPort}"),
                ("10.0.0.21:2379,10.0.0.22:2379,10.0.0.23:2379", $"127.0.0.1:{etcd}"), ("10.0.0.0/24", "127.0.0.0/8"), ("/usr/lib/postgresql/15/bin", binaries),
                ("/var/lib/postgresql/15/refill", Path.Combine(own, "data")), ("/var/lib/postgresql/patroni.pgpass", Path.Combine(own, "pgpass")), ("/var/run/postgresql", own));
            var file = Path.Combine(folder, $"{name}.yml");
            await File.WriteAllTextAsync(file, configuration, cancellation);
            nodes.Add(new PatroniNode(name, own, postgresPort, restPort, file));
            proxy = Replace(proxy, ($"server {name} 10.0.0.1{index + 1}:5432 check port 8008", $"server {name} 127.0.0.1:{postgresPort} check port {restPort}"));
        }

        var cluster = new PatroniCluster(folder, nodes, port);
        try
        {
            await cluster.StartAsync(etcd, peer, Replace(proxy, ("127.0.0.1:5000", $"127.0.0.1:{port}")), cancellation);
            return cluster;
        }
        catch (Exception failure)
        {
            var lastWords = cluster.LastWords();
            await cluster.DisposeAsync();
            throw new InvalidOperationException($"the cluster did not start: {failure.Message}{lastWords}", failure);
        }
    }

    /// <summary>The one that leads now.</summary>
    public async Task<PatroniNode> LeaderAsync(CancellationToken cancellation) => NodeOf((await WholeAsync(cancellation)).Single(member => member.Role == "leader"));

    /// <summary>A server that commits wait for.</summary>
    public async Task<PatroniNode> SynchronousAsync(CancellationToken cancellation) => NodeOf((await WholeAsync(cancellation)).First(member => member.Role == "sync_standby"));

    /// <summary>Waits until every server works on the newest timeline and commits are waited for by two.</summary>
    public Task<IReadOnlyList<Member>> WholeAsync(CancellationToken cancellation) => Pause.UntilAsync(
        () => MembersAsync(cancellation),
        members => members.Count == Servers && members.All(member => member.Works && member.Timeline == members[0].Timeline)
            && members.Count(member => member.Role == "leader") == 1 && members.Any(member => member.Role == "sync_standby"),
        Patience,
        cancellation);

    /// <summary>A change of leader that somebody asks for, to service the server.</summary>
    public async Task SwitchOverAsync(PatroniNode from, PatroniNode to, CancellationToken cancellation)
    {
        // With a Content-Length: Patroni takes no chunks.
        using var body = new StringContent(JsonSerializer.Serialize(new { leader = from.Name, candidate = to.Name }), Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(from.Rest, "switchover"), body, cancellation);
        Assert.True(answer.IsSuccessStatusCode, $"Patroni says {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellation)}");
    }

    /// <summary>The end of every log, for whoever must find out why a test failed.</summary>
    public string LastWords() => string.Concat(
        Directory.EnumerateFiles(folder, "*.log", SearchOption.AllDirectories).Select(file => $"\n{file}:\n{string.Join('\n', File.ReadLines(file).TakeLast(LastLines))}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        foreach (var daemon in daemons)
        {
            await daemon.DisposeAsync();
        }

        http.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartAsync(int etcdPort, int peerPort, string proxyConfiguration, CancellationToken cancellation)
    {
        var (etcd, peer) = ($"http://127.0.0.1:{etcdPort}", $"http://127.0.0.1:{peerPort}");
        daemons.Add(Daemon.Start(
            "etcd",
            [
                "--name", "etcd", "--data-dir", Path.Combine(folder, "etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"etcd={peer}",
            ],
            Path.Combine(folder, "etcd.log")));
        await Pause.UntilAsync(() => AnswersAsync(new Uri($"{etcd}/health"), cancellation), answers => answers, Patience, cancellation);
        foreach (var node in Nodes)
        {
            node.Start();
        }

        var proxyFile = Path.Combine(folder, "haproxy.cfg");
        await File.WriteAllTextAsync(proxyFile, proxyConfiguration, cancellation);
        daemons.Add(Daemon.Start("haproxy", ["-db", "-f", proxyFile], Path.Combine(folder, "haproxy.log")));
        await WholeAsync(cancellation);
    }

    private PatroniNode NodeOf(Member member) => Nodes.Single(node => node.Name == member.Name);

    /// <summary>As the first server says that is up; none if none is.</summary>
    private async Task<IReadOnlyList<Member>> MembersAsync(CancellationToken cancellation)
    {
        foreach (var node in Nodes.Where(node => node.IsUp))
        {
            try
            {
                var cluster = await http.GetFromJsonAsync<JsonElement>(new Uri(node.Rest, "cluster"), cancellation);
                return
                [
                    .. cluster.GetProperty("members").EnumerateArray().Select(member => new Member(
                        member.GetProperty("name").GetString()!, member.GetProperty("role").GetString()!, member.GetProperty("state").GetString()!,
                        member.TryGetProperty("timeline", out var timeline) ? timeline.GetInt32() : null)),
                ];
            }
            catch (HttpRequestException)
            {
                // It does not listen yet: the next one.
            }
        }

        return [];
    }

    private async Task<bool> AnswersAsync(Uri url, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(url, cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>A file that docs/operating.md tells operators to use.</summary>
    private static Task<string> ExampleAsync(string name, CancellationToken cancellation) => File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "patroni", name), cancellation);

    private static string Replace(string text, params (string Example, string Here)[] changes)
    {
        foreach (var (example, here) in changes)
        {
            Assert.Contains(example, text, StringComparison.Ordinal);
            text = text.Replace(example, here, StringComparison.Ordinal);
        }

        return text;
    }
}
