using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Refill.Sandbox.Stripe;

/// <summary>The hosted pages' words in one language; CheckoutWords.json holds them.</summary>
/// <param name="Language">For the page's lang attribute.</param>
/// <param name="Cards">By <see cref="StripeCard.Choice"/>.</param>
internal sealed record CheckoutWords(
    string Language,
    string Title,
    string Sandbox,
    string NoRealMoney,
    string Heading,
    string SaveHeading,
    string Paid,
    string Saved,
    string Expired,
    string Nothing,
    string Refused,
    string For,
    string Order,
    string Amount,
    string Card,
    IReadOnlyDictionary<string, string> Cards,
    string Pay,
    string Save,
    string Cancel,
    string Back,
    string MayClose,
    string Question,
    string QuestionText,
    string Approve,
    string Refuse)
{
    private const int LongestHeader = 256;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };
    private static readonly FrozenDictionary<string, CheckoutWords> All = Load();

    /// <summary>The language that the browser likes best of those that there are; English if it names none of them.</summary>
    internal static CheckoutWords In(string? acceptLanguage) =>
        acceptLanguage is { Length: <= LongestHeader } && StringWithQualityHeaderValue.TryParseList([acceptLanguage], out var wanted)
            ? wanted.OrderByDescending(language => language.Quality ?? 1)
                .Where(language => language.Quality is not 0)
                .Select(language => All.GetValueOrDefault(language.Value.Value!.Split('-')[0].ToLowerInvariant()))
                .FirstOrDefault(words => words is not null) ?? All["en"]
            : All["en"];

    private static FrozenDictionary<string, CheckoutWords> Load()
    {
        using var stream = typeof(CheckoutWords).Assembly.GetManifestResourceStream("CheckoutWords.json")
            ?? throw new InvalidOperationException("CheckoutWords.json is not in the assembly");
        return JsonSerializer.Deserialize<Dictionary<string, CheckoutWords>>(stream, Json)!.ToFrozenDictionary();
    }
}
