using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Refill.Units;

namespace Refill.Promotions;

/// <param name="Line">Of the file, from 1; 0 for the file as a whole.</param>
public sealed record BadOffer(int Line, string Column, string Reason)
{
    public override string ToString() => $"line {Line}, {Column}: {Reason}";
}

/// <summary>What an import holds a file against: the names of the house, as plain words, because promotions know no catalogue.</summary>
/// <param name="Plans">Carriers by plan, codes both.</param>
/// <param name="OwnCarriers">Those whose allowances live in our ledger: only there can more be put on a card than was bought.</param>
public sealed record OfferFacts(IReadOnlyDictionary<string, string> Plans, IReadOnlySet<string> Carriers, IReadOnlySet<string> OwnCarriers, IReadOnlySet<string> Gateways);

/// <summary>One row of a file (docs/promotions.md): texts in, a promotion out, or everything that is wrong with it.</summary>
internal sealed partial class PromotionLine
{
    public static readonly FrozenSet<string> Columns =
    [
        "code", "name_en", "name_zh", "name_es", "kind", "value", "plans", "carriers", "gateways", "shops", "coupon", "first_purchase", "least_spend_usd",
        "from", "until", "time_zone", "limit", "limit_per_card", "combinable",
    ];

    private const int MaxCell = 2_000;
    private const int MaxName = 80;
    private const int MaxListed = 100;
    private const long MaxCents = 1_000_000;
    private const int MostBought = 10;
    private const long MaxLimit = 100_000_000;
    private const int MaxPerCard = 10_000;

    /// <summary>Also as East Asian keyboards type them.</summary>
    private const string FormulaMarks = "=+-@\uFF1D\uFF0B\uFF0D\uFF20";

    private readonly FileRow row;
    private readonly OfferFacts facts;
    private readonly List<BadOffer> bad = [];

    private PromotionLine(FileRow row, OfferFacts facts) => (this.row, this.facts) = (row, facts);

    public static (Promotion? Promotion, IReadOnlyList<BadOffer> Bad) Read(FileRow row, OfferFacts facts)
    {
        var line = new PromotionLine(row, facts);
        if (row.Fault is { } fault)
        {
            return (null, [new BadOffer(row.Line, "row", fault)]);
        }

        foreach (var (column, text) in row.Cells)
        {
            line.CheckText(column, text);
        }

        if (line.bad.Count > 0)
        {
            return (null, line.bad);
        }

        var promotion = line.Parse();
        return line.bad.Count == 0 ? (promotion, []) : (null, line.bad);
    }

    private void CheckText(string column, string text)
    {
        if (!Columns.Contains(column))
        {
            Bad(column.Length > 40 ? column[..40] : column, "is no column of the format");
        }
        else if (text.Length > MaxCell)
        {
            Bad(column, $"has {text.Length} characters; at most {MaxCell} are allowed");
        }
        else if (text.Any(c => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate))
        {
            Bad(column, "holds a character that cannot be seen");
        }
        else if (text.Length > 0 && FormulaMarks.Contains(text[0], StringComparison.Ordinal) && column is not "value")
        {
            Bad(column, $"begins with '{text[0]}', which spreadsheets take for a formula");
        }
    }

