using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Refill.Sandbox.Alipay.Certificates;

namespace Refill.Sandbox;

/// <summary>Puts the sandbox's Alipay into certificate mode: both sides name the certificate whose key they signed with. All in PEM form.</summary>
/// <param name="MerchantCertificate">The app's certificate; its key is AlipayBooksOptions.MerchantPublicKeyPem.</param>
/// <param name="AlipayCertificate">Alipay's own, whose key is AlipayBooksOptions.AlipayPrivateKeyPem, and after it the one that issued it.</param>
/// <param name="RootCertificates">What a merchant trusts; those that are not signed with RSA are left out of its number.</param>
/// <param name="IssuerPrivateKey">Of the certificate that issued Alipay's: makes a new one at /control/alipay/rotate.</param>
public sealed record AlipayCertificateOptions(string MerchantCertificate, string AlipayCertificate, string RootCertificates, string IssuerPrivateKey)
{
    public override string ToString() => "certificates of Alipay";

    /// <exception cref="ArgumentException">A certificate that cannot be read, or does not belong where it stands; by its name.</exception>
    internal void Check(AlipayBooksOptions options)
    {
        using var merchant = Read(nameof(MerchantCertificate), MerchantCertificate)[0];
        BelongsTo(nameof(MerchantCertificate), merchant, options.MerchantPublicKeyPem);
        var chain = Read(nameof(AlipayCertificate), AlipayCertificate);
        BelongsTo(nameof(AlipayCertificate), chain[0], options.AlipayPrivateKeyPem);
        if (chain.Count < 2)
        {
            throw new ArgumentException($"Alipay.Certificates.{nameof(AlipayCertificate)} must be followed by the certificate that issued it");
        }

        BelongsTo(nameof(IssuerPrivateKey), chain[1], IssuerPrivateKey);
        if (CertificateNumber.OfRoots(Read(nameof(RootCertificates), RootCertificates)).Length == 0)
        {
            throw new ArgumentException($"Alipay.Certificates.{nameof(RootCertificates)} holds none that is signed with RSA");
        }
    }

    private static X509Certificate2Collection Read(string name, string pem)
    {
        try
        {
            var certificates = CertificateNumber.Read(pem);
            return certificates.Count > 0 ? certificates : throw new CryptographicException("none");
        }
        catch (CryptographicException)
        {
            throw new ArgumentException($"Alipay.Certificates.{name} is not a certificate in PEM form");
        }
    }

    private static void BelongsTo(string name, X509Certificate2 certificate, string keyPem)
    {
        using var key = RSA.Create();
        try
        {
            key.ImportFromPem(keyPem);
        }
        catch (ArgumentException)
        {
            // Without the parser's own words: they may hold a part of the key.
            throw new ArgumentException($"Alipay.Certificates.{name} has no RSA key in PEM form beside it");
        }

        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
        {
            throw new ArgumentException($"Alipay.Certificates.{name} and its key are not of one pair");
        }
    }
}
