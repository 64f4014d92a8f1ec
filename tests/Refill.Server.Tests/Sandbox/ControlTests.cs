using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Refill.Sandbox.Control;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The sandbox's own controls: what is asked for is checked, kept, counted down and documented.</summary>
public sealed partial class ControlTests : IAsyncLifetime
{
    private SandboxRig sandbox = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task It_says_that_it_is_there() => Assert.Equal("ok", (await sandbox.GetAsync("/control/health")).GetProperty("status").GetString());

    [Theory]
    [InlineData("""{"target":"paypal","point":"query","fault":"slow","seconds":1}""", "target")]
    [InlineData("""{"target":"alipay","point":"topup","fault":"slow","seconds":1}""", "point")]
    [InlineData("""{"target":"alipay","point":"query","fault":"duplicate"}""", "fault")]
    [InlineData("""{"target":"alipay","point":"query"}""", "fault")]
    [InlineData("""{"target":"alipay","point":"query","fault":"slow"}""", "seconds")]
    [InlineData("""{"target":"alipay","point":"query","fault":"slow","seconds":-1}""", "seconds")]
    [InlineData("""{"target":"alipay","point":"query","fault":"slow","seconds":"long"}""", "seconds")]
    [InlineData("""{"target":"alipay","point":"refund","fault":"pending"}""", "seconds")]
    [InlineData("""{"target":"alipay","point":"query","fault":"reject","times":0}""", "times")]
    [InlineData("""{"target":"alipay","point":"query","fault":"reject","match":{"number":"+12015550170"}}""", "match")]
    [InlineData("""{"target":"reloadly","point":"topup","fault":"reject","match":{"number":"12"}}""", "match")]
    [InlineData("""{"target":"reloadly","point":"topup","fault":"reject","match":{"card":"1"}}""", "match")]
    [InlineData("""{"target":"reloadly","point":"token","fault":"reject","match":{"order":"1"}}""", "match")]
    [InlineData("""{"target":"reloadly","point":"topup","fault":"reject","match":[]}""", "match")]
    [InlineData("""{"target":"wechatpay","point":"query","fault":"reject","match":{"number":"+12015550170"}}""", "match")]
    [InlineData("""{"target":"wechatpay","point":"bill","fault":"missing-row","match":{"order":"order_1"}}""", "match")]
    [InlineData("""{"target":"wechatpay","point":"codepay","fault":"pending"}""", "seconds")]
    [InlineData("[]", "target")]
    [InlineData("not json", "target")]
    public async Task A_fault_that_cannot_be_is_refused_by_name(string body, string named)
    {
        using var answer = await sandbox.Http.PostAsync("/control/faults", new StringContent(body), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.StartsWith(named, (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
    }

    [Fact]
    public async Task Every_fault_of_the_matrix_can_be_set_and_they_outlive_a_restart()
    {
        var count = 0;
        foreach (var target in FaultMatrix.Targets)
        {
            foreach (var point in FaultMatrix.Points(target))
            {
                foreach (var fault in FaultMatrix.Faults(target, point))
                {
                    await sandbox.FaultAsync(target, point, fault, seconds: 1);
                    count++;
                }
            }
        }

        await sandbox.RestartAsync();

        Assert.Equal(count, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
    }

    [Fact]
    public async Task The_documents_matrix_is_the_programs()
    {
        var document = await File.ReadAllTextAsync(Path.Combine(Repository(), "docs", "sandbox.md"), Cancellation);
        var written = Row().Matches(document).SelectMany(row => Word().Matches(row.Groups[3].Value).Select(word => $"{row.Groups[1].Value} {row.Groups[2].Value} {word.Groups[1].Value}"));
        var programmed = FaultMatrix.Targets.SelectMany(target => FaultMatrix.Points(target).SelectMany(point => FaultMatrix.Faults(target, point).Select(fault => $"{target} {point} {fault}")));

        Assert.Equal(programmed.Order(StringComparer.Ordinal), written.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_fault_can_be_taken_back_alone_or_with_all_others()
    {
        await sandbox.FaultAsync("alipay", "query", "reject", times: 5);
        await sandbox.FaultAsync("alipay", "close", "reject");
        await sandbox.FaultAsync("reloadly", "token", "reject");
        var first = (await sandbox.GetAsync("/control/faults"))[0];
        Assert.Equal(("query", 5), (first.GetProperty("point").GetString(), first.GetProperty("timesLeft").GetInt32()));

        using var one = await sandbox.Http.DeleteAsync($"/control/faults/{first.GetProperty("id")}", Cancellation);
        Assert.Equal(2, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
        using var all = await sandbox.Http.DeleteAsync("/control/faults", Cancellation);
        Assert.Equal(0, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
    }

    [Fact]
    public async Task A_reset_clears_the_books_and_the_faults_and_fills_the_balance()
    {
        var customer = new AirtimeCustomer(sandbox.Http);
        await customer.LogInAsync();
        var balance = await customer.BalanceAsync();
        await customer.TopUpAsync("+12015550170", "id-1");
        await sandbox.Merchant.OpenAsync("order_1");
        await sandbox.FaultAsync("alipay", "query", "reject");

        using var reset = await sandbox.Http.PostAsync("/control/reset", null, Cancellation);

        Assert.Empty(await sandbox.CreditsAsync("+12015550170"));
        Assert.Equal(default, await sandbox.TradeAsync("order_1"));
        Assert.Equal(0, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
        Assert.Equal(balance, await customer.BalanceAsync());
    }

    [Fact]
    public async Task What_there_is_not_cannot_be_paid_or_repeated()
    {
        foreach (var path in new[] { "/control/alipay/pay", "/control/alipay/renotify", "/control/alipay/finish" })
        {
            using var unknown = await sandbox.PostAsync(path, new { order = "order_1" });
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
            using var nothing = await sandbox.PostAsync(path, new { });
            Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
        }

        await sandbox.Merchant.OpenAsync("order_1");
        using var untold = await sandbox.PostAsync("/control/alipay/renotify", new { order = "order_1" });
        Assert.Equal(HttpStatusCode.Conflict, untold.StatusCode);
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Refill.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("not within the repository");
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"^\| ([a-z]+) \| `([a-z0-9-]+)` \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`([a-z0-9-]+)`")]
    private static partial Regex Word();
}
