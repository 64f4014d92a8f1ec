using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// WECHATPAY2-SHA256-RSA2048: SHA256withRSA, PKCS#1 v1.5, base64. Signed of a request are `METHOD\npath?query\nseconds\nnonce\nbody\n`, of an answer and of a
/// notification `seconds\nnonce\nbody\n`, over the bytes of the body as they are sent; an empty body leaves its line empty.
/// </summary>
internal static class WeChatPaySignature
{
    public const string Scheme = "WECHATPAY2-SHA256-RSA2048";

    public static byte[] Request(string method, string pathAndQuery, long seconds, string nonce, ReadOnlySpan<byte> body) =>
        [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{method}\n{pathAndQuery}\n{seconds}\n{nonce}\n")), .. body, (byte)'\n'];

    public static byte[] Answer(string seconds, string nonce, ReadOnlySpan<byte> body) => [.. Encoding.UTF8.GetBytes($"{seconds}\n{nonce}\n"), .. body, (byte)'\n'];

    /// <summary>What a page within WeChat calls the payment with; the package is `prepay_id=…`, not the bare number (which is the app's).</summary>
    public static byte[] Page(string appId, string seconds, string nonce, string package) => Encoding.UTF8.GetBytes($"{appId}\n{seconds}\n{nonce}\n{package}\n");

    public static string Nonce() => RandomNumberGenerator.GetHexString(32);

    public static string Sign(RSA key, ReadOnlySpan<byte> text) => Convert.ToBase64String(key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static bool Verify(RSA key, ReadOnlySpan<byte> text, string signature)
    {
        var bytes = new byte[key.KeySize / 8];

        // Only the one way of writing it: .NET reads base64 with spaces and stray bits in it, too.
        return Convert.TryFromBase64String(signature, bytes, out var length) && length == bytes.Length && Convert.ToBase64String(bytes) == signature
            && key.VerifyData(text, bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
