using System.Security.Cryptography;
using System.Text;

namespace Refill.Sandbox.Alipay;

/// <summary>RSA2 as Alipay's gateway does it: SHA256withRSA, PKCS#1 v1.5, base64. Written for the sandbox alone: were it shared with the adapter, a mistake would cancel out.</summary>
internal sealed class AlipaySigning : IDisposable
{
    private readonly RSA merchant = RSA.Create();
    private readonly RSA alipay = RSA.Create();
    private readonly Lock oneAtATime = new();

    public AlipaySigning(AlipayBooksOptions options)
    {
        merchant.ImportFromPem(options.MerchantPublicKeyPem);
        alipay.ImportFromPem(options.AlipayPrivateKeyPem);
    }

    /// <summary>All parameters but the named ones in ordinal order of their names, as k=v joined by &amp;, not encoded.</summary>
    internal static string TextOf(IEnumerable<KeyValuePair<string, string>> parameters, params string[] without) => string.Join(
        '&', parameters.Where(pair => !without.Contains(pair.Key)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));

    internal bool IsMerchants(string text, string signature)
    {
        Span<byte> bytes = stackalloc byte[1024];
        if (!Convert.TryFromBase64String(signature, bytes, out var length))
        {
            return false;
        }

        lock (oneAtATime)
        {
            return merchant.VerifyData(Encoding.UTF8.GetBytes(text), bytes[..length], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    internal string Sign(string text)
    {
        lock (oneAtATime)
        {
            return Convert.ToBase64String(alipay.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
    }

    /// <summary>A signature of the right form that fits something else: for the fault "bad-signature".</summary>
    internal string SignWrongly(string text) => Sign(text + " ");

    public void Dispose()
    {
        merchant.Dispose();
        alipay.Dispose();
    }
}
