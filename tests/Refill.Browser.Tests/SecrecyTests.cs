using System.Text.RegularExpressions;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>After whole journeys, at the most talkative level, neither the log nor the database file holds what it must not.</summary>
public sealed partial class SecrecyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_number_key_token_or_signature_is_in_the_log_and_no_number_is_in_the_database_file()
    {
        string[] cards = [DemoCard.Healthy, DemoCard.Refused, DemoCard.LostAnswer, DemoCard.Own, DemoCard.Unknown];
        await using var world = await World.StartAsync(new WorldOptions { LogLevel = "debug" }, Cancellation);
        foreach (var card in new[] { DemoCard.Healthy, DemoCard.Refused, DemoCard.LostAnswer, DemoCard.Own })
        {
            using var journey = new PlainTopUp(world, card);
            Assert.Equal(card == DemoCard.Refused ? TopUpState.Refunded : TopUpState.Completed, await journey.RunAsync(ServerDeath.Fails, Cancellation));
        }

        using (var visitor = new PlainVisitor())
        {
            await visitor.GoAsync(world.Url, Cancellation);
            await PlainTopUp.AskForAsync(visitor, DemoCard.Unknown, Cancellation);
        }

        using var client = new HttpClient();
        using var forged = new FormUrlEncodedContent([new("out_trade_no", "1"), new("sign", "Zm9yZ2Vk"), new("sign_type", "RSA2"), new("buyer_logon_id", DemoCard.Own)]);
        using var answer = await client.PostAsync(new Uri(world.Url, "/inbound/payments/alipay"), forged, Cancellation);

        Assert.Empty(Leaks.InLog(Greeting().Replace(world.Server.Output, ""), cards, SecretsOf(world)));
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(world.Database.SqliteFile)!, "refill.db*"))
        {
            Assert.Empty(Leaks.InFile(await ReadSharedAsync(file), cards));
        }
    }

    /// <summary>The demo prints three numbers to try when it starts: those lines, and nothing like them elsewhere, are as they should be.</summary>
    [GeneratedRegex(@"(?m)^  \(201\) 555-01[0-9]{2}   .*$")]
    private static partial Regex Greeting();

    private static IEnumerable<string> SecretsOf(World world) =>
        new[] { world.Secrets.ReloadlyClientSecret, world.Secrets.ReloadlyWebhookSecret }
            .Concat(new[] { world.Secrets.MerchantPrivateKey, world.Secrets.AlipayPrivateKey }.Select(pem => pem.Split('\n')[5]));

    /// <summary>SQLite holds its files open.</summary>
    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, Cancellation);
        return bytes;
    }
}
