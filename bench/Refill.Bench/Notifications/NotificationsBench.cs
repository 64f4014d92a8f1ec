using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using Refill.Bench.Ledger;
using Refill.Bench.Reconciliation;
using Refill.Bench.TopUps;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Bench.Notifications;

/// <summary>
/// Alipay's notifications to the real server in a process of its own, each of a payment of its own, at a rate that does not wait for answers; the answer comes after the payment is durable. Meanwhile the server delivers what it is told
/// of. Then one notification ten thousand times more. At the end every payment is paid, exactly once, every top-up is completed, and the books are audited: a run in which it is not so says so and fails.
/// </summary>
internal static class NotificationsBench
{
    private const int Callers = 32;
    private const int AwaySeconds = 3;
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ReplyPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output)
    {
        if (NotificationsOptions.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(NotificationsOptions.Usage);
            return 2;
        }

        var sound = true;
        if (options.Sqlite)
        {
            await using var database = await BenchDatabase.SqliteAsync();
            sound &= await MeasureAsync(database, options, output);
        }

        if (options.Postgres is { } postgres)
        {
            await using var database = await BenchDatabase.PostgresAsync(postgres);
            sound &= await MeasureAsync(database, options, output);
        }

        return sound ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(BenchDatabase database, NotificationsOptions options, TextWriter output)
    {
        await using var house = new House(database, outside: 9);
        await house.PrepareAsync();
        var warmUp = (int)(options.PerSecond * options.WarmUpSeconds);
        var orders = await OrdersAhead.MakeAsync(database, house, warmUp + (int)(options.PerSecond * options.Seconds));
        await house.CloseAsync();
        NpgsqlConnection.ClearAllPools(); // Else the database's processes that made the orders end while it is measured, and their processor time with them.
        using var alipay = RSA.Create();
        alipay.ImportFromPem(house.Secrets.AlipayPrivateKey);
        var notices = orders.AsParallel().AsOrdered().Select((order, number) => Notice.Of(order, number, alipay)).ToArray();
        var durability = await database.DurabilityAsync();
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""

            {durability}; {Environment.ProcessorCount} processors, shared by server, load and database
            {options.PerSecond:0} notifications a second for {options.Seconds:0} s after {options.WarmUpSeconds:0} s, each of a payment of its own; the server delivers them meanwhile
            """));

        var port = Servers.FreePort();
        using var server = Servers.Start("dotnet", [Servers.Program, "--urls", $"http://127.0.0.1:{port}", .. house.Arguments]);
        var drained = DrainAsync(server);
        var name = database.Database.Options.Kind == DatabaseKind.Postgres ? new NpgsqlConnectionStringBuilder(database.Database.Options.ConnectionString).Database! : "";
        NoticeResult measured, again;
        ProcessorTime used;
        (long Transfers, long Version) before, after;
        try
        {
            await Servers.ReadyAsync(server, port);
            using var http = new HttpClient { Timeout = ReplyPatience };
            var url = new Uri($"http://127.0.0.1:{port}/inbound/payments/alipay");
            NoticeLoad Load() => new(http, url);
            await Load().AtRateAsync(notices[..warmUp], options.PerSecond, repeat: false);
            var away = options.Restart ? TakeAwayAsync(TimeSpan.FromSeconds(options.Seconds / 3)) : Task.CompletedTask;
            var idle = ProcessorTime.Now([server.Id], name);
            measured = await Load().AtRateAsync(notices[warmUp..], options.PerSecond, options.Restart);
            await away;
            await DeliveredAsync(database.Database, orders.Count);
            used = (ProcessorTime.Now([server.Id], name) - idle) * (1e6 / measured.Answers.TotalCount);
            before = await StandingAsync(database.Database, orders[^1]);
            again = await Load().RepeatedAsync(notices[^1], options.Duplicates, Callers);
            after = await StandingAsync(database.Database, orders[^1]);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            await drained;
        }

        var paid = await House.CountAsync(database.Database, $"SELECT count(*) FROM payment WHERE state = {(int)PaymentState.Paid} AND paid_minor = amount_minor");
        var completed = await House.CountAsync(database.Database, $"SELECT count(*) FROM top_up WHERE state = {(int)TopUpState.Completed}");
        var received = await House.CountAsync(database.Database, "SELECT count(*) FROM transfer WHERE kind = 'payment-received'");
        IReadOnlyList<AuditFinding> findings = [.. await new LedgerAudit(database.Database).RunAsync(), .. await new TopUpAudit(database.Database).RunAsync(CancellationToken.None)];
        var report = new NotificationsReport(
            database.Name, options, orders.Count, measured, again, used, paid, received, completed, after.Transfers - before.Transfers, after.Version - before.Version, findings.All(finding => finding.ProblemCount == 0));
        await report.WriteAsync(output, findings);
        return report.Sound;
    }

    /// <summary>A pipe that nobody reads would stop the server when it is full of what it says of a database that is away.</summary>
    private static async Task DrainAsync(Process server)
    {
        var log = Environment.GetEnvironmentVariable("REFILL_TEST_SERVER_LOG");
        await using var file = log is null ? Stream.Null : File.Create(log);
        await server.StandardOutput.BaseStream.CopyToAsync(file);
    }

    /// <summary>bench/run's own PostgreSQL is stopped as by a crash, is away for three seconds, and comes back.</summary>
    private static async Task TakeAwayAsync(TimeSpan after)
    {
        await Task.Delay(after);
        using var pause = Servers.Start("bash", ["-c", $"pause_postgres {AwaySeconds}"]);
        await pause.WaitForExitAsync();
        if (pause.ExitCode != 0)
        {
            throw new InvalidOperationException("PostgreSQL could not be stopped and started again: --restart wants the server that bench/run starts");
        }
    }

    private static async Task DeliveredAsync(Database database, int orders)
    {
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < DeliveryPatience; await Task.Delay(BetweenLooks))
        {
            if (await House.CountAsync(database, $"SELECT count(*) FROM top_up WHERE state = {(int)TopUpState.Completed}") == orders)
            {
                return;
            }
        }
    }

    /// <summary>How many transfers there are at all, and which version of this top-up.</summary>
    private static async Task<(long Transfers, long Version)> StandingAsync(Database database, OpenOrder order)
    {
        await using var db = database.Open();
        var topUp = await Microsoft.EntityFrameworkCore.EntityFrameworkQueryableExtensions.SingleAsync(db.Set<TopUpRow>(), row => row.Id == order.TopUpId);
        return (await House.CountAsync(database, "SELECT count(*) FROM transfer"), topUp.Version);
    }
}
