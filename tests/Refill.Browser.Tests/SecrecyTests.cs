using System.Globalization;
using System.Net;
using System.Text;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>After whole journeys and bad calls, at the most talkative level, neither the log nor the database file holds what it must not. What the servers of the other tests leave behind: <see cref="SuiteSecrecyTests"/>.</summary>
public sealed class SecrecyTests
{
    /// <summary>A test number of payment cards, typed where it does not belong.</summary>
    private const string PaymentCard = "4111111111111111";

    /// <summary>Fewer characters stand in a file by chance.</summary>
    private const int LeastForm = 8;

    private static readonly (string Card, string Way, TopUpState End)[] Journeys =
    [
        (DemoCard.Healthy, PlainTopUp.AlipayPage, TopUpState.Completed), (DemoCard.Refused, PlainTopUp.AlipayPage, TopUpState.Refunded), (DemoCard.LostAnswer, PlainTopUp.AlipayPage, TopUpState.Completed),
        (DemoCard.Own, PlainTopUp.AlipayPage, TopUpState.Completed), (DemoCard.Refused, "wechatpay.wap", TopUpState.Refunded), ("+12015550181", "wechatpay.inapp", TopUpState.Completed),
        (DemoCard.Refused, "stripe.page", TopUpState.Refunded),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_number_key_token_or_signature_is_in_the_log_or_in_the_database_file()
    {
        await using var world = await World.StartAsync(new WorldOptions { LogLevel = "debug" }, Cancellation);
        foreach (var (card, way, end) in Journeys)
        {
            using var journey = new PlainTopUp(world, card, way);
            Assert.Equal((way, card, end), (way, card, await journey.RunAsync(ServerDeath.Fails, Cancellation)));
        }

        await TypeAsync(world, DemoCard.Unknown);
        await TypeAsync(world, PaymentCard);
        await ForgeAsync(world);
        var said = await OperateAsync(world);

        var secrets = world.AllSecrets();
        Assert.Empty(new Leaks(secrets).InLog(world.Server.Output + said));
        string[] forbidden = [.. Journeys.Select(journey => journey.Card).Append(DemoCard.Unknown).SelectMany(Leaks.FormsOf).Where(form => form.Length >= LeastForm), PaymentCard, .. secrets.SelectMany(Leaks.WritingsOf)];
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(world.Database.SqliteFile)!, "refill.db*"))
        {
            // Also what SQLite has freed and not yet written over.
            Assert.Empty(Leaks.InFile(await ReadSharedAsync(file), forbidden));
        }
    }

    private static async Task TypeAsync(World world, string typed)
    {
        using var visitor = new PlainVisitor();
        await visitor.GoAsync(world.Url, Cancellation);
        await PlainTopUp.AskForAsync(visitor, typed, Cancellation);
        Assert.NotEqual(HttpStatusCode.InternalServerError, visitor.Status);
    }

    /// <summary>Notifications of nobody, with what a careless log would keep.</summary>
    private static async Task ForgeAsync(World world)
    {
        using var client = new HttpClient { BaseAddress = world.Url };
        using var alipay = new FormUrlEncodedContent([new("out_trade_no", PaymentCard), new("sign", "Zm9yZ2Vk"), new("sign_type", "RSA2"), new("buyer_logon_id", DemoCard.Own)]);
        using var alipayAnswer = await client.PostAsync(new Uri("/inbound/payments/alipay", UriKind.Relative), alipay, Cancellation);
        foreach (var (gateway, header) in new[] { ("wechatpay", "Wechatpay-Signature"), ("stripe", "Stripe-Signature"), ("nobody", "Authorization") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/inbound/payments/{gateway}?number={PaymentCard}")
            {
                Content = new StringContent($$"""{"id":"{{PaymentCard}}","client_secret":"pi_x_secret_y"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.TryAddWithoutValidation(header, "Bearer Zm9yZ2Vk");
            using var answer = await client.SendAsync(request, Cancellation);
            Assert.False(answer.IsSuccessStatusCode, gateway);
        }
    }

    /// <summary>What an operator's commands say is kept somewhere, too.</summary>
    private static async Task<string> OperateAsync(World world)
    {
        var yesterday = TimeProvider.System.GetUtcNow().AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string[][] commands = [["verify"], ["gateways", "check"], ["reconcile", "--gateway", "alipay", "--date", yesterday], ["discrepancies"]];
        var said = new StringBuilder();
        foreach (var command in commands)
        {
            said.AppendLine((await world.RunAsync([.. command, "--sandbox-url", world.SandboxUrl.AbsoluteUri.TrimEnd('/')], Cancellation)).Output);
        }

        return said.ToString();
    }

    /// <summary>SQLite holds its files open.</summary>
    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, Cancellation);
        return bytes;
    }
}
