using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Refill.Sandbox;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The sandbox as a program of its own, and the settings that it is given.</summary>
public sealed class SandboxProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string folder = Directory.CreateTempSubdirectory("refill-sandbox-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Killed_and_started_again_it_has_the_same_books()
    {
        var config = WriteConfig(Settings());
        string before;
        await using (var first = await RunningSandbox.StartAsync(Launch(["--config", config])))
        {
            var merchant = new Merchant(first.Http, TimeProvider.System);
            await merchant.OpenAsync("order_1");
            using var paid = await first.Http.PostAsJsonAsync("/control/alipay/pay", new { order = "order_1" }, Cancellation);
            await merchant.RefundAsync("order_1", "5.00", "R1");
            before = await first.Http.GetStringAsync("/control/books/alipay/trades", Cancellation);
        }

        await using var second = await RunningSandbox.StartAsync(Launch(["--config", config]));

        Assert.Contains("\"refundNumber\":\"R1\"", before, StringComparison.Ordinal);
        Assert.Equal(before, await second.Http.GetStringAsync("/control/books/alipay/trades", Cancellation));
    }

    [Theory]
    [InlineData("--config", "missing.json")]
    [InlineData("--help", "")]
    public async Task Without_settings_it_says_what_it_needs(string option, string value)
    {
        using var process = Launch([option, value]);
        var error = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);

        Assert.Equal(2, process.ExitCode);
        Assert.Contains(value.Length > 0 ? value : "--config FILE.json", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:5081", nameof(SandboxOptions.Url))]
    [InlineData("http://192.168.1.1:5081", nameof(SandboxOptions.Url))]
    [InlineData("http://example.com:5081", nameof(SandboxOptions.Url))]
    [InlineData("https://127.0.0.1:5081", nameof(SandboxOptions.Url))]
    [InlineData("http://127.0.0.1:5081/path", nameof(SandboxOptions.Url))]
    public void It_listens_on_loopback_only(string url, string named)
    {
        var error = Assert.Throws<ArgumentException>(() => SandboxHost.Build(Settings() with { Url = new Uri(url) }));

        Assert.StartsWith(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_none_is_refused_without_showing_it()
    {
        var settings = Settings();
        foreach (var broken in new[]
        {
            settings.Alipay with { AlipayPrivateKeyPem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----" },
            settings.Alipay with { AlipayPrivateKeyPem = settings.Alipay.MerchantPublicKeyPem },
            settings.Alipay with { MerchantPublicKeyPem = "" },
        })
        {
            var error = Assert.Throws<ArgumentException>(() => SandboxHost.Build(settings with { Alipay = broken }));

            Assert.StartsWith("Alipay.", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("c2VjcmV0", error.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"url":"http://127.0.0.1:1"}""")]
    [InlineData("""{"url":1}""")]
    [InlineData("null")]
    [InlineData("{")]
    public async Task A_settings_file_that_is_wrong_is_refused_by_name(string text)
    {
        var path = Path.Combine(folder, "config.json");
        await File.WriteAllTextAsync(path, text, Cancellation);

        Assert.Contains("config.json", Assert.Throws<ArgumentException>(() => SandboxOptions.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_show_no_secrets_when_they_are_printed()
    {
        var settings = Settings();

        Assert.All([settings.ToString(), settings.Alipay.ToString(), settings.Reloadly.ToString()], text => Assert.DoesNotMatch("KEY|secret", text));
    }

    private SandboxOptions Settings() => new(
        new Uri("http://127.0.0.1:0"), Path.Combine(folder, "books"),
        new AlipayBooksOptions(Merchant.AppId, Merchant.SellerId, Merchant.PublicKeyPem, Merchant.AlipayPrivateKeyPem),
        new ReloadlyBooksOptions("client", "a client secret", null, "a webhook secret"));

    private string WriteConfig(SandboxOptions settings)
    {
        var path = Path.Combine(folder, "config.json");
        File.WriteAllText(path, JsonSerializer.Serialize(settings));
        return path;
    }

    private static Process Launch(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { typeof(SandboxHost).Assembly.Location }.Concat(arguments).Where(argument => argument.Length > 0))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    /// <summary>A process that is killed (-9) in the end.</summary>
    private sealed class RunningSandbox(Process process, HttpClient http) : IAsyncDisposable
    {
        internal HttpClient Http => http;

        /// <summary>Reads from its first line where it listens.</summary>
        internal static async Task<RunningSandbox> StartAsync(Process process)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            enough.CancelAfter(Patience);
            var line = await process.StandardOutput.ReadLineAsync(enough.Token) ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(Cancellation));
            return new RunningSandbox(process, new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(line["sandbox at ".Length..]) });
        }

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }
}
