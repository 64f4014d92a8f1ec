using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Refill.Payments.Alipay;

/// <summary>A certificate of Alipay's that its answers may be signed with.</summary>
internal sealed record AlipayCertificate(string Number, RSA Key, DateTimeOffset From, DateTimeOffset Until)
{
    /// <summary>Null: it counts now.</summary>
    public string? WhyNotNow(DateTimeOffset now) => AlipayTrust.WhyNotNow("Alipay's certificate", From, Until, now);
}

/// <summary>What certificate mode rests on: our number, the roots, and the certificates of Alipay's that are known; those that come later are checked against the roots (failure cases 12 and 13).</summary>
internal sealed class AlipayTrust
{
    private const int MaxKnown = 16;
    private const int MaxContent = 64 * 1024;

    private readonly ConcurrentDictionary<string, AlipayCertificate> known = new(StringComparer.Ordinal);
    private readonly X509Certificate2Collection roots;
    private readonly X509Certificate2Collection between;
    private readonly DateTimeOffset appFrom;
    private readonly DateTimeOffset appUntil;

    /// <exception cref="GatewaySettingException">A certificate that cannot work, by its name.</exception>
    public AlipayTrust(AlipayCertificates texts, RSA ours, DateTimeOffset now)
    {
        var app = Read(texts.AppCertificatePem, "our app certificate")[0];
        using var appKey = KeyOf(app, "our app certificate");
        if (!appKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(ours.ExportSubjectPublicKeyInfo()))
        {
            throw new GatewaySettingException("our app certificate does not belong to our private key");
        }

        (AppNumber, appFrom, appUntil) = (AlipayCertificateNumber.Of(app), From(app), Until(app));
        if (WhyAppNotNow(now) is { } expired)
        {
            throw new GatewaySettingException(expired);
        }

        var all = Read(texts.AlipayRootPem, "Alipay's root file");
        roots = [.. all.Where(AlipayCertificateNumber.IsRsa)];
        RootNumber = AlipayCertificateNumber.OfRoots(all);
        if (roots.Count == 0)
        {
            throw new GatewaySettingException("Alipay's root file holds no RSA certificate");
        }

        // That it is Alipay's is the setting's word, as with a public key. It may have expired: the one after it is fetched when it is met.
        var theirs = Read(texts.AlipayCertificatePem, "Alipay's certificate");
        between = [.. theirs.Skip(1).Where(AlipayCertificateNumber.IsRsa)];
        var first = new AlipayCertificate(AlipayCertificateNumber.Of(theirs[0]), KeyOf(theirs[0], "Alipay's certificate"), From(theirs[0]), Until(theirs[0]));
        if (first.Number == AppNumber)
        {
            throw new GatewaySettingException("what is given as Alipay's certificate is our own; the console shows both");
        }

        known[first.Number] = first;
    }

    /// <summary>app_cert_sn of our calls.</summary>
    public string AppNumber { get; }

    /// <summary>alipay_root_cert_sn of our calls.</summary>
    public string RootNumber { get; }

    /// <summary>All that are known, for what names none: Alipay's SDKs take the one at hand then.</summary>
    public IEnumerable<AlipayCertificate> Known => known.Values;

    public AlipayCertificate? Find(string number) => known.GetValueOrDefault(number);

    /// <summary>Null: our own certificate counts now.</summary>
    public string? WhyAppNotNow(DateTimeOffset now) => WhyNotNow("our app certificate", appFrom, appUntil, now);

    /// <summary>Reads what was downloaded (base64 of a PEM text or of a certificate) and follows it to a root.</summary>
    public (AlipayCertificate? Certificate, string? Why) Check(string number, string? content, DateTimeOffset now)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            if (content is not { Length: > 0 and <= MaxContent })
            {
                return (null, "a downloaded certificate that is empty or too long");
            }

            var bytes = Convert.FromBase64String(content);
            if (Encoding.ASCII.GetString(bytes) is var text && text.Contains("-----BEGIN", StringComparison.Ordinal))
            {
                certificates.ImportFromPem(text);
            }
            else
            {
                certificates.Add(X509CertificateLoader.LoadCertificate(bytes));
            }
        }
        catch (Exception error) when (error is CryptographicException or FormatException)
        {
            return (null, "a downloaded certificate that cannot be read");
        }

        if (certificates.FirstOrDefault(one => AlipayCertificateNumber.IsRsa(one) && AlipayCertificateNumber.Of(one) == number) is not { } leaf || leaf.GetRSAPublicKey() is not { KeySize: >= AlipayOptions.LeastKeyBits } key)
        {
            return (null, "a downloaded certificate of another number than was asked for, or without a fit RSA key");
        }

        if (WhyNotNow("Alipay's certificate", From(leaf), Until(leaf), now) is { } expired)
        {
            return (null, expired);
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(between);
        chain.ChainPolicy.ExtraStore.AddRange(certificates.Where(AlipayCertificateNumber.IsRsa).ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = now.LocalDateTime;
        return chain.Build(leaf)
            ? (new AlipayCertificate(number, key, From(leaf), Until(leaf)), null)
            : (null, $"a downloaded certificate that does not lead to Alipay's root file ({string.Join(", ", chain.ChainStatus.Select(status => status.Status))})");
    }

    public void Add(AlipayCertificate certificate)
    {
        if (known.Count < MaxKnown)
        {
            known.TryAdd(certificate.Number, certificate);
        }
    }

    /// <summary>What was known before the files changed stays known, as long as the roots are the same.</summary>
    public void Keep(AlipayTrust before)
    {
        foreach (var certificate in before.RootNumber == RootNumber ? before.Known : [])
        {
            Add(certificate);
        }
    }

    internal static string? WhyNotNow(string name, DateTimeOffset from, DateTimeOffset until, DateTimeOffset now) =>
        now > until ? string.Create(CultureInfo.InvariantCulture, $"{name} expired at {until:yyyy-MM-dd HH:mm} UTC; the console has the one after it")
        : now < from ? string.Create(CultureInfo.InvariantCulture, $"{name} counts from {from:yyyy-MM-dd HH:mm} UTC only: is our clock right?") : null;

    private static DateTimeOffset From(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    private static DateTimeOffset Until(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    private static X509Certificate2Collection Read(string pem, string name)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            throw new GatewaySettingException($"{name} cannot be read as PEM certificates");
        }

        return certificates.Count > 0 ? certificates : throw new GatewaySettingException($"{name} holds no PEM certificate");
    }

    private static RSA KeyOf(X509Certificate2 certificate, string name) => !AlipayCertificateNumber.IsRsa(certificate) || certificate.GetRSAPublicKey() is not { } key
        ? throw new GatewaySettingException($"{name} is not of RSA")
        : key.KeySize >= AlipayOptions.LeastKeyBits ? key : throw new GatewaySettingException($"{name} has {key.KeySize} bits; RSA2 needs {AlipayOptions.LeastKeyBits}");
}
