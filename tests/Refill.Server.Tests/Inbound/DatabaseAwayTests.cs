using System.Net.Http.Headers;
using Npgsql;
using Refill.Storage;

namespace Refill.Server.Tests.Inbound;

/// <summary>A gateway that is told that all is well when it is not, or waits in vain, may never come again: what cannot be written is answered with 5xx, in time, and the repeat counts.</summary>
public sealed class DatabaseAwayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(200);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_away_a_notification_is_told_to_come_again_and_the_repeat_is_booked_once()
    {
        await using var here = await Installation.NewAsync(DatabaseKind.Postgres);
        await here.PrepareAsync();
        var order = await here.OrderAsync();
        var body = GatewayNotification.Of(order, here.Secrets);
        await using var server = await ServerProcess.StartAsync(here);
        var database = new NpgsqlConnectionStringBuilder(here.Settings.Database.ConnectionString);

        // Twice: who was being let in while the door was shut is shown out by the second.
        var showOut = $"SELECT pg_terminate_backend(pid, {Patience.TotalMilliseconds}) FROM pg_stat_activity WHERE datname = '{database.Database}'";
        await AdministerAsync(database, $"ALTER DATABASE {database.Database} ALLOW_CONNECTIONS false", showOut, showOut);
        var away = await PostAsync(server, body);
        var awayAgain = await PostAsync(server, body);
        await AdministerAsync(database, $"ALTER DATABASE {database.Database} ALLOW_CONNECTIONS true");
        await using (var pool = new NpgsqlConnection(database.ConnectionString))
        {
            NpgsqlConnection.ClearPool(pool); // This process's own are broken, too.
        }

        await TakenAsync(server, body);
        var repeated = await PostAsync(server, body);

        Assert.InRange(away.Status, 500, 599);
        Assert.InRange(awayAgain.Status, 500, 599);
        Assert.Equal((200, "success"), repeated);
        await PaidOnceAsync(here, order);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_does_not_keep_the_gateway_waiting()
    {
        await using var here = await Installation.NewAsync(DatabaseKind.Postgres);
        await here.PrepareAsync();
        var order = await here.OrderAsync();
        var body = GatewayNotification.Of(order, here.Secrets);

        // No statement gives up before whoever posts does: an answer while the table is locked is given without the database.
        await using var server = await ServerProcess.StartAsync(here, new Dictionary<string, string> { ["database"] = $"{here.Database};Command Timeout=600" });
        (int Status, string Body) kept;
        await using (var other = new NpgsqlConnection(here.Settings.Database.ConnectionString))
        {
            await other.OpenAsync(Cancellation);
            await using var transaction = await other.BeginTransactionAsync(Cancellation);
            await using var hold = new NpgsqlCommand("LOCK TABLE payment IN ACCESS EXCLUSIVE MODE", other, transaction);
            await hold.ExecuteNonQueryAsync(Cancellation);
            kept = await PostAsync(server, body);
        }

        await TakenAsync(server, body);
        Assert.InRange(kept.Status, 500, 599);
        await PaidOnceAsync(here, order);
    }

    private static async Task PaidOnceAsync(Installation here, OpenOrder order)
    {
        Assert.True(Assert.Single((await here.StandingAsync(order.TopUpId)).Payments).Paid);
        Assert.All(await here.Audit.RunAsync(Cancellation), finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
    }

    /// <summary>Repeats it, as a gateway does, until it is taken: connections that broke are noticed one by one.</summary>
    private static async Task TakenAsync(ServerProcess server, byte[] body)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        enough.CancelAfter(Patience);
        while (await PostAsync(server, body) is var answer && answer != (200, "success"))
        {
            Assert.InRange(answer.Status, 500, 599);
            await Task.Delay(BetweenTries, enough.Token);
        }
    }

    private static async Task<(int Status, string Body)> PostAsync(ServerProcess server, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(InboundServer.Form);
        using var answer = await server.Http.PostAsync(new Uri("/inbound/payments/alipay", UriKind.Relative), content, Cancellation);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task AdministerAsync(NpgsqlConnectionStringBuilder database, params string[] statements)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "postgres", Pooling = false, CommandTimeout = 0 }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(Cancellation);
        }
    }
}
