using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>How the detail of a top-up is written: money as minor units and code, never as a decimal number.</summary>
[JsonSerializable(typeof(TopUp.Detail))]
internal sealed partial class TopUpJson : JsonSerializerContext
{
    public static readonly JsonSerializerOptions Settings = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new CurrencyByCode(), new UnixMilliseconds() },
    };

    /// <summary>With code made at compile time: the detail is written with every step.</summary>
    public static readonly TopUpJson Compiled = new(new JsonSerializerOptions(Settings));

    internal sealed class CurrencyByCode : JsonConverter<Currency>
    {
        public override Currency Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Refill.Units.Currency.Of(reader.GetString() ?? throw new JsonException("a currency has a code"));

        public override void Write(Utf8JsonWriter writer, Currency value, JsonSerializerOptions options) => writer.WriteStringValue(value.Code);
    }

    /// <summary>As in the columns.</summary>
    internal sealed class UnixMilliseconds : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => System.DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteNumberValue(value.ToUnixTimeMilliseconds());
    }
}
