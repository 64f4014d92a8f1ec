using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Refill.Sandbox.Alipay.Certificates;

/// <summary>How the protocol names certificates (app_cert_sn, alipay_cert_sn, alipay_root_cert_sn): as Alipay's SDKs reckon it.</summary>
internal static class CertificateNumber
{
    private const string SignedWithRsa = "1.2.840.113549.1.1";

    private static readonly FrozenDictionary<string, string> ShortNames = new Dictionary<string, string>
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
    }.ToFrozenDictionary();

    /// <summary>The MD5 of the issuer's names, the last one first, and the serial number as a decimal.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "The protocol names certificates so; nothing is protected by it.")]
    internal static string Of(X509Certificate2 certificate)
    {
        var issuer = certificate.IssuerName.EnumerateRelativeDistinguishedNames(reversed: true)
            .Select(name => (Type: name.GetSingleElementType().Value!, Value: name.GetSingleElementValue()))
            .Select(name => $"{ShortNames.GetValueOrDefault(name.Type, name.Type)}={name.Value}");
        var serial = new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true);
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(string.Join(',', issuer) + serial.ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>The roots' numbers joined by an underscore, without those that are signed with something else than RSA; empty if there are none.</summary>
    internal static string OfRoots(IEnumerable<X509Certificate2> roots) =>
        string.Join('_', roots.Where(root => root.SignatureAlgorithm.Value!.StartsWith(SignedWithRsa, StringComparison.Ordinal)).Select(Of));

    /// <exception cref="CryptographicException">No certificates.</exception>
    internal static X509Certificate2Collection Read(string pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        return certificates;
    }
}
