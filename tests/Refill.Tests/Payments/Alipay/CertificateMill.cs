using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Roots, what they issue, and the numbers that Alipay gives them, made by the test itself.</summary>
internal sealed record CertificateMill(X509Certificate2 Certificate, RSA Key)
{
    public static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Until = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static int next = 1000;

    public string Pem => Certificate.ExportCertificatePem();

    /// <summary>md5hex("CN=…,OU=…,O=…,C=…" of the issuer, and the serial in decimal).</summary>
    public string Number
    {
        get
        {
            var issuer = string.Join(',', Certificate.Issuer.Split(", "));
            var serial = BigInteger.Parse("0" + Certificate.SerialNumber, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
#pragma warning disable CA5351
            return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(issuer + serial)));
#pragma warning restore CA5351
        }
    }

    public static CertificateMill Root(string name)
    {
        var key = RSA.Create(2048);
        var request = Request(name, key, isIssuer: true);
        return new CertificateMill(request.CreateSelfSigned(From.AddYears(-5), Until.AddYears(5)), key);
    }

    public static X509Certificate2 EllipticRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        return new CertificateRequest("CN=Elliptic, O=Test, C=CN", key, HashAlgorithmName.SHA384).CreateSelfSigned(From, Until);
    }

    public CertificateMill Issue(string name, bool isIssuer = false, DateTimeOffset? from = null, DateTimeOffset? until = null, RSA? key = null)
    {
        key ??= RSA.Create(2048);
        var serial = BitConverter.GetBytes(Interlocked.Increment(ref next)).Reverse().SkipWhile(part => part == 0).ToArray();
        using var issuer = Certificate.HasPrivateKey ? null : Certificate.CopyWithPrivateKey(Key);
        var certificate = Request(name, key, isIssuer).Create(issuer ?? Certificate, from ?? From, until ?? Until, serial);
        return new CertificateMill(certificate, key);
    }

    private static CertificateRequest Request(string name, RSA key, bool isIssuer)
    {
        var request = new CertificateRequest($"CN={name}, OU=Certification Authority, O=Test Financial, C=CN", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isIssuer, false, 0, critical: true));
        return request;
    }
}
