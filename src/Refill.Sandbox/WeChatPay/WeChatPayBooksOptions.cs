using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Refill.Sandbox;

/// <summary>The one merchant that the sandbox's WeChat Pay knows, and WeChat Pay's own keys in both ways of signing: by platform certificate and by public key. Prints no key.</summary>
/// <param name="MerchantId">mchid.</param>
/// <param name="AppId">appid, bound to the merchant.</param>
/// <param name="MerchantSerial">Of the merchant's API certificate, hexadecimal; requests name it.</param>
/// <param name="MerchantPublicKeyPem">Verifies the merchant's requests; RSA, 2048 bits or more.</param>
/// <param name="ApiV3Key">32 ASCII characters: encrypts notifications and platform certificates.</param>
/// <param name="PlatformCertificatePem">The first platform certificate; /control/wechatpay/rotate makes further ones.</param>
/// <param name="PlatformPrivateKeyPem">Its private key.</param>
/// <param name="PublicKeyId">PUB_KEY_ID_ and digits or letters: the serial of what is signed in public-key mode.</param>
/// <param name="PublicKeyPrivateKeyPem">The private half of the key that the merchant holds in public-key mode.</param>
public sealed record WeChatPayBooksOptions(
    string MerchantId,
    string AppId,
    string MerchantSerial,
    string MerchantPublicKeyPem,
    string ApiV3Key,
    string PlatformCertificatePem,
    string PlatformPrivateKeyPem,
    string PublicKeyId,
    string PublicKeyPrivateKeyPem)
{
    internal const string PublicKeyPrefix = "PUB_KEY_ID_";
    private const int LeastKeyBits = 2048;

    /// <summary>Issues the certificates of a rotation, as WeChat Pay's root does; without it they are self-signed. With <see cref="IssuerPrivateKeyPem"/>.</summary>
    public string? IssuerCertificatePem { get; init; }

    public string? IssuerPrivateKeyPem { get; init; }

    /// <summary>Changes a code into an openid; null: nobody is told who a payer is.</summary>
    public string? AppSecret { get; init; }

    /// <summary>Stretches the waits between tries of a notification, which are the real ones (15 s to 6 h, 24 h 4 min in all) at 1.</summary>
    public double RetryFactor { get; init; } = 1;

    /// <summary>What a payment costs the merchant, in percent, rounded half up to fen; a refund brings its part back.</summary>
    public decimal FeePercent { get; init; } = 0.6m;

    /// <summary>How long a refund is PROCESSING, in seconds.</summary>
    public int RefundSeconds { get; init; } = 2;

    /// <summary>The least time between two refunds of one payment, in seconds.</summary>
    public int RefundGapSeconds { get; init; } = 60;

    /// <summary>Statements are to be had at once, of today too; otherwise at 10:00 in Beijing of the day after, as in reality.</summary>
    public bool StatementsAtOnce { get; init; }

    public override string ToString() => $"WeChat Pay merchant {MerchantId}";

    internal void Check()
    {
        CheckText(nameof(MerchantId), MerchantId, 32, char.IsAsciiDigit, "digits");
        CheckText(nameof(AppId), AppId, 32, char.IsAsciiLetterOrDigit, "letters or digits");
        CheckText(nameof(MerchantSerial), MerchantSerial, 40, char.IsAsciiHexDigit, "hexadecimal digits");
        if (ApiV3Key is not { Length: 32 } || !Ascii.IsValid(ApiV3Key))
        {
            throw new ArgumentException($"WeChatPay.{nameof(ApiV3Key)} must be 32 ASCII characters");
        }

        if (PublicKeyId?.StartsWith(PublicKeyPrefix, StringComparison.Ordinal) != true)
        {
            throw new ArgumentException($"WeChatPay.{nameof(PublicKeyId)} must begin with {PublicKeyPrefix}: '{PublicKeyId}'");
        }

        CheckText(nameof(PublicKeyId), PublicKeyId[PublicKeyPrefix.Length..], 53, char.IsAsciiLetterOrDigit, $"letters or digits after {PublicKeyPrefix}");
        if (RetryFactor is not (> 0 and <= 1000))
        {
            throw new ArgumentException($"WeChatPay.{nameof(RetryFactor)} must be above 0 and at most 1000: {RetryFactor}");
        }

        if (FeePercent is < 0 or > 10)
        {
            throw new ArgumentException($"WeChatPay.{nameof(FeePercent)} must be 0 to 10: {FeePercent}");
        }

        if (RefundSeconds is < 0 or > 86_400 || RefundGapSeconds is < 0 or > 86_400)
        {
            throw new ArgumentException($"WeChatPay.{nameof(RefundSeconds)} and {nameof(RefundGapSeconds)} must be 0 to 86400");
        }

        CheckKey(nameof(MerchantPublicKeyPem), MerchantPublicKeyPem, needsPrivate: false);
        CheckKey(nameof(PublicKeyPrivateKeyPem), PublicKeyPrivateKeyPem, needsPrivate: true);
        CheckCertificate(nameof(PlatformCertificatePem), PlatformCertificatePem, nameof(PlatformPrivateKeyPem), PlatformPrivateKeyPem);
        if (IssuerCertificatePem is not null || IssuerPrivateKeyPem is not null)
        {
            CheckCertificate(nameof(IssuerCertificatePem), IssuerCertificatePem ?? "", nameof(IssuerPrivateKeyPem), IssuerPrivateKeyPem ?? "");
        }
    }

    private static void CheckText(string name, string text, int most, Func<char, bool> allowed, string what)
    {
        if (string.IsNullOrEmpty(text) || text.Length > most || !text.All(allowed))
        {
            throw new ArgumentException($"WeChatPay.{name} must be 1 to {most} {what}: '{text}'");
        }
    }

    private static void CheckKey(string name, string pem, bool needsPrivate)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(pem);
            if (key.KeySize < LeastKeyBits)
            {
                throw new ArgumentException($"WeChatPay.{name} must have {LeastKeyBits} bits or more, not {key.KeySize}");
            }

            if (needsPrivate)
            {
                key.ExportParameters(includePrivateParameters: true);
            }
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException { ParamName: not null })
        {
            // Without the parser's own words: they may hold a part of the key.
            throw new ArgumentException($"WeChatPay.{name} is not an RSA {(needsPrivate ? "private" : "public")} key in PEM form");
        }
    }

    private static void CheckCertificate(string name, string certificatePem, string keyName, string keyPem)
    {
        CheckKey(keyName, keyPem, needsPrivate: true);
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new ArgumentException($"WeChatPay.{name} is not a certificate in PEM form that fits WeChatPay.{keyName}");
        }
    }
}
