using Refill.Sandbox.Alipay.Certificates;

namespace Refill.Sandbox.Alipay;

/// <summary>RSA2 as Alipay's gateway does it: SHA256withRSA, PKCS#1 v1.5, base64. Written for the sandbox alone: were it shared with the adapter, a mistake would cancel out.</summary>
internal sealed class AlipaySigning(AlipayKeyRing keys)
{
    /// <summary>All parameters but the named ones in ordinal order of their names, as k=v joined by &amp;, not encoded.</summary>
    internal static string TextOf(IEnumerable<KeyValuePair<string, string>> parameters, params string[] without) => string.Join(
        '&', parameters.Where(pair => !without.Contains(pair.Key)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));

    /// <param name="certificate">In certificate mode the number that the request names; null in key mode.</param>
    internal bool IsMerchants(string text, string signature, string? certificate)
    {
        Span<byte> bytes = stackalloc byte[1024];
        return Convert.TryFromBase64String(signature, bytes, out var length) && keys.IsMerchants(text, bytes[..length], certificate);
    }

    internal string Sign(string text) => keys.Sign(text).Signature;

    /// <summary>An answer's signature, and in certificate mode the number of the certificate that it fits.</summary>
    internal (string Signature, string? Certificate) SignAnswer(string text) => keys.Sign(text);

    /// <summary>A signature of the right form that fits something else: for the fault "bad-signature".</summary>
    internal string SignWrongly(string text) => Sign(text + " ");

    /// <summary>The address that a browser is sent back to, with these parameters, signed. They prove nothing (failure case 4).</summary>
    internal string SignReturn(string url, Dictionary<string, string> parameters)
    {
        parameters["sign"] = Sign(TextOf(parameters));
        parameters["sign_type"] = "RSA2";
        var (before, fragment) = url.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at ? (url[..at], url[at..]) : (url, "");
        var query = string.Join('&', parameters.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        return $"{before}{(before.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}{fragment}";
    }
}
