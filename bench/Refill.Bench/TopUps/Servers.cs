using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Npgsql;
using Refill.Storage;

namespace Refill.Bench.TopUps;

/// <summary>The processes of a measurement: servers, the load, and Kestrel alone. Each ends with what started it.</summary>
internal static class Servers
{
    /// <summary>The server's program, and that of its commands.</summary>
    public static string Program => Environment.GetEnvironmentVariable("REFILL_TEST_SERVER") ?? throw new InvalidOperationException("REFILL_TEST_SERVER names no Refill.Server.dll; bench/run sets it");

    /// <summary>A load on one or several real servers, each a process of its own.</summary>
    /// <returns>What the load saw, and what the servers held in memory meanwhile.</returns>
    public static async Task<(LoadResult Load, MemoryUse Memory)> ServeAsync(Database database, string folder, int nodes, IReadOnlyList<string> settings, Func<IReadOnlyList<int>, LoadPlan> plan)
    {
        var ports = Enumerable.Range(0, nodes).Select(_ => FreePort()).ToList();
        var processes = new List<Process>();
        try
        {
            foreach (var port in ports)
            {
                processes.Add(Start("dotnet",
                [
                    Program, "--urls", $"http://127.0.0.1:{port}", "--public-url", $"http://127.0.0.1:{port}", "--data", folder, "--sandbox", "running", "--sandbox-url", "http://127.0.0.1:9", "--log-level", "warning",
                    "--node", $"bench-{port}", "--database", database.Options.Kind == DatabaseKind.Sqlite ? $"sqlite:{database.SqliteFile}" : $"postgres:{database.Options.ConnectionString}", .. settings,
                ]));
                await ReadyAsync(processes[^1], port);
            }

            var ended = new CancellationTokenSource();
            var memory = MemoryUse.WatchAsync([.. processes.Select(process => process.Id)], ended.Token);
            var load = await LoadAsync(plan(ports) with
            {
                Servers = [.. processes.Select(process => process.Id)],
                Database = database.Options.Kind == DatabaseKind.Postgres ? new NpgsqlConnectionStringBuilder(database.Options.ConnectionString).Database! : "",
            });
            await ended.CancelAsync();
            return (load, await memory);
        }
        finally
        {
            foreach (var process in processes)
            {
                process.Kill();
                await process.WaitForExitAsync();
                process.Dispose();
            }
        }
    }

    public static async Task<LoadResult> BareAsync(Func<IReadOnlyList<int>, LoadPlan> plan)
    {
        var port = FreePort();
        using var process = Start(Environment.ProcessPath!, ["kestrel", port.ToString(CultureInfo.InvariantCulture)]);
        try
        {
            await process.StandardOutput.ReadLineAsync();
            return await LoadAsync(plan([port]) with { Servers = [process.Id] });
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static async Task<LoadResult> LoadAsync(LoadPlan plan)
    {
        using var process = Start(Environment.ProcessPath!, ["load"]);
        await process.StandardInput.WriteAsync(JsonSerializer.Serialize(plan));
        process.StandardInput.Close();
        var result = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonSerializer.Deserialize<LoadResult>(result) ?? throw new InvalidDataException("the load gave no result");
    }

    public static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }

    public static async Task ReadyAsync(Process process, int port)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(60);)
        {
            try
            {
                if ((await http.GetAsync($"http://127.0.0.1:{port}/health/ready")).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // Not yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        throw new TimeoutException("the server did not become ready");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
