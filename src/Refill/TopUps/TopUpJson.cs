using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>How the detail of a top-up is written: money as minor units and code, never as a decimal number.</summary>
internal static class TopUpJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new CurrencyByCode() },
    };

    private sealed class CurrencyByCode : JsonConverter<Currency>
    {
        public override Currency Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Currency.Of(reader.GetString() ?? throw new JsonException("a currency has a code"));

        public override void Write(Utf8JsonWriter writer, Currency value, JsonSerializerOptions options) => writer.WriteStringValue(value.Code);
    }
}
