using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.WeChatPay;

/// <summary>A platform certificate that clients may still be told about.</summary>
internal sealed record PlatformCertificate(string Serial, string Pem, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>The four headers that go with a signed answer or notification.</summary>
internal sealed record WeChatPaySignature(string Timestamp, string Nonce, string Serial, string Value)
{
    internal IEnumerable<KeyValuePair<string, string>> Headers =>
    [
        new("Wechatpay-Timestamp", Timestamp), new("Wechatpay-Nonce", Nonce), new("Wechatpay-Serial", Serial),
        new("Wechatpay-Signature", Value), new("Wechatpay-Signature-Type", WeChatPayKeys.Scheme),
    ];
}

/// <summary>
/// WECHATPAY2-SHA256-RSA2048: SHA256withRSA, PKCS#1 v1.5, base64, over lines that each end in a line feed. Signs by platform certificate or by public key, whichever
/// is named, and makes new certificates on demand. Written for the sandbox alone: were it shared with the adapter, a mistake would cancel out.
/// </summary>
internal sealed class WeChatPayKeys : IDisposable
{
    internal const string Scheme = "WECHATPAY2-SHA256-RSA2048";

    /// <summary>WeChat Pay sends such signatures on purpose, to see whether anybody checks (failure case 9).</summary>
    internal const string SignTestPrefix = "WECHATPAY/SIGNTEST/";

    /// <summary>One second more than a client may tolerate (failure case 10).</summary>
    private const int StaleSeconds = 301;

    private const int KeyBits = 2048;
    private static readonly TimeSpan OldOnesServedFor = TimeSpan.FromHours(24);

    private readonly WeChatPayBooksOptions options;
    private readonly SandboxBooks books;
    private readonly TimeProvider time;
    private readonly RSA merchant = RSA.Create();
    private readonly ConcurrentDictionary<string, RSA> signers = new(StringComparer.Ordinal);
    private readonly Lock oneAtATime = new();

    public WeChatPayKeys(WeChatPayBooksOptions options, SandboxBooks books, TimeProvider time)
    {
        (this.options, this.books, this.time) = (options, books, time);
        merchant.ImportFromPem(options.MerchantPublicKeyPem);
        signers[options.PublicKeyId] = Import(options.PublicKeyPrivateKeyPem);
        using var first = X509Certificate2.CreateFromPem(options.PlatformCertificatePem);
        books.Enter(entry => Keep(entry, first, options.PlatformPrivateKeyPem, DateTimeOffset.UnixEpoch));
    }

    internal bool IsMerchants(ReadOnlySpan<byte> text, string signature)
    {
        Span<byte> bytes = stackalloc byte[1024];
        if (!Convert.TryFromBase64String(signature, bytes, out var length))
        {
            return false;
        }

        lock (oneAtATime)
        {
            return merchant.VerifyData(text, bytes[..length], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    /// <summary>Signs an answer by the key that the request named; by the newest certificate if it named none that there is.</summary>
    internal WeChatPaySignature SignAnswer(ReadOnlySpan<byte> body, string? wanted, FaultKind? fault) =>
        Sign(body, wanted is not null && (wanted == options.PublicKeyId || Certificates().Exists(each => each.Serial == wanted)) ? wanted : Certificates()[0].Serial, fault);

    /// <summary>Signs a notification by the newest certificate, or by the public key once /control/wechatpay/signer has said so.</summary>
    internal WeChatPaySignature SignNotification(ReadOnlySpan<byte> body, FaultKind? fault) =>
        Sign(body, books.Enter(entry => entry.Number("SELECT count(*) FROM wechat_settings WHERE name = 'notify-by-public-key'")) > 0 ? options.PublicKeyId : Certificates()[0].Serial, fault);

    internal void NotifyByPublicKey(bool yes) => books.Enter(entry => entry.Change(
        yes ? "INSERT INTO wechat_settings (name) VALUES ('notify-by-public-key') ON CONFLICT DO NOTHING" : "DELETE FROM wechat_settings WHERE name = 'notify-by-public-key'"));

    /// <summary>Certificates that are served, the newest first: an older one stays for <see cref="OldOnesServedFor"/> after its successor was made.</summary>
    internal List<PlatformCertificate> Certificates() => books.Enter(entry =>
    {
        var all = entry.Rows("SELECT serial, pem, made_at FROM wechat_certificates ORDER BY made_at DESC, id DESC", row => (Serial: row.GetString(0), Pem: row.GetString(1), MadeAt: row.Instant(2)));
        var latest = time.GetUtcNow() - OldOnesServedFor;
        return all.Where((_, index) => index == 0 || all[index - 1].MadeAt > latest).Select(each =>
        {
            using var certificate = X509Certificate2.CreateFromPem(each.Pem);
            return new PlatformCertificate(each.Serial, each.Pem, certificate.NotBefore, certificate.NotAfter);
        }).ToList();
    });

    /// <summary>A new platform certificate: from now on the newest.</summary>
    internal string Rotate()
    {
        var now = time.GetUtcNow();
        using var key = RSA.Create(KeyBits);
        var request = new CertificateRequest("CN=Tenpay.com sign (sandbox), O=Sandbox", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var issuer = options.IssuerCertificatePem is { } pem ? X509Certificate2.CreateFromPem(pem, options.IssuerPrivateKeyPem) : null;

        // The first byte keeps the number positive and 40 digits long in every library's notation.
        byte[] serial = [(byte)RandomNumberGenerator.GetInt32(0x40, 0x80), .. RandomNumberGenerator.GetBytes(19)];
        var (from, until) = (now.AddDays(-1), now.AddYears(5));
        using var made = issuer is null
            ? request.Create(request.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), from, until, serial)
            : request.Create(issuer, from > issuer.NotBefore ? from : issuer.NotBefore, until < issuer.NotAfter ? until : issuer.NotAfter, serial);
        books.Enter(entry => Keep(entry, made, key.ExportPkcs8PrivateKeyPem(), now));
        return SerialOf(made);
    }

    /// <summary>AEAD_AES_256_GCM under the APIv3 key: base64 of the ciphertext with the tag behind it.</summary>
    internal string Encrypt(ReadOnlySpan<byte> plain, string nonce, string associated)
    {
        const int TagBytes = 16;
        var sealedText = new byte[plain.Length + TagBytes];
        using var aes = new AesGcm(Encoding.ASCII.GetBytes(options.ApiV3Key), TagBytes);
        aes.Encrypt(Encoding.ASCII.GetBytes(nonce), plain, sealedText.AsSpan(..plain.Length), sealedText.AsSpan(plain.Length), Encoding.ASCII.GetBytes(associated));
        return Convert.ToBase64String(sealedText);
    }

    public void Dispose()
    {
        merchant.Dispose();
        foreach (var signer in signers.Values)
        {
            signer.Dispose();
        }
    }

    private WeChatPaySignature Sign(ReadOnlySpan<byte> body, string serial, FaultKind? fault)
    {
        var seconds = time.GetUtcNow().ToUnixTimeSeconds() - (fault == FaultKind.Stale ? StaleSeconds : 0);
        var (timestamp, nonce) = (seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), RandomNumberGenerator.GetString("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 32));
        var signer = signers.GetOrAdd(serial, missing => books.Enter(entry =>
            Import(entry.Rows("SELECT private_key FROM wechat_certificates WHERE serial = $1", row => row.GetString(0), missing)[0])));

        // A bad signature is of the right form and fits something else.
        byte[] text = [.. Encoding.ASCII.GetBytes($"{timestamp}\n{nonce}\n"), .. body, .. fault is FaultKind.BadSignature or FaultKind.SignTest ? " \n"u8 : "\n"u8];
        string signature;
        lock (oneAtATime)
        {
            signature = Convert.ToBase64String(signer.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }

        return new WeChatPaySignature(
            timestamp, nonce, fault == FaultKind.UnknownSerial ? $"5F{RandomNumberGenerator.GetHexString(38)}" : serial, fault == FaultKind.SignTest ? SignTestPrefix + signature : signature);
    }

    private static void Keep(BooksEntry entry, X509Certificate2 certificate, string keyPem, DateTimeOffset madeAt) => entry.Change(
        "INSERT INTO wechat_certificates (serial, pem, private_key, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        SerialOf(certificate), certificate.ExportCertificatePem(), keyPem, madeAt);

    /// <summary>As the clients of the field write it: capital hexadecimal digits without leading zeros.</summary>
    private static string SerialOf(X509Certificate2 certificate) => certificate.SerialNumber.TrimStart('0').ToUpperInvariant();

    private static RSA Import(string pem)
    {
        var key = RSA.Create();
        key.ImportFromPem(pem);
        return key;
    }
}
