using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Refill.Sandbox.Alipay;

/// <summary>What one call is answered: a code, and fields that are all texts.</summary>
internal sealed record AlipayAnswer(string Code, string Message, AlipayRefusal? Refusal, IReadOnlyList<(string Name, string? Value)> Fields)
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="fields">Those without a value are left out.</param>
    internal static AlipayAnswer Success(params (string Name, string? Value)[] fields) => new("10000", "Success", null, fields);

    /// <param name="fields">What some methods tell beside the reason, such as retry_flag.</param>
    internal static AlipayAnswer Failed(AlipayRefusal refusal, params (string Name, string? Value)[] fields) => new("40004", "Business Failed", refusal, fields);

    /// <summary>A trade that waits for its payer to confirm it.</summary>
    internal static AlipayAnswer Waiting(params (string Name, string? Value)[] fields) => new("10003", "order success pay inprocess", null, fields);

    /// <summary>Nobody knows what became of the call: the answer to the fault "unavailable".</summary>
    internal static AlipayAnswer Unavailable { get; } =
        new("20000", "Service Currently Unavailable", new("aop.ACQ.SYSTEM_ERROR", "the sandbox was asked to leave the result of this call in doubt"), []);

    internal static AlipayAnswer InvalidArguments(string subCode, string reason) => new("40002", "Invalid Arguments", new(subCode, reason), []);

    internal static AlipayAnswer MissingArguments(string subCode, string reason) => new("40001", "Missing Required Arguments", new(subCode, reason), []);

    internal static AlipayAnswer NotPermitted { get; } =
        new("40006", "Insufficient Permissions", new("isv.insufficient-isv-permissions", "the sandbox was asked to refuse this call"), []);

    /// <summary>The value of the answer's node as it goes over the wire, which is what is signed. Slashes are written \/ as the real gateway writes them.</summary>
    internal string ToNode()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            writer.WriteStartObject();
            writer.WriteString("code", Code);
            writer.WriteString("msg", Message);
            if (Refusal is { } refusal)
            {
                writer.WriteString("sub_code", refusal.SubCode);
                writer.WriteString("sub_msg", refusal.Reason);
            }

            foreach (var (name, value) in Fields)
            {
                if (value is not null)
                {
                    writer.WriteString(name, value);
                }
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length).Replace("/", @"\/", StringComparison.Ordinal);
    }
}
