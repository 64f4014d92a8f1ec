using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Refill.Server.Storefront;

/// <summary>
/// A Razor component as a whole page: rendered once, on the server, with no script of the framework and no marker in it. The framework writes everything
/// beyond ASCII as entities; they become characters again, which makes a Chinese page a third lighter. What they encode is never markup: those below 160 stay.
/// </summary>
internal sealed partial class PageResult<TPage>(int status, Dictionary<string, object?> parameters) : IResult
    where TPage : IComponent
{
    private const int FirstBeyondMarkup = 0xA0;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using var renderer = new HtmlRenderer(httpContext.RequestServices, httpContext.RequestServices.GetRequiredService<ILoggerFactory>());
        var html = await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<TPage>(ParameterView.FromDictionary(parameters))).ToHtmlString());
        var body = Encoding.UTF8.GetBytes(Entity().Replace(html, Character));
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = "text/html; charset=utf-8";
        await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }

    private static string Character(Match entity) =>
        int.Parse(entity.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) is >= FirstBeyondMarkup and var code && Rune.IsValid(code)
            ? new Rune(code).ToString()
            : entity.Value;

    [GeneratedRegex("&#x([0-9A-F]{2,6});")]
    private static partial Regex Entity();
}
