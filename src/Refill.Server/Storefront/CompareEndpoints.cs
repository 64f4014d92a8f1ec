using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Refill.Comparison;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>All plans beside what somebody needs, and up to four beside one another. Forms are sent with GET: what is compared stands in the address.</summary>
internal static class CompareEndpoints
{
    private const string ListPath = "/compare";
    private const string SidePath = "/compare/side";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(ListPath, ListAsync);
        routes.MapGet(SidePath, SideAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, PlanComparison comparison, TopUpDesk desk, TimeProvider time, CancellationToken cancellation)
    {
        var (card, isUnknown) = await CardAsync(context, desk, cancellation);
        if (isUnknown)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        var form = NeedForm.Read(context.Request.Query);
        var visitor = context.Visitor();
        var (need, refused) = form.Check(visitor.Today(time));
        var names = card is null ? await comparison.NamesAsync(cancellation) : [];
        var asked = context.Request.Query["page"].ToString();
        var page = asked.Length == 0 ? 1 : int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        if (refused is null && need.Carrier.Length > 0 && !names.Any(name => name.Contains(need.Carrier, StringComparison.OrdinalIgnoreCase)))
        {
            refused = new NeedRefused(NeedFault.NoSuchCarrier, "carrier", need.Carrier);
        }

        var found = refused is null ? await comparison.FindAsync(need, card, Math.Max(1, page), cancellation) : null;
        var status = refused is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity;
        if (found is not null && (page < 1 || page > found.Pages))
        {
            (refused, status) = (new NeedRefused(NeedFault.NoSuchPage, "page", found.Pages), StatusCodes.Status404NotFound);
        }

        return StorefrontEndpoints.Page<ComparePage>(context, status, new()
        {
            ["V"] = visitor with { Path = ListPath + form.Query(("card", CardText(card)), ("page", page > 1 ? asked : "")) },
            ["Form"] = form,
            ["Need"] = need,
            ["Found"] = found,
            ["Refused"] = refused,
            ["Card"] = card,
            ["Names"] = names,
            ["FormKey"] = card is null ? null : RandomNumberGenerator.GetHexString(16, lowercase: true),
        });
    }

    private static async Task<IResult> SideAsync(HttpContext context, PlanComparison comparison, TopUpDesk desk, TimeProvider time, CancellationToken cancellation)
    {
        var (card, isUnknown) = await CardAsync(context, desk, cancellation);
        if (isUnknown)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        var form = NeedForm.Read(context.Request.Query);
        var visitor = context.Visitor();
        var (need, refused) = form.Check(visitor.Today(time));
        ImmutableArray<string> codes = [.. context.Request.Query["plan"].Select(code => code ?? "").Where(code => code.Length > 0).Distinct().Take(PlanComparison.MostSideBySide + 1)];
        var (plans, unknown) = await comparison.SideBySideAsync([.. codes.Take(PlanComparison.MostSideBySide)], need, card, cancellation);
        var (error, status) = (refused, codes.Length, unknown.Length) switch
        {
            ({ } fault, _, _) => (visitor["Need_" + fault.Fault, fault.Detail], StatusCodes.Status422UnprocessableEntity),
            (_, 0, _) => (visitor["Side_None", PlanComparison.MostSideBySide], StatusCodes.Status422UnprocessableEntity),
            (_, > PlanComparison.MostSideBySide, _) => (visitor["Side_TooMany", PlanComparison.MostSideBySide], StatusCodes.Status422UnprocessableEntity),
            (_, _, > 0) => (visitor["Side_Unknown", unknown[0].Length > NeedForm.MostText ? unknown[0][..NeedForm.MostText] : unknown[0]], plans.Length == 0 ? StatusCodes.Status404NotFound : StatusCodes.Status200OK),
            _ => (null, StatusCodes.Status200OK),
        };
        return StorefrontEndpoints.Page<SidePage>(context, status, new()
        {
            ["V"] = visitor with { Path = SidePath + form.Query([("card", CardText(card)), .. plans.Select(plan => ("plan", plan.Plan.Code))]) },
            ["Back"] = ListPath + form.Query(("card", CardText(card))),
            ["Need"] = need,
            ["Plans"] = plans,
            ["Error"] = error,
            ["Card"] = card,
            ["FormKey"] = card is null ? null : RandomNumberGenerator.GetHexString(16, lowercase: true),
        });
    }

    private static async Task<(CardView? Card, bool IsUnknown)> CardAsync(HttpContext context, TopUpDesk desk, CancellationToken cancellation)
    {
        var text = context.Request.Query["card"].ToString();
        var card = CellId.TryParse(text, out var nameId) ? await desk.GetCardAsync(nameId, cancellation) : null;
        return (card, text.Length > 0 && card is null);
    }

    private static string CardText(CardView? card) => card is null ? "" : CellId.ToText(card.NameId);
}
