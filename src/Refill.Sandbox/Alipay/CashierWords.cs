using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Refill.Sandbox.Alipay;

/// <summary>The words of the page where an agreement is signed.</summary>
/// <param name="Days">{0}: how many.</param>
/// <param name="Months">{0}: how many.</param>
internal sealed record AgreementWords(
    string Heading, string Signed, string Ended, string Number, string AtMost, string Every, string Days, string Months, string First, string Next, string Sign, string SignAndStay, string End);

/// <summary>The payment page's words in one language; CashierWords.json holds them.</summary>
/// <param name="Language">For the page's lang attribute.</param>
internal sealed record CashierWords(
    string Language,
    string Title,
    string Sandbox,
    string NoRealMoney,
    string Heading,
    string Paid,
    string Closed,
    string Error,
    string Subject,
    string Order,
    string Amount,
    string Pay,
    string PayAndStay,
    string Cancel,
    string Back,
    string MayClose,
    AgreementWords Agreement)
{
    private const int LongestHeader = 256;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };
    private static readonly FrozenDictionary<string, CashierWords> All = Load();

    /// <summary>The language that the browser likes best of those that there are; English if it names none of them.</summary>
    internal static CashierWords For(string? acceptLanguage) =>
        acceptLanguage is { Length: <= LongestHeader } && StringWithQualityHeaderValue.TryParseList([acceptLanguage], out var wanted)
            ? wanted.OrderByDescending(language => language.Quality ?? 1)
                .Where(language => language.Quality is not 0)
                .Select(language => All.GetValueOrDefault(language.Value.Value!.Split('-')[0].ToLowerInvariant()))
                .FirstOrDefault(words => words is not null) ?? All["en"]
            : All["en"];

    private static FrozenDictionary<string, CashierWords> Load()
    {
        using var stream = typeof(CashierWords).Assembly.GetManifestResourceStream("CashierWords.json")
            ?? throw new InvalidOperationException("CashierWords.json is not in the assembly");
        return JsonSerializer.Deserialize<Dictionary<string, CashierWords>>(stream, Json)!.ToFrozenDictionary();
    }
}
