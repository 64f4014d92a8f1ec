using System.Globalization;
using System.Text.Json;

namespace Refill.Carriers.Reloadly;

/// <summary>
/// Reads single fields of Reloadly's answers. The contract's schemas and its own examples disagree on whether a phone number, an operator's id or
/// an amount is a JSON string or a JSON number (docs/decisions/reloadly-contract.md), so either is read, always by its text.
/// </summary>
internal static class ReloadlyJson
{
    private const int LongestDigits = 20;
    private const int LargestExponent = 8;

    /// <summary>The field's text, of a string or a number; null if it is missing, null or something else.</summary>
    internal static string? Text(JsonElement within, string name) =>
        within.ValueKind != JsonValueKind.Object || !within.TryGetProperty(name, out var field) ? null : field.ValueKind switch
        {
            JsonValueKind.String => field.GetString(),
            JsonValueKind.Number => field.GetRawText(),
            _ => null,
        };

    /// <summary>The field as a whole number written in plain digits.</summary>
    internal static long? Number(JsonElement within, string name) =>
        long.TryParse(Text(within, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The field as an exact decimal.</summary>
    internal static decimal? Decimal(JsonElement within, string name) =>
        TryParseDecimal(Text(within, name), out var number) ? number : null;

    /// <summary>
    /// Reads a JSON number's text exactly: "505.00000000000" and "3.8E-5" have been seen in the field. What <see cref="decimal"/> could only hold
    /// rounded (more than 20 digits, an exponent beyond 8) is refused; nothing passes through a floating point number.
    /// </summary>
    internal static bool TryParseDecimal(string? text, out decimal number)
    {
        number = 0;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var e = text.AsSpan().IndexOfAny('e', 'E');
        var digits = e < 0 ? text : text[..e];
        if (e >= 0 && !(int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) && Math.Abs(exponent) <= LargestExponent))
        {
            return false;
        }

        return digits.Count(char.IsAsciiDigit) <= LongestDigits
            && decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);
    }
}
