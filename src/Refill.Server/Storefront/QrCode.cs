using System.Text.Encodings.Web;
using QRCoder;

namespace Refill.Server.Storefront;

/// <summary>A QR code as inline SVG: no image to fetch, sharp on paper, one path.</summary>
internal static class QrCode
{
    /// <param name="label">What it is, for those who do not see it.</param>
    public static string Svg(string text, string label)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var modules = data.ModuleMatrix;
        var path = new System.Text.StringBuilder();
        for (var y = 0; y < modules.Count; y++)
        {
            for (var x = 0; x < modules.Count; x++)
            {
                if (!modules[y][x])
                {
                    continue;
                }

                var start = x;
                while (x + 1 < modules.Count && modules[y][x + 1])
                {
                    x++;
                }

                path.Append(System.Globalization.CultureInfo.InvariantCulture, $"M{start} {y}h{x - start + 1}v1h-{x - start + 1}z");
            }
        }

        return $"<svg role=\"img\" aria-label=\"{HtmlEncoder.Default.Encode(label)}\" viewBox=\"0 0 {modules.Count} {modules.Count}\" shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>";
    }
}
