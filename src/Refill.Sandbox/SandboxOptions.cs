using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Refill.Sandbox.Stripe;

namespace Refill.Sandbox;

/// <summary>What a sandbox needs to know. Prints no key and no secret.</summary>
/// <param name="Url">Where it listens, such as http://127.0.0.1:5081: HTTP on loopback only. Port 0 takes any free one.</param>
/// <param name="DataDirectory">Its books are sandbox.db in this folder, which is made if it is missing.</param>
public sealed record SandboxOptions(Uri Url, string DataDirectory, AlipayBooksOptions Alipay, ReloadlyBooksOptions Reloadly)
{
    /// <summary>WeChat Pay's merchant; null: there is no WeChat Pay.</summary>
    public WeChatPayBooksOptions? WeChatPay { get; init; }
    /// <summary>Null: there is no Stripe.</summary>
    public StripeBooksOptions? Stripe { get; init; }

    /// <summary>A bigger file is no settings file.</summary>
    private const long LargestFile = 64 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Reads a JSON file with the members of this record.</summary>
    /// <exception cref="ArgumentException">The file is missing, not JSON, or holds a setting that cannot work: the message names it.</exception>
    public static SandboxOptions Load(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > LargestFile)
        {
            throw new ArgumentException($"{path} is missing or larger than {LargestFile} bytes");
        }

        try
        {
            return JsonSerializer.Deserialize<SandboxOptions>(File.ReadAllText(path), Json)?.Checked() ?? throw new ArgumentException($"{path} holds null");
        }
        catch (JsonException error)
        {
            throw new ArgumentException($"{path}, line {error.LineNumber + 1}: {error.Message}", error);
        }
    }

    public override string ToString() => $"sandbox at {Url}";

    /// <exception cref="ArgumentException">A setting that cannot work, by its name.</exception>
    internal SandboxOptions Checked()
    {
        if (!Url.IsAbsoluteUri || Url.Scheme != Uri.UriSchemeHttp || !Url.IsLoopback || Url.PathAndQuery != "/")
        {
            throw new ArgumentException($"{nameof(Url)} must be http://, on loopback, without a path: {Url}");
        }

        if (Url.HostNameType == UriHostNameType.Dns && !string.Equals(Url.Host, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{nameof(Url)} must name localhost or a loopback address: {Url}");
        }

        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            throw new ArgumentException($"{nameof(DataDirectory)} must name a folder");
        }

        Alipay.Check();
        Reloadly.Check();
        WeChatPay?.Check();
        Stripe?.Check();
        return this;
    }

    /// <summary>The address to listen on; null stands for localhost, which is both 127.0.0.1 and [::1].</summary>
    internal IPAddress? Address => Url.HostNameType == UriHostNameType.Dns ? null : IPAddress.Parse(Url.Host.Trim('[', ']'));
}

/// <summary>The one merchant that the sandbox's Alipay knows.</summary>
/// <param name="MerchantPublicKeyPem">Verifies the merchant's requests; RSA, 2048 bits or more.</param>
/// <param name="AlipayPrivateKeyPem">Signs Alipay's answers and notifications; RSA, 2048 bits or more.</param>
public sealed record AlipayBooksOptions(string AppId, string SellerId, string MerchantPublicKeyPem, string AlipayPrivateKeyPem)
{
    private const int LeastKeyBits = 2048;

    /// <summary>Stretches the waits between tries of a notification, which start at 2 seconds: 1 is a sandbox's pace, 120 about the real one's.</summary>
    public double RetryFactor { get; init; } = 1;

    /// <summary>Puts the app into certificate mode; null: key mode.</summary>
    public AlipayCertificateOptions? Certificates { get; init; }

    /// <summary>The app's gateway: told when a payer ends an agreement within Alipay; null: nobody is told.</summary>
    public Uri? AppGatewayUrl { get; init; }

    /// <summary>What Alipay keeps of a payment, as a part of it.</summary>
    public decimal ServiceFeeRate { get; init; } = 0.006m;

