using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Components;

namespace Refill.Server.Storefront;

/// <summary>
/// The pages' one style sheet (in every page, so that a page is one request), one script (a file of its own, kept for ever under its hash), and the one line that
/// tells the visitor's time zone. The content security policy allows exactly these, by their hashes.
/// </summary>
internal static class PageAssets
{
    private const string ZoneScript = "document.cookie='tz='+Intl.DateTimeFormat().resolvedOptions().timeZone+';path=/;max-age=31536000;samesite=lax'";

    private static readonly string Css = Read("style.css").Replace("\n", "", StringComparison.Ordinal);

    public static readonly string Script = Read("app.js").Trim();

    public static readonly string ScriptPath = $"/app.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Script)))[..10]}.js";

    public static readonly MarkupString Style = new($"<style>{Css}</style>");

    public static readonly MarkupString Zone = new($"<script>{ZoneScript}</script>");

    /// <param name="formTargets">Origins of payment gateways, to which a form may lead.</param>
    public static string Policy(IEnumerable<Uri> formTargets) =>
        $"default-src 'none';style-src '{Hash(Css)}';script-src 'self' '{Hash(ZoneScript)}';connect-src 'self';img-src data:;"
        + $"form-action 'self'{string.Concat(formTargets.Select(origin => " " + origin.GetLeftPart(UriPartial.Authority)).Distinct())};base-uri 'none';frame-ancestors 'none'";

    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Read(string name)
    {
        using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream($"Refill.Server.Storefront.{name}") ?? throw new InvalidOperationException($"{name} is not in the program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
