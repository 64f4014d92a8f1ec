using System.Text;
using System.Text.Json;

namespace Refill.Payments.Alipay;

/// <summary>Parts of an answer that are not proven yet.</summary>
/// <param name="Value">Where the signed value stands.</param>
/// <param name="Certificate">alipay_cert_sn: which certificate it was signed with; null in key mode.</param>
internal readonly record struct AlipayCut(Range Value, string? Sign, string? Certificate);

/// <summary>
/// Reads an answer of the gateway: <c>{"…_response": VALUE, "sign": "…"}</c>. What is signed is VALUE's bytes exactly as sent, so it is cut out by a scan
/// that knows strings and brackets, verified, and only then parsed. Nothing in an answer whose signature does not hold is believed.
/// </summary>
internal static class AlipayAnswer
{
    private const string ErrorRoot = "error_response";

    /// <summary>What was signed, once it is proven; null: it is no JSON object.</summary>
    public static JsonElement? Parse(ReadOnlySpan<byte> value)
    {
        try
        {
            var reader = new Utf8JsonReader(value);
            var element = JsonElement.ParseValue(ref reader);
            return element.ValueKind == JsonValueKind.Object ? element : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Where the signed value stands, byte for byte, and what stands beside it. Null: the outer object is not one, or something of it is missing or there twice.</summary>
    public static AlipayCut? Cut(ReadOnlySpan<byte> body, string root)
    {
        var at = SkipSpace(body, 0);
        if (at >= body.Length || body[at] != '{')
        {
            return null;
        }

        Range? value = null;
        string? sign = null;
        string? certificate = null;
        at = SkipSpace(body, at + 1);
        while (at < body.Length && body[at] != '}')
        {
            if (EndOfString(body, at) is not { } nameEnd)
            {
                return null;
            }

            var name = Encoding.UTF8.GetString(body[(at + 1)..(nameEnd - 1)]);
            at = SkipSpace(body, nameEnd);
            if (at >= body.Length || body[at] != ':')
            {
                return null;
            }

            var start = SkipSpace(body, at + 1);
            if (EndOfValue(body, start) is not { } end)
            {
                return null;
            }

            if (name == root || name == ErrorRoot)
            {
                if (value is not null)
                {
                    return null;
                }

                value = start..end;
            }
            else if (name is "sign" or "alipay_cert_sn")
            {
                ref var text = ref name == "sign" ? ref sign : ref certificate;
                if (text is not null || body[start] != '"')
                {
                    return null;
                }

                text = Encoding.UTF8.GetString(body[(start + 1)..(end - 1)]).Replace("\\/", "/", StringComparison.Ordinal);
            }

            at = SkipSpace(body, end);
            if (at < body.Length && body[at] == ',')
            {
                at = SkipSpace(body, at + 1);
            }
            else if (at >= body.Length || body[at] != '}')
            {
                return null;
            }
        }

        return value is { } found ? new AlipayCut(found, sign, certificate) : null;
    }

    private static int SkipSpace(ReadOnlySpan<byte> body, int at)
    {
        while (at < body.Length && body[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }

        return at;
    }

    /// <summary>The index after the closing quote of the string that begins here.</summary>
    private static int? EndOfString(ReadOnlySpan<byte> body, int at)
    {
        if (at >= body.Length || body[at] != '"')
        {
            return null;
        }

        for (at++; at < body.Length; at++)
        {
            if (body[at] == '\\')
            {
                at++;
            }
            else if (body[at] == '"')
            {
                return at + 1;
            }
        }

        return null;
    }

    /// <summary>The index after the value that begins here: a string, or a bracketed value with the strings in it passed over, or a bare word.</summary>
    private static int? EndOfValue(ReadOnlySpan<byte> body, int at)
    {
        if (at >= body.Length)
        {
            return null;
        }

        if (body[at] == '"')
        {
            return EndOfString(body, at);
        }

        if (body[at] is not ((byte)'{' or (byte)'['))
        {
            var start = at;
            while (at < body.Length && body[at] is not ((byte)',' or (byte)'}' or (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
            {
                at++;
            }

            return at > start ? at : null;
        }

        for (var depth = 0; at < body.Length; at++)
        {
            switch (body[at])
            {
                case (byte)'"':
                    if (EndOfString(body, at) is not { } end)
                    {
                        return null;
                    }

                    at = end - 1;
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                case (byte)'}' or (byte)']':
                    if (--depth == 0)
                    {
                        return at + 1;
                    }

                    break;
            }
        }

        return null;
    }
}
