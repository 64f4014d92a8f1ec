using System.Security.Cryptography;
using System.Text.Json;
using Refill.Sandbox;

namespace Refill.Server;

/// <summary>
/// The keys and secrets that the demo shares with its sandbox: made once, kept in DATA/demo-secrets.json, worth nothing outside this machine.
/// Each side has its own key pair and only the other's public key, as with the real gateway.
/// </summary>
public sealed record DemoSecrets(string MerchantPrivateKey, string MerchantPublicKey, string AlipayPrivateKey, string AlipayPublicKey, string ReloadlyClientId, string ReloadlyClientSecret, string ReloadlyWebhookSecret)
{
    public const string AppId = "2026000000000001";
    public const string SellerId = "2088000000000001";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Reads DATA/demo-secrets.json, or makes it.</summary>
    /// <exception cref="SettingException">The file is damaged.</exception>
    public static DemoSecrets LoadOrCreate(string data)
    {
        Directory.CreateDirectory(data);
        var path = Path.Combine(data, "demo-secrets.json");
        if (File.Exists(path))
        {
            return Read(path);
        }

        using var merchant = RSA.Create(2048);
        using var alipay = RSA.Create(2048);
        var secrets = new DemoSecrets(
            merchant.ExportPkcs8PrivateKeyPem(), merchant.ExportSubjectPublicKeyInfoPem(), alipay.ExportPkcs8PrivateKeyPem(), alipay.ExportSubjectPublicKeyInfoPem(),
            "demo-client", RandomNumberGenerator.GetHexString(32, lowercase: true), RandomNumberGenerator.GetHexString(32, lowercase: true));
        var fresh = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var stream = new FileStream(fresh, options))
            {
                JsonSerializer.Serialize(stream, secrets, Json);
            }

            File.Move(fresh, path);
            return secrets;
        }
        catch (IOException) when (File.Exists(path))
        {
            return Read(path); // Another process was faster; its secrets are the secrets.
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
        new AlipayBooksOptions(AppId, SellerId, MerchantPublicKey, AlipayPrivateKey),
        new ReloadlyBooksOptions(ReloadlyClientId, ReloadlyClientSecret, new Uri(publicUrl, "/inbound/carriers/reloadly"), ReloadlyWebhookSecret));

    public override string ToString() => "demo secrets";

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
