using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Refill.Payments.WeChatPay;

/// <summary>A public key of WeChat Pay's, as the merchant platform shows it.</summary>
/// <param name="Id">PUB_KEY_ID_…</param>
public sealed record WeChatPayPublicKey(string Id, string Pem);

/// <summary>What is secret, or changes when keys change. Prints nothing of it.</summary>
/// <param name="Certificate">Our API certificate (apiclient_cert.pem), or only its serial number (hexadecimal).</param>
/// <param name="PrivateKeyPem">The key that belongs to it (apiclient_key.pem).</param>
/// <param name="ApiV3Keys">The APIv3 key, 32 characters. While it is being changed: the new one and the old one, for what is still under way.</param>
public sealed record WeChatPayKeys(string Certificate, string PrivateKeyPem, IReadOnlyList<string> ApiV3Keys)
{
    /// <summary>Public-key mode: answers are asked for under the first, all are believed. Empty: platform certificates only.</summary>
    public IReadOnlyList<WeChatPayPublicKey> PublicKeys { get; init; } = [];

    /// <summary>Of the app (a service account): to learn a payer's openid. Null: nobody is asked to pay within WeChat.</summary>
    public string? AppSecret { get; init; }

    public override string ToString() => "keys of WeChat Pay";
}

/// <summary>The keys, read and found fit.</summary>
/// <param name="AskFor">The serial that we want answers signed under; null: as WeChat Pay likes.</param>
internal sealed record WeChatPayKeySet(string SerialNumber, RSA PrivateKey, ImmutableArray<byte[]> ApiV3Keys, FrozenDictionary<string, RSA> PublicKeys, string? AskFor, string? AppSecret)
{
    private const int LeastKeyBits = 2048;
    private const int ApiV3KeyBytes = 32;
    private const int MaxKeys = 8;
    public const string PublicKeyPrefix = "PUB_KEY_ID_";

    public override string ToString() => "keys of WeChat Pay";

    /// <exception cref="GatewaySettingException">A key that cannot work, by its name.</exception>
    public static WeChatPayKeySet Load(WeChatPayKeys keys)
    {
        var ours = Read(keys.PrivateKeyPem, "our private key");
        if (!IsPrivate(ours))
        {
            throw new GatewaySettingException("our private key is only a public key");
        }

        if (keys.ApiV3Keys.Count is 0 or > MaxKeys || keys.PublicKeys.Count > MaxKeys)
        {
            throw new GatewaySettingException($"there must be 1 to {MaxKeys} APIv3 keys, and at most {MaxKeys} public keys of WeChat Pay");
        }

        var seals = keys.ApiV3Keys.Select(key => Encoding.UTF8.GetBytes(key.Trim())).ToImmutableArray();
        if (seals.Any(key => key.Length != ApiV3KeyBytes))
        {
            throw new GatewaySettingException($"the APIv3 key must be {ApiV3KeyBytes} characters long");
        }

        var theirs = new Dictionary<string, RSA>(StringComparer.Ordinal);
        foreach (var (id, pem) in keys.PublicKeys)
        {
            if (!id.StartsWith(PublicKeyPrefix, StringComparison.Ordinal) || id.Length > 64 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw new GatewaySettingException($"the id of WeChat Pay's public key must begin with {PublicKeyPrefix}");
            }

            var key = Read(pem, "WeChat Pay's public key");
            if (SameKey(key, ours))
            {
                throw new GatewaySettingException("what is given as WeChat Pay's public key is our own; the merchant platform shows both");
            }

            if (!theirs.TryAdd(id, key))
            {
                throw new GatewaySettingException("two public keys of WeChat Pay are given under one id");
            }
        }

        return new WeChatPayKeySet(SerialOf(keys.Certificate, ours), ours, seals, theirs.ToFrozenDictionary(StringComparer.Ordinal), keys.PublicKeys.Count > 0 ? keys.PublicKeys[0].Id : null, Secret(keys.AppSecret));
    }

    /// <summary>As WeChat Pay writes a certificate's serial number: upper case, without the sign's zero byte.</summary>
    public static string SerialText(string hexadecimal)
    {
        var text = hexadecimal.ToUpperInvariant();
        return text.Length > 2 && text.StartsWith("00", StringComparison.Ordinal) ? text[2..] : text;
    }

    private static string SerialOf(string certificate, RSA ours)
    {
        if (!certificate.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            var serial = certificate.Trim();
            return serial.Length is >= 8 and <= 64 && serial.All(char.IsAsciiHexDigit)
                ? SerialText(serial)
                : throw new GatewaySettingException("our API certificate must be a PEM text, or its serial number in hexadecimal");
        }

        try
        {
            using var ourCertificate = X509Certificate2.CreateFromPem(certificate);
            using var key = ourCertificate.GetRSAPublicKey();
            return key is not null && SameKey(key, ours)
                ? SerialText(ourCertificate.SerialNumber)
                : throw new GatewaySettingException("our API certificate does not belong to our private key");
        }
        catch (CryptographicException)
        {
            throw new GatewaySettingException("our API certificate cannot be read as a certificate");
        }
    }

    private static RSA Read(string pem, string name)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new GatewaySettingException($"{name} cannot be read as an RSA key in PEM");
        }

        return rsa.KeySize >= LeastKeyBits ? rsa : throw new GatewaySettingException($"{name} has {rsa.KeySize} bits; {LeastKeyBits} are needed");
    }

    private static string? Secret(string? appSecret) => appSecret?.Trim() switch
    {
        null or "" => null,
        { Length: >= 16 and <= 64 } secret when secret.All(char.IsAsciiLetterOrDigit) => secret,
        _ => throw new GatewaySettingException("the app secret must be 16 to 64 letters and digits"),
    };

    private static bool SameKey(RSA one, RSA other) => one.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.ExportSubjectPublicKeyInfo());

    private static bool IsPrivate(RSA rsa)
    {
        try
        {
            _ = rsa.ExportParameters(includePrivateParameters: true);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
