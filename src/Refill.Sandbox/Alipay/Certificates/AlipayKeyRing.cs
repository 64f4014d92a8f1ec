using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay.Certificates;

/// <summary>Whose signatures count, and with which key Alipay signs now. Starts with the options' keys; what /control/alipay/rotate has changed stands in the books.</summary>
internal sealed class AlipayKeyRing : IDisposable
{
    internal const int MostKeys = 20;

    private readonly Lock oneAtATime = new();
    private readonly AlipayBooksOptions options;
    private readonly SandboxBooks books;
    private readonly TimeProvider time;
    private readonly List<Held> merchants = [];
    private readonly List<Held> alipays = [];

    public AlipayKeyRing(AlipayBooksOptions options, SandboxBooks books, TimeProvider time)
    {
        (this.options, this.books, this.time) = (options, books, time);
        RootNumber = options.Certificates is { } given ? CertificateNumber.OfRoots(CertificateNumber.Read(given.RootCertificates)) : null;
        merchants.Add(Held.Of(options.MerchantPublicKeyPem, options.Certificates?.MerchantCertificate));
        alipays.Add(Held.Of(options.AlipayPrivateKeyPem, options.Certificates?.AlipayCertificate));
        foreach (var (owner, key, certificate, alone) in books.Enter(entry => entry.Rows(
            "SELECT owner, key, certificate, alone FROM alipay_keys ORDER BY id", row => (row.GetString(0), row.GetString(1), row.TextOrNull(2), row.GetInt64(3) == 1))))
        {
            Add(owner == "alipay" ? alipays : merchants, Held.Of(key, certificate), alone);
        }
    }

    /// <summary>alipay_root_cert_sn as a merchant must send it; null in key mode.</summary>
    internal string? RootNumber { get; }

    internal bool InCertificateMode => RootNumber is not null;

    /// <summary>The number of the certificate that Alipay signs with now; null in key mode.</summary>
    internal string? AlipayNumber
    {
        get
        {
            lock (oneAtATime)
            {
                return alipays[^1].Number;
            }
        }
    }

    internal bool IsMerchantNumber(string number)
    {
        lock (oneAtATime)
        {
            return merchants.Exists(merchant => merchant.Number == number);
        }
    }

    /// <param name="number">Only the key of this certificate counts; null: any of the merchant's keys.</param>
    internal bool IsMerchants(string text, ReadOnlySpan<byte> signature, string? number)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        lock (oneAtATime)
        {
            foreach (var merchant in merchants)
            {
                if ((number is null || merchant.Number == number) && merchant.Key.VerifyData(bytes, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <returns>The signature, and the number of the certificate that it fits.</returns>
    internal (string Signature, string? Number) Sign(string text)
    {
        lock (oneAtATime)
        {
            return (Convert.ToBase64String(alipays[^1].Key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)), alipays[^1].Number);
        }
    }

    /// <summary>One of Alipay's certificates, present or past, with its issuer's; null if there was never one of this number.</summary>
    internal string? ChainOf(string number)
    {
        lock (oneAtATime)
        {
            return alipays.Find(alipay => alipay.Number == number)?.Certificate;
        }
    }

    /// <summary>Certificate mode: Alipay signs with a new key and a new certificate of the same issuer from now on. Says its number.</summary>
    /// <returns>Null in key mode, or when there have been too many.</returns>
    internal string? RenewAlipay()
    {
        if (options.Certificates is not { } given)
        {
            return null;
        }

        using var key = RSA.Create(2048);
        return Keep("alipay", key.ExportPkcs8PrivateKeyPem(), AlipayCertificateSet.Reissue(given.AlipayCertificate, given.IssuerPrivateKey, key, time.GetUtcNow()))?.Number;
    }

    /// <summary>Another key of the merchant's is good beside those that are.</summary>
    /// <param name="pem">A public key; in certificate mode a certificate.</param>
    /// <returns>False if it is none, or when there have been too many.</returns>
    internal bool AcceptMerchant(string pem)
    {
        try
        {
            if (!InCertificateMode)
            {
                return Keep("merchant", pem, null) is not null;
            }

            using var certificate = CertificateNumber.Read(pem)[0];
            return certificate.GetRSAPublicKey() is { } key && Keep("merchant", key.ExportSubjectPublicKeyInfoPem(), pem) is not null;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The merchant has changed over: only its newest key is good from now on.</summary>
    internal void KeepNewestMerchantAlone()
    {
        books.Enter(entry => entry.Change("UPDATE alipay_keys SET alone = 1 WHERE id = (SELECT max(id) FROM alipay_keys WHERE owner = 'merchant')"));
        lock (oneAtATime)
        {
            merchants.RemoveRange(0, merchants.Count - 1);
        }
    }

    public void Dispose()
    {
        foreach (var held in merchants.Concat(alipays))
        {
            held.Key.Dispose();
        }
    }

    private Held? Keep(string owner, string key, string? certificate)
    {
        // Never into the books with this lock held: who is in them may ask for a certificate.
        var held = Held.Of(key, certificate);
        if (!books.Enter(entry => entry.Number("SELECT count(*) FROM alipay_keys") < MostKeys
            && entry.Change("INSERT INTO alipay_keys (owner, key, certificate, alone) VALUES ($1, $2, $3, 0)", owner, key, certificate) > 0))
        {
            held.Key.Dispose();
            return null;
        }

        lock (oneAtATime)
        {
            Add(owner == "alipay" ? alipays : merchants, held, alone: false);
        }

        return held;
    }

    private static void Add(List<Held> keys, Held held, bool alone)
    {
        if (alone)
        {
            keys.Clear();
        }

        keys.Add(held);
    }

    private sealed record Held(RSA Key, string? Number, string? Certificate)
    {
        internal static Held Of(string key, string? certificate)
        {
            var rsa = RSA.Create();
            rsa.ImportFromPem(key);
            return new Held(rsa, certificate is null ? null : CertificateNumber.Of(CertificateNumber.Read(certificate)[0]), certificate);
        }
    }
}