    private Promotion Parse()
    {
        var (kind, value) = KindAndValue();
        var zone = Cell("time_zone");
        var hasWindow = Cell("from").Length + Cell("until").Length > 0;
        if (zone.Length == 0 ? hasWindow : !PromotionWindow.IsZone(zone))
        {
            Bad("time_zone", zone.Length == 0 ? "is empty, and a window needs the zone that it is meant in, such as America/New_York" : $"'{zone}' is no IANA time zone");
        }

        var promotion = new Promotion(Code(), new PromotionName(Name("name_en", needed: true)!, Name("name_zh"), Name("name_es")), kind, value)
        {
            Plans = Codes("plans", facts.Plans.ContainsKey, "is no plan in the catalogue"),
            Carriers = Codes("carriers", facts.Carriers.Contains, "is no carrier in the catalogue"),
            Gateways = Codes("gateways", facts.Gateways.Contains, $"is no way of paying; there are {string.Join(", ", facts.Gateways.Order(StringComparer.Ordinal))}"),
            Shops = Codes("shops", _ => true, ""),
            Coupon = Coupon(),
            IsFirstPurchaseOnly = Flag("first_purchase"),
            LeastSpendCents = Cell("least_spend_usd").Length == 0 ? 0 : Cents("least_spend_usd"),
            From = Edge("from", zone, PromotionWindow.Begin),
            Until = Edge("until", zone, PromotionWindow.End),
            TimeZone = zone.Length == 0 ? "UTC" : zone,
            Limit = Number("limit", MaxLimit),
            LimitPerCard = (int?)Number("limit_per_card", MaxPerCard),
            IsCombinable = Flag("combinable"),
        };
        CheckTogether(promotion);
        return promotion;
    }

    /// <summary>What contradicts itself.</summary>
    private void CheckTogether(Promotion promotion)
    {
        if (promotion.From >= promotion.Until)
        {
            Bad("until", $"the window ends ({Cell("until")}) before it starts ({Cell("from")})");
        }

        if (promotion.LimitPerCard > promotion.Limit)
        {
            Bad("limit_per_card", $"is {promotion.LimitPerCard}, which is more than {promotion.Limit} in all");
        }

        if (promotion.IsFirstPurchaseOnly && promotion.LimitPerCard > 1)
        {
            Bad("limit_per_card", "a card has one first purchase");
        }

        if (promotion is { Kind: PromotionKind.BuyGetOne, IsCombinable: true })
        {
            Bad("combinable", "buy-n-get-one stands alone");
        }

        if (promotion is { Kind: PromotionKind.BuyGetOne, Gateways.IsEmpty: false })
        {
            Bad("gateways", "buy-n-get-one is the same in every way of paying");
        }

        foreach (var plan in promotion.Plans.Where(plan => !promotion.Carriers.IsEmpty && !promotion.Carriers.Contains(facts.Plans[plan])))
        {
            Bad("plans", $"'{plan}' is a plan of '{facts.Plans[plan]}', which is none of the carriers");
        }

        if (promotion.Kind is PromotionKind.BonusData or PromotionKind.BuyGetOne && !IsOwnAlone(promotion))
        {
            Bad("kind", "can be delivered by our own network alone: name plans or carriers of it (a wholesaler puts on a card what its product says, once for each call)");
        }
    }

    private bool IsOwnAlone(Promotion promotion) =>
        (!promotion.Plans.IsEmpty && promotion.Plans.All(plan => facts.OwnCarriers.Contains(facts.Plans[plan])))
        || (promotion.Plans.IsEmpty && !promotion.Carriers.IsEmpty && promotion.Carriers.All(facts.OwnCarriers.Contains));

