using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Refill.Payments.Alipay;

/// <summary>Certificate mode: the three files that Alipay's console gives for an app, as PEM texts.</summary>
/// <param name="AppCertificatePem">Ours (appCertPublicKey_….crt); it belongs to our private key.</param>
/// <param name="AlipayCertificatePem">Alipay's (alipayCertPublicKey_RSA2.crt), with what it was issued by, if that is in the file.</param>
/// <param name="AlipayRootPem">Alipay's roots (alipayRootCert.crt).</param>
public sealed record AlipayCertificates(string AppCertificatePem, string AlipayCertificatePem, string AlipayRootPem)
{
    public override string ToString() => "three certificates";
}

/// <summary>How Alipay numbers certificates.</summary>
internal static class AlipayCertificateNumber
{
    /// <summary>Signature algorithms of PKCS#1, RSA: the others in the root file (SM2, ECDSA) do not count, and .NET may not be able to read their keys.</summary>
    private const string Rsa = "1.2.840.113549.1.1.";

    public static bool IsRsa(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value?.StartsWith(Rsa, StringComparison.Ordinal) == true;

    /// <summary>The MD5, in hex, of the issuer's names from the last to the first, joined by commas, and the serial number in decimal. MD5 is Alipay's choice: it names and protects nothing.</summary>
    public static string Of(X509Certificate2 certificate)
    {
        var issuer = string.Join(',', certificate.IssuerName.EnumerateRelativeDistinguishedNames(reversed: true).Select(name => $"{ShortName(name.GetSingleElementType())}={name.GetSingleElementValue()}"));
        var serial = new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
#pragma warning disable CA5351
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(issuer + serial)));
#pragma warning restore CA5351
    }

    /// <summary>Of the root file: those of its RSA certificates, in their order.</summary>
    public static string OfRoots(X509Certificate2Collection roots) => string.Join('_', roots.Where(IsRsa).Select(Of));

    /// <summary>What a number looks like; anything else is not asked for.</summary>
    public static bool IsOne(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    private static string ShortName(Oid type) => type.Value switch
    {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        var other => type.FriendlyName ?? other ?? "",
    };
}
