using System.Security.Cryptography;

namespace Refill.Payments.Alipay;

/// <summary>Who we are at Alipay. Prints no key.</summary>
/// <param name="GatewayUrl">Such as https://openapi.alipay.com/gateway.do; plain http on loopback only.</param>
/// <param name="SellerId">The seller's id (2088…), held against each notification.</param>
/// <param name="PrivateKeyPem">Ours: PEM or bare base64, PKCS#8 or PKCS#1.</param>
/// <param name="AlipayPublicKeyPem">Alipay's, not ours: PEM or bare base64, SubjectPublicKeyInfo. Not looked at in certificate mode.</param>
/// <param name="NotifyUrl">Where Alipay posts its notifications.</param>
/// <param name="Timeout">How long one call may take, 1 s to 1 min.</param>
public sealed record AlipayOptions(Uri GatewayUrl, string AppId, string SellerId, string PrivateKeyPem, string AlipayPublicKeyPem, Uri NotifyUrl, TimeSpan Timeout)
{
    internal const int LeastKeyBits = 2048;

    /// <summary>Certificate mode, if they are given; else key mode.</summary>
    public AlipayCertificates? Certificates { get; init; }

    public override string ToString() => $"Alipay at {GatewayUrl}, app {AppId}";

    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    internal AlipayKeys Load(DateTimeOffset now)
    {
        if (!GatewayUrl.IsAbsoluteUri || (GatewayUrl.Scheme != Uri.UriSchemeHttps && !(GatewayUrl.Scheme == Uri.UriSchemeHttp && GatewayUrl.IsLoopback)))
        {
            throw new GatewaySettingException($"the gateway's address must be https (http on loopback only): {GatewayUrl}");
        }

        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(1))
        {
            throw new GatewaySettingException($"the time limit of a call must be 1 s to 1 min: {Timeout}");
        }

        var ours = Read(PrivateKeyPem, "our private key", isPrivate: true);
        if (Certificates is { } certificates)
        {
            return new AlipayKeys(this, ours, [], new AlipayTrust(certificates, ours, now));
        }

        var theirs = Read(AlipayPublicKeyPem, "Alipay's public key", isPrivate: false);
        if (ours.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(theirs.ExportSubjectPublicKeyInfo()))
        {
            throw new GatewaySettingException("what is given as Alipay's public key is our own; the console shows both");
        }

        return new AlipayKeys(this, ours, [theirs], null);
    }

    private static RSA Read(string text, string name, bool isPrivate)
    {
        var rsa = RSA.Create();
        try
        {
            if (text.Contains("-----BEGIN", StringComparison.Ordinal))
            {
                rsa.ImportFromPem(text);
            }
            else
            {
                Import(rsa, Convert.FromBase64String(string.Concat(text.Where(c => !char.IsWhiteSpace(c)))), isPrivate);
            }
        }
        catch (Exception error) when (error is CryptographicException or FormatException or ArgumentException)
        {
            throw new GatewaySettingException($"{name} cannot be read as {(isPrivate ? "a PKCS#8 or PKCS#1 private" : "a public")} RSA key");
        }

        if (rsa.KeySize < LeastKeyBits)
        {
            throw new GatewaySettingException($"{name} has {rsa.KeySize} bits; RSA2 needs {LeastKeyBits}");
        }

        if (isPrivate && !HasPrivateKey(rsa))
        {
            throw new GatewaySettingException($"{name} is only a public key");
        }

        return rsa;
    }

    private static void Import(RSA rsa, byte[] der, bool isPrivate)
    {
        if (!isPrivate)
        {
            rsa.ImportSubjectPublicKeyInfo(der, out _);
            return;
        }

        try
        {
            rsa.ImportPkcs8PrivateKey(der, out _);
        }
        catch (CryptographicException)
        {
            rsa.ImportRSAPrivateKey(der, out _);
        }
    }

    private static bool HasPrivateKey(RSA rsa)
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
