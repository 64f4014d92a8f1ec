using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Refill.Sandbox;

/// <summary>Certificates of a sandbox, made for a test or for the demo: roots, one that issues, and one of each side. All in PEM form; worth nothing outside.</summary>
/// <param name="RootCertificates">Two, as the real file mixes kinds: one of ECDSA, which the protocol passes over, and the RSA one that counts.</param>
/// <param name="AlipayCertificate">Alipay's own and after it the one that issued it.</param>
public sealed record AlipayCertificateSet(
    string RootCertificates, string IssuerPrivateKey, string AlipayCertificate, string AlipayPrivateKey, string MerchantCertificate, string MerchantPrivateKey)
{
    private const int KeyBits = 2048;

    /// <summary>What the sandbox is told.</summary>
    public AlipayCertificateOptions ForSandbox => new(MerchantCertificate, AlipayCertificate, RootCertificates, IssuerPrivateKey);

    /// <param name="now">They are good from a day before it for five years, the roots for twenty.</param>
    /// <param name="merchantPrivateKey">A key that is there already, in PEM form; null: a new one.</param>
    /// <param name="alipayPrivateKey">Likewise.</param>
    public static AlipayCertificateSet Generate(DateTimeOffset now, string? merchantPrivateKey = null, string? alipayPrivateKey = null)
    {
        using var passedOver = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var ecRoot = SelfSign(new CertificateRequest(Name("Sandbox Root EC"), passedOver, HashAlgorithmName.SHA384), now);
        using var rootKey = RSA.Create(KeyBits);
        using var root = SelfSign(new CertificateRequest(Name("Sandbox Root R1"), rootKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), now);
        using var issuerKey = RSA.Create(KeyBits);
        using var issuer = Issue(root, rootKey, "Sandbox Financial Certification Authority Class 2 R1", issuerKey, now, isIssuer: true);
        using var alipayKey = KeyOf(alipayPrivateKey);
        using var alipay = Issue(issuer, issuerKey, "Sandbox Alipay", alipayKey, now, isIssuer: false);
        using var merchantKey = KeyOf(merchantPrivateKey);
        using var merchant = Issue(issuer, issuerKey, "Sandbox Merchant", merchantKey, now, isIssuer: false);
        return new AlipayCertificateSet(
            Lines(ecRoot, root), issuerKey.ExportPkcs8PrivateKeyPem(), Lines(alipay, issuer), alipayKey.ExportPkcs8PrivateKeyPem(), Lines(merchant), merchantKey.ExportPkcs8PrivateKeyPem());
    }

    public override string ToString() => "certificates of a sandbox";

    /// <summary>One more certificate of Alipay's under the same issuer, and after it that issuer's.</summary>
    internal static string Reissue(string chain, string issuerPrivateKey, RSA key, DateTimeOffset now)
    {
        using var issuerKey = KeyOf(issuerPrivateKey);
        using var issuer = Alipay.Certificates.CertificateNumber.Read(chain)[1];
        using var renewed = Issue(issuer, issuerKey, "Sandbox Alipay", key, now, isIssuer: false);
        return Lines(renewed, issuer);
    }

    private static X509Certificate2 SelfSign(CertificateRequest request, DateTimeOffset now)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(20));
    }

    private static X509Certificate2 Issue(X509Certificate2 issuer, RSA issuerKey, string name, RSA key, DateTimeOffset now, bool isIssuer)
    {
        var request = new CertificateRequest(Name(name), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isIssuer, isIssuer, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isIssuer ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, true));

        // Sixteen bytes whose first is neither 0 nor above 127: a positive number without a leading zero, as a serial number has to be.
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x3f) | 0x40);
        return request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForRSA(issuerKey, RSASignaturePadding.Pkcs1), now.AddDays(-1), now.AddYears(5), serial);
    }

    private static X500DistinguishedName Name(string commonName)
    {
        // The builder encodes what was added last at the front: the country stands first, as in Alipay's own certificates.
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        name.AddOrganizationalUnitName("Certification Authority");
        name.AddOrganizationName("Refill Sandbox");
        name.AddCountryOrRegion("CN");
        return name.Build();
    }

    private static RSA KeyOf(string? pem)
    {
        var key = RSA.Create(KeyBits);
        if (pem is not null)
        {
            key.ImportFromPem(pem);
        }

        return key;
    }

    private static string Lines(params X509Certificate2[] certificates) => string.Join('\n', certificates.Select(certificate => certificate.ExportCertificatePem())) + "\n";
}
