using System.Security.Cryptography;
using System.Text;

namespace Refill.Payments.Alipay;

/// <summary>RSA2: SHA256withRSA, PKCS#1 v1.5, base64, over `k=v` joined by `&amp;` in ordinal order of the names, values raw (not percent-encoded), UTF-8.</summary>
internal static class AlipaySignature
{
    /// <summary>The text to sign of a request: every parameter but sign; sign_type is in it.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join('&', parameters.Where(p => p.Key != "sign").OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    public static string Sign(RSA key, string text) =>
        Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static bool Verify(RSA key, ReadOnlySpan<byte> signed, string? signature)
    {
        var bytes = new byte[key.KeySize / 8];

        // Only the one way of writing it: .NET reads base64 with spaces and stray bits in it, too.
        return signature is not null && Convert.TryFromBase64String(signature, bytes, out var length) && length == bytes.Length && Convert.ToBase64String(bytes) == signature
            && key.VerifyData(signed, bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
