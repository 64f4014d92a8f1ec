using System.Net;
using System.Net.Sockets;
using Refill.Units;

namespace Refill.Server.Tests;

/// <summary>Starts that fail, are refused or meet, and how the server ends.</summary>
public sealed class WebHostTests : IAsyncLifetime
{
    /// <summary>After this a server that should have ended by itself is stopped.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private Installation here = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => here = await Installation.NewAsync();

    public ValueTask DisposeAsync() => here.DisposeAsync();

    [Fact]
    public async Task A_port_that_is_taken_is_named_and_no_work_is_taken_from_the_server_that_has_it()
    {
        await here.PrepareAsync();
        await here.OrderAsync();
        await here.SqlAsync("UPDATE work SET lease_owner = 'here', lease_until = 9999999999999");
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var url = $"http://{other.LocalEndpoint}";

        var ran = await ServeAsync(("urls", url), ("node", "here"));

        Refused(ran, url);
        Assert.NotEqual(0, await here.SqlAsync("UPDATE work SET kind = kind WHERE lease_owner = 'here'"));
    }

    [Fact]
    public async Task An_address_of_another_machine_is_refused_in_words() => Refused(await ServeAsync(("urls", "http://203.0.113.1:5080")), "refill: ");

    [Fact]
    public async Task A_data_folder_that_cannot_be_made_is_named()
    {
        var data = Path.Combine(await here.WriteAsync("file", [1]), "data");

        Refused(await ServeAsync(("data", data)), data);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_named()
    {
        var file = await here.WriteAsync("refill.db", [.. Enumerable.Repeat((byte)'x', 5000)]);

        Refused(await ServeAsync(), $"refill: the database {file}: ");
    }

    [Fact]
    public async Task Keys_other_than_those_that_the_data_was_written_with_are_refused()
    {
        await here.PrepareAsync();
        File.Delete(Path.Combine(here.Folder, "keys.json"));

        Refused(await ServeAsync(), "the key file is not the one that this database was written with");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"merchantPrivateKey\": null}")]
    public async Task Secrets_of_the_demo_that_are_damaged_are_named(string content)
    {
        var file = await here.WriteAsync("demo-secrets.json", System.Text.Encoding.UTF8.GetBytes(content));

        Refused(await ServeAsync(), $"{file} is damaged; delete it");
    }

    [Fact]
    public async Task Outside_the_demo_a_setting_that_is_missing_and_a_key_that_is_none_are_named_and_nothing_is_shown()
    {
        var key = await here.WriteAsync("key.pem", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"u8.ToArray());
        (string, string)[] alipay = [("demo", "no"), ("alipay-gateway-url", "https://openapi.alipay.com/gateway.do"), ("alipay-app-id", "2026000000000001"), ("alipay-seller-id", "2088000000000001"), ("alipay-private-key", key), ("alipay-public-key", key)];

        Refused(await ServeAsync(alipay[0]), "--alipay-gateway-url is needed");
        var ran = await ServeAsync(alipay);
        Refused(ran, "our private key");
        Assert.DoesNotContain("c2VjcmV0", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_on_the_same_SQLite_file_is_refused_and_commands_beside_the_first_are_not()
    {
        await using var first = await ServerProcess.StartAsync(here);

        Refused(await ServeAsync(), "another server runs on " + here.Folder);
        Assert.Equal(0, (await here.RunAsync("verify")).ExitCode);
        Assert.Equal(0, (await here.RunAsync("work")).ExitCode);
        Assert.Equal(0, (await here.RunAsync("fx", "set", "USD", "CNY", "7.2", "--source", "test")).ExitCode);
        Assert.Equal("Healthy", await first.Http.GetStringAsync("/health/ready", Cancellation));
    }

    [Fact]
    public async Task After_a_kill_the_next_server_starts_on_the_same_file()
    {
        await using (await ServerProcess.StartAsync(here))
        {
            // Killed (-9) at the end of this block.
        }

        await using var second = await ServerProcess.StartAsync(here);
        Assert.Equal("Healthy", await second.Http.GetStringAsync("/health/ready", Cancellation));
    }

    [Fact]
    public async Task Background_work_that_fails_ends_the_server_with_exit_code_1()
    {
        await here.PrepareAsync();
        await here.SqlAsync("DROP TABLE work");

        Assert.Equal(1, (await ServeAsync()).ExitCode);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Stopped_while_a_page_waits_for_news_it_ends_in_time_with_exit_code_0(string signal)
    {
        await here.PrepareAsync();
        var order = await here.OrderAsync();
        await using var server = await ServerProcess.StartAsync(here);
        using var page = new TcpClient();
        await page.ConnectAsync(server.Url.Host, server.Url.Port, Cancellation);
        var version = (await here.StandingAsync(order.TopUpId)).Version;
        await page.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET /top-ups/{CellId.ToText(order.TopUpId)}/state?seen={version} HTTP/1.1\r\nHost: here\r\n\r\n"), Cancellation);
        Assert.Equal("Healthy", await server.Http.GetStringAsync("/health/live", Cancellation));

        await server.SignalAsync(signal);

        var ended = await server.EndAsync();
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
    }

    [Fact]
    public async Task The_program_itself_refuses_what_stands_wrong_in_its_environment()
    {
        var ran = await ServerProcess.RunAsync([.. here.Arguments, "verify"], new Dictionary<string, string> { ["REFILL_OTLP_ENDPOINT"] = "nonsense" });

        Refused(ran, "refill: REFILL_OTLP_ENDPOINT: 'nonsense' is not allowed. Allowed: an http:// or https:// address");
        Assert.Equal("", ran.Output);
    }

    /// <summary>Runs the server in this process, until it ends by itself.</summary>
    private async Task<Ran> ServeAsync(params (string Name, string Text)[] settings)
    {
        var given = here.Given;
        foreach (var (name, text) in settings)
        {
            given[name] = text;
        }

        using var output = new StringWriter();
        using var error = new StringWriter();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        enough.CancelAfter(Patience);
        var code = await Commands.RunAsync([.. given.SelectMany(one => new[] { "--" + one.Key, one.Value })], output, error, enough.Token);
        Assert.False(enough.IsCancellationRequested, "it did not end by itself");
        return new Ran(code, output.ToString(), error.ToString());
    }

    private static void Refused(Ran ran, string said)
    {
        Assert.Equal(2, ran.ExitCode);
        Assert.StartsWith("refill: ", ran.Error, StringComparison.Ordinal);
        Assert.Contains(said, ran.Error, StringComparison.Ordinal);
        Assert.Single(ran.Error.TrimEnd().Split('\n'));
    }
}
