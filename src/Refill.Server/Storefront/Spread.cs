using System.Globalization;
using System.Text;
using Refill.Reviews;

namespace Refill.Server.Storefront;

/// <summary>How reviews are spread over the stars, as five bars: a picture of less than a kilobyte.</summary>
internal static class Spread
{
    private const int Width = 100, Bar = 6, Line = 10;

    /// <param name="label">The same in words, for who does not see it.</param>
    public static string Svg(Rating rating, string label)
    {
        var most = Math.Max(1, rating.Stars.Max());
        var svg = new StringBuilder($"<svg viewBox=\"0 0 {Width + 40} {(Line * 5) - 2}\" role=\"img\" aria-label=\"{label}\" fill=\"currentColor\" font-size=\"8\">");
        for (var stars = 5; stars >= 1; stars--)
        {
            var (top, count) = ((5 - stars) * Line, rating.Stars[stars - 1]);
            svg.Append(CultureInfo.InvariantCulture, $"<text y=\"{top + Bar + 1}\">{stars}</text><rect x=\"10\" y=\"{top}\" width=\"{Width}\" height=\"{Bar}\" rx=\"3\" opacity=\".12\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"10\" y=\"{top}\" width=\"{(long)Width * count / most}\" height=\"{Bar}\" rx=\"3\"/><text x=\"{Width + 14}\" y=\"{top + Bar + 1}\">{count}</text>");
        }

        return svg.Append("</svg>").ToString();
    }
}
