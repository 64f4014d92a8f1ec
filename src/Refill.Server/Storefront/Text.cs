using System.Globalization;
using System.Resources;

namespace Refill.Server.Storefront;

/// <summary>The pages' words in one language, from Text.resx and its translations. A missing word throws: a page never shows a key.</summary>
public sealed class Text(CultureInfo culture)
{
    private static readonly ResourceManager Resources = new("Refill.Server.Storefront.Text", typeof(Text).Assembly);

    /// <summary>The languages there are: tag, the culture that formats numbers and dates, and its own name for itself.</summary>
    public static readonly IReadOnlyList<(string Tag, CultureInfo Culture)> Languages =
        [("zh-Hans", CultureInfo.GetCultureInfo("zh-Hans-CN")), ("en", CultureInfo.GetCultureInfo("en-US")), ("es", CultureInfo.GetCultureInfo("es-US"))];

    public CultureInfo Culture => culture;

    public string Language => Languages.First(language => language.Culture.Equals(culture)).Tag;

    public string this[string key] => Resources.GetString(key, culture) ?? throw new KeyNotFoundException($"no text '{key}'");

    public string this[string key, params ReadOnlySpan<object?> values] => string.Format(culture, this[key], values);

    /// <summary>The own name of a language that this tag is of; the tag, if it is none of ours.</summary>
    public static string NameIn(string tag) => Languages.FirstOrDefault(language => language.Tag == tag) is { Culture: { } culture } ? NameOf(culture) : tag;

    /// <summary>A language's own name, for the switch.</summary>
    public static string NameOf(CultureInfo language) => language.Parent is { IsNeutralCulture: true } parent && parent.TwoLetterISOLanguageName == "zh" ? parent.NativeName[..2] : language.Parent.NativeName;
}
