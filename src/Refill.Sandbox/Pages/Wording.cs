using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Refill.Sandbox.Pages;

/// <summary>The words of a page in every language that there is: a resource of the assembly, JSON by language.</summary>
internal sealed class Wording<T>
    where T : class
{
    private const int LongestHeader = 256;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly FrozenDictionary<string, T> all;

    /// <param name="resource">Such as CashierWords.json.</param>
    public Wording(string resource)
    {
        using var stream = typeof(Wording<T>).Assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"{resource} is not in the assembly");
        all = JsonSerializer.Deserialize<Dictionary<string, T>>(stream, Json)!.ToFrozenDictionary();
    }

    /// <summary>By the language's name in the resource.</summary>
    public T this[string language] => all[language];

    /// <summary>The language that the browser likes best of those that there are; English if it names none of them.</summary>
    public T For(string? acceptLanguage) =>
        acceptLanguage is { Length: <= LongestHeader } && StringWithQualityHeaderValue.TryParseList([acceptLanguage], out var wanted)
            ? wanted.OrderByDescending(language => language.Quality ?? 1)
                .Where(language => language.Quality is not 0)
                .Select(language => all.GetValueOrDefault(language.Value.Value!.Split('-')[0].ToLowerInvariant()))
                .FirstOrDefault(words => words is not null) ?? all["en"]
            : all["en"];
}