    /// <summary>True: a time in which nothing happened has an empty bill. False: it has none (NO_BILL_DATA). Which one a merchant gets is up to Alipay.</summary>
    public bool EmptyBills { get; init; } = true;

    /// <summary>A demonstration's pace: a bill can be had of today, as far as today has gone. Otherwise from 09:00 of the day after on.</summary>
    public bool BillsAtOnce { get; init; }

    public override string ToString() => $"Alipay app {AppId}";

    internal void Check()
    {
        foreach (var (name, text) in new[] { (nameof(AppId), AppId), (nameof(SellerId), SellerId) })
        {
            if (string.IsNullOrEmpty(text) || text.Length > 32 || !text.All(char.IsAsciiLetterOrDigit))
            {
                throw new ArgumentException($"Alipay.{name} must be 1 to 32 letters or digits: '{text}'");
            }
        }

        if (RetryFactor is not (> 0 and <= 1000))
        {
            throw new ArgumentException($"Alipay.{nameof(RetryFactor)} must be above 0 and at most 1000: {RetryFactor}");
        }

        CheckKey(nameof(MerchantPublicKeyPem), MerchantPublicKeyPem, needsPrivate: false);
        CheckKey(nameof(AlipayPrivateKeyPem), AlipayPrivateKeyPem, needsPrivate: true);
        Certificates?.Check(this);
        if (AppGatewayUrl is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https")))
        {
            throw new ArgumentException($"Alipay.{nameof(AppGatewayUrl)} must be an http or https address: {url}");
        }

        if (ServiceFeeRate is < 0 or > 0.1m)
        {
            throw new ArgumentException($"Alipay.{nameof(ServiceFeeRate)} must be 0 to 0.1: {ServiceFeeRate}");
        }
    }

    private static void CheckKey(string name, string pem, bool needsPrivate)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(pem);
            if (key.KeySize < LeastKeyBits)
            {
                throw new ArgumentException($"Alipay.{name} must have {LeastKeyBits} bits or more, not {key.KeySize}");
            }

            if (needsPrivate)
            {
                key.ExportParameters(includePrivateParameters: true);
            }
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException { ParamName: not null })
        {
            // Without the parser's own words: they may hold a part of the key.
            throw new ArgumentException($"Alipay.{name} is not an RSA {(needsPrivate ? "private" : "public")} key in PEM form");
        }
    }
}

/// <summary>The one customer that the sandbox's Reloadly knows.</summary>
/// <param name="WebhookUrl">Where airtime_transaction.status goes; null: nowhere.</param>
/// <param name="WebhookSecret">Signs webhooks.</param>
public sealed record ReloadlyBooksOptions(string ClientId, string ClientSecret, Uri? WebhookUrl, string WebhookSecret)
{
    private const int LongestSecret = 256;

    /// <summary>The prepaid balance in new or reset books, in cents of USD.</summary>
    public long OpeningBalanceCents { get; init; } = 1_000_000;

    /// <summary>How long an access token lives, in seconds.</summary>
    public int TokenSeconds { get; init; } = 86_400;

    public override string ToString() => $"Reloadly client {ClientId}";

    internal void Check()
    {
        foreach (var (name, text) in new[] { (nameof(ClientId), ClientId), (nameof(ClientSecret), ClientSecret), (nameof(WebhookSecret), WebhookSecret) })
        {
            if (string.IsNullOrEmpty(text) || text.Length > LongestSecret)
            {
                throw new ArgumentException($"Reloadly.{name} must have 1 to {LongestSecret} characters");
            }
        }

        if (WebhookUrl is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https")))
        {
            throw new ArgumentException($"Reloadly.{nameof(WebhookUrl)} must be an http or https address: {url}");
        }

        if (OpeningBalanceCents is < 0 or > 100_000_000_00)
        {
            throw new ArgumentException($"Reloadly.{nameof(OpeningBalanceCents)} must be 0 to 10000000000: {OpeningBalanceCents}");
        }

        if (TokenSeconds is < 1 or > 5_184_000)
        {
            throw new ArgumentException($"Reloadly.{nameof(TokenSeconds)} must be 1 to 5184000: {TokenSeconds}");
        }
    }
}
