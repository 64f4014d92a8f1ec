using System.Text;

namespace Refill.Payments.Alipay;

/// <summary>The body of a notification.</summary>
internal static class AlipayForm
{
    public const int MaxParameters = 100;

    /// <summary>application/x-www-form-urlencoded, strictly: UTF-8, each name once, no broken escapes. Null: it is not that.</summary>
    public static Dictionary<string, string>? Parse(ReadOnlySpan<byte> body)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var range in body.Split((byte)'&'))
        {
            var pair = body[range];
            var equals = pair.IndexOf((byte)'=');
            if (equals <= 0 || form.Count >= MaxParameters || Decode(pair[..equals]) is not { } name || Decode(pair[(equals + 1)..]) is not { } value || !form.TryAdd(name, value))
            {
                return null;
            }
        }

        return form;
    }

    private static string? Decode(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '%')
            {
                if (at + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[at + 1]) || !char.IsAsciiHexDigit((char)text[at + 2]))
                {
                    return null;
                }

                bytes[length++] = (byte)((HexValue(text[at + 1]) << 4) | HexValue(text[at + 2]));
                at += 2;
            }
            else
            {
                bytes[length++] = text[at] == '+' ? (byte)' ' : text[at];
            }
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
