using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text.Json;
using Refill.Sandbox.Stripe;
using Refill.Sandbox;
using Refill.Storage;

namespace Refill.Server;

/// <summary>
/// The keys and secrets that the demo shares with its sandbox: made once, kept in DATA/demo-secrets.json, worth nothing outside this machine.
/// Each side has its own key pair and only the other's public key, as with the real gateway.
/// </summary>
public sealed record DemoSecrets(string MerchantPrivateKey, string MerchantPublicKey, string AlipayPrivateKey, string AlipayPublicKey, string ReloadlyClientId, string ReloadlyClientSecret, string ReloadlyWebhookSecret, string? ConsoleKey = null, DemoSecrets.WeChatPaySecrets? WeChatPay = null, DemoSecrets.StripeSecrets? Stripe = null)
{
    public const string AppId = "2026000000000001";
    public const string SellerId = "2088000000000005";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Reads DATA/demo-secrets.json, or makes it.</summary>
    /// <exception cref="SettingException">The file is damaged.</exception>
    public static DemoSecrets LoadOrCreate(string data)
    {
        Directory.CreateDirectory(data);
        var path = Path.Combine(data, "demo-secrets.json");
        if (File.Exists(path))
        {
            var known = Read(path);
            var whole = known.Completed();
            return whole == known ? known : Write(path, whole, replace: true);
        }

        using var merchant = RSA.Create(2048);
        using var alipay = RSA.Create(2048);
        var secrets = new DemoSecrets(
            merchant.ExportPkcs8PrivateKeyPem(), merchant.ExportSubjectPublicKeyInfoPem(), alipay.ExportPkcs8PrivateKeyPem(), alipay.ExportSubjectPublicKeyInfoPem(),
            "demo-client", Hex(32), Hex(32)).Completed();
        return Write(path, secrets);
    }

    /// <summary>With what this version wants and the file, made by one before it, does not have.</summary>
    private DemoSecrets Completed() => this with { ConsoleKey = ConsoleKey ?? Hex(32), WeChatPay = WeChatPay ?? WeChatPaySecrets.New(), Stripe = Stripe ?? new StripeSecrets($"sk_test_{Hex(32)}", $"whsec_{Hex(32)}") };

    private static string Hex(int digits) => RandomNumberGenerator.GetHexString(digits, lowercase: true);

    /// <summary>Puts the file there, or takes the one that another process has put there meanwhile.</summary>
    private static DemoSecrets Write(string path, DemoSecrets secrets, bool replace = false)
    {
        var fresh = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(fresh, DurableFile.New()))
            {
                JsonSerializer.Serialize(stream, secrets, Json);
            }

            if (replace)
            {
                File.Move(fresh, path, overwrite: true);
                return secrets;
            }

            return DurableFile.TryName(fresh, path) ? secrets : Read(path); // If another process was faster, its secrets are the secrets.
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <summary>What the sandbox is told: its own private key, our public one.</summary>
    public SandboxOptions ForSandbox(Uri sandboxUrl, string data, Uri publicUrl) => new(
        sandboxUrl,
        Path.Combine(data, "sandbox"),
        new AlipayBooksOptions(AppId, SellerId, MerchantPublicKey, AlipayPrivateKey) { BillsAtOnce = true },
        new ReloadlyBooksOptions(ReloadlyClientId, ReloadlyClientSecret, new Uri(publicUrl, "/inbound/carriers/reloadly"), ReloadlyWebhookSecret))
    {
        WeChatPay = WeChatPay!.ForSandbox(),
        Stripe = new StripeBooksOptions(Stripe!.SecretKey, new Uri(publicUrl, "/inbound/payments/stripe"), Stripe.WebhookSecret),
    };

    public override string ToString() => "demo secrets";

    /// <summary>Of the demo's Stripe account.</summary>
    public sealed record StripeSecrets(string SecretKey, string WebhookSecret)
    {
        public override string ToString() => "demo secrets";
    }

    /// <summary>Of the demo's merchant at WeChat Pay, in public-key mode.</summary>
    public sealed record WeChatPaySecrets(
        string MerchantSerial, string MerchantPrivateKey, string MerchantPublicKey, string ApiV3Key, string PlatformCertificate, string PlatformPrivateKey, string PublicKeyId, string PublicKey, string PublicKeyPrivateKey,
        string AppSecret)
    {
        public const string MerchantId = "1900000001";
        public const string AppId = "wxdemo0000000001";
        private static readonly TimeSpan CertificateLives = TimeSpan.FromDays(3650);

        internal static WeChatPaySecrets New()
        {
            using var merchant = RSA.Create(2048);
            using var platform = RSA.Create(2048);
            using var key = RSA.Create(2048);
            var now = TimeProvider.System.GetUtcNow();
            using var certificate = new CertificateRequest("CN=WeChat Pay of the demo", platform, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now + CertificateLives);
            return new WeChatPaySecrets(
                RandomNumberGenerator.GetString("123456789ABCDEF", 40), merchant.ExportPkcs8PrivateKeyPem(), merchant.ExportSubjectPublicKeyInfoPem(), Hex(32), certificate.ExportCertificatePem(), platform.ExportPkcs8PrivateKeyPem(),
                "PUB_KEY_ID_" + RandomNumberGenerator.GetString("0123456789", 20), key.ExportSubjectPublicKeyInfoPem(), key.ExportPkcs8PrivateKeyPem(), Hex(32));
        }

        /// <summary>Notifications are repeated quickly, and statements of today are to be had today: nobody waits a day for a demonstration.</summary>
        internal WeChatPayBooksOptions ForSandbox() => new(MerchantId, AppId, MerchantSerial, MerchantPublicKey, ApiV3Key, PlatformCertificate, PlatformPrivateKey, PublicKeyId, PublicKeyPrivateKey)
        {
            AppSecret = AppSecret,
            RetryFactor = 0.1,
            StatementsAtOnce = true,
        };

        public override string ToString() => "demo secrets";
    }

    private static DemoSecrets Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<DemoSecrets>(File.ReadAllText(path), Json) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new SettingException($"{path} is damaged; delete it, and it is made anew");
        }
    }
}