    private (PromotionKind, long) KindAndValue()
    {
        var value = Cell("value");
        switch (Cell("kind"))
        {
            case "percent":
                var percent = value.EndsWith('%') ? value[..^1].TrimEnd() : value;
                if (Money.TryParseDecimal(percent, Currency.Usd, out var hundredths) && hundredths.Minor is > 0 and <= 10_000)
                {
                    return (PromotionKind.Percentage, hundredths.Minor);
                }

                Bad("value", $"'{value}' must be a percentage above 0 and at most 100, with at most two decimals");
                return (PromotionKind.Percentage, 0);
            case "amount":
                return (PromotionKind.AmountOff, Cents("value"));
            case "data":
                if (DataForm().Match(value) is { Success: true } form && long.TryParse(form.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 100_000)
                {
                    return (PromotionKind.BonusData, (form.Groups[2].Value == "GB" ? DataVolume.Gigabytes(number) : DataVolume.Megabytes(number)).Bytes);
                }

                Bad("value", $"'{value}' must be like '2 GB' or '500 MB'");
                return (PromotionKind.BonusData, 0);
            case "buy-n-get-one":
                if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bought) && bought is > 0 and <= MostBought)
                {
                    return (PromotionKind.BuyGetOne, bought);
                }

                Bad("value", $"'{value}' must be how many are paid for, 1 to {MostBought}");
                return (PromotionKind.BuyGetOne, 0);
            default:
                Bad("kind", $"'{Cell("kind")}' must be 'percent', 'amount', 'data' or 'buy-n-get-one'");
                return default;
        }
    }

    private string Code()
    {
        if (!PlainCode().IsMatch(Cell("code")))
        {
            Bad("code", $"'{Cell("code")}' must be 1 to 40 lower-case letters, digits and hyphens");
        }

        return Cell("code");
    }

    private string? Name(string column, bool needed = false)
    {
        var text = Cell(column);
        if (text.Length > MaxName || (needed && text.Length == 0))
        {
            Bad(column, text.Length == 0 ? "is empty" : $"has {text.Length} characters; at most {MaxName} are allowed");
        }

        return text.Length == 0 && !needed ? null : text;
    }

    private ImmutableArray<string> Codes(string column, Func<string, bool> known, string unknown)
    {
        string[] codes = [.. Cell(column).Split([' ', ';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().Order(StringComparer.Ordinal)];
        foreach (var code in codes.Where(code => !PlainList().IsMatch(code)).Take(1))
        {
            Bad(column, $"'{code}' must be codes of lower-case letters, digits and hyphens, with spaces between");
            return [];
        }

        if (codes.Length > MaxListed)
        {
            Bad(column, $"names {codes.Length}; at most {MaxListed} are allowed");
            return [];
        }

        var strangers = codes.Where(code => !known(code)).ToList();
        strangers.ForEach(code => Bad(column, $"'{code}' {unknown}"));
        return strangers.Count > 0 ? [] : [.. codes];
    }

    private string? Coupon()
    {
        var text = Cell("coupon");
        if (text.Length == 0)
        {
            return null;
        }

        if (CouponText.Normalize(text) is { } coupon)
        {
            return coupon;
        }

        Bad("coupon", $"'{text}' must be {CouponText.Shortest} to {CouponText.Longest} letters A-Z and digits");
        return null;
    }

    private bool Flag(string column)
    {
        if (Cell(column) is not ("yes" or "no" or ""))
        {
            Bad(column, $"'{Cell(column)}' must be 'yes' or 'no'");
        }

        return Cell(column) == "yes";
    }

    private long Cents(string column)
    {
        if (Money.TryParseDecimal(Cell(column), Currency.Usd, out var money) && money.Minor is > 0 and <= MaxCents)
        {
            return money.Minor;
        }

        Bad(column, $"'{Cell(column)}' must be dollars with at most two decimals, above 0 and at most {MaxCents / 100}");
        return 0;
    }

    private DateTimeOffset? Edge(string column, string zone, Func<string, string, DateTimeOffset?> read)
    {
        if (Cell(column).Length == 0 || !PromotionWindow.IsZone(zone))
        {
            return null;
        }

        var edge = read(Cell(column), zone);
        if (edge is null)
        {
            Bad(column, $"'{Cell(column)}' must be a day such as 2026-12-01, or a time there such as 2026-12-01T09:00");
        }

        return edge;
    }

    private long? Number(string column, long most)
    {
        var text = Cell(column);
        if (text.Length == 0)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= most)
        {
            return number;
        }

        Bad(column, text == "0" ? "is 0, so that nobody could use it; leave it empty for no limit, or stop the offer" : $"'{text}' must be a whole number, 1 to {most}");
        return null;
    }

    private string Cell(string column) => row.Cells.GetValueOrDefault(column, "");

    private void Bad(string column, string reason) => bad.Add(new BadOffer(row.Line, column, reason));

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,39}$")]
    private static partial Regex PlainCode();

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,59}$")]
    private static partial Regex PlainList();

    [GeneratedRegex("^([0-9]{1,6}) (GB|MB)$")]
    private static partial Regex DataForm();
}
