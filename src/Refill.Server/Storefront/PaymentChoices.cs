using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>One button: this gateway, in this way, for this amount.</summary>
public sealed record PaymentChoice(string Gateway, PaymentWay Way, Money Amount)
{
    /// <summary>What the form sends: "alipay.wap".</summary>
    public string Value => $"{Gateway}.{Way.ToString().ToLowerInvariant()}";

    /// <summary>The key of the button's words.</summary>
    public string Key => "Pay_" + Gateway + "_" + Way;

    public static (string Gateway, PaymentWay Way)? Parse(string? value) =>
        value is { Length: <= 40 } && value.Split('.') is [var gateway, var way] && Enum.TryParse<PaymentWay>(way, ignoreCase: true, out var known) && way.All(char.IsAsciiLetter) ? (gateway, known) : null;
}

/// <summary>What a top-up can be paid with by this visitor, best first: what works where they are, in the order of their language, what they used last at the top.</summary>
/// <param name="Here">Works in this browser.</param>
/// <param name="Other">Works, but is seldom meant: behind a fold.</param>
/// <param name="Elsewhere">Would work if the page were opened in a browser of its own (WeChat opens neither its own H5 payment nor Alipay).</param>
public sealed record PaymentChoices(IReadOnlyList<PaymentChoice> Here, IReadOnlyList<PaymentChoice> Other, IReadOnlyList<PaymentChoice> Elsewhere)
{
    private static readonly string[] OfChinese = ["alipay", "wechatpay", "stripe"];
    private static readonly string[] OfOthers = ["stripe", "alipay", "wechatpay"];

    /// <param name="lastUsed">The gateway that this device paid with last; null if none.</param>
    public static PaymentChoices Of(PaymentGateways gateways, TopUpView topUp, Visitor visitor, string? lastUsed)
    {
        var order = visitor.Text.Language == "zh-Hans" ? OfChinese : OfOthers;
        var all = gateways.All
            .OrderBy(gateway => gateway.Name == lastUsed ? -1 : Array.IndexOf(order, gateway.Name) is >= 0 and var place ? place : order.Length)
            .ThenBy(gateway => gateway.Name, StringComparer.Ordinal)
            .Where(gateway => topUp.ChargeAt(gateway.Name, gateway.Currency) is not null)
            .SelectMany(gateway => gateway.Ways.Select(way => new PaymentChoice(gateway.Name, way, topUp.ChargeAt(gateway.Name, gateway.Currency)!.Value)))
            .GroupBy(choice => PlaceOf(choice, visitor.Browser))
            .ToDictionary(group => group.Key, group => group.ToList());
        var here = all.GetValueOrDefault(Place.Here, []);
        return new PaymentChoices(here, all.GetValueOrDefault(Place.Other, []), [.. all.GetValueOrDefault(Place.Elsewhere, []).Where(choice => here.All(better => better.Gateway != choice.Gateway))]);
    }

    private enum Place
    {
        Here,
        Other,
        Elsewhere,
        Nowhere,
    }

    private static Place PlaceOf(PaymentChoice choice, Browser browser) => (choice.Gateway, choice.Way, browser) switch
    {
        (_, PaymentWay.Direct or PaymentWay.Barcode, _) => Place.Nowhere,
        (_, PaymentWay.Transfer, _) => Place.Other,
        (_, PaymentWay.InApp, Browser.WeChat) => Place.Here,
        (_, PaymentWay.InApp, _) => Place.Nowhere,

        // Nobody scans a code with the phone that shows it.
        (_, PaymentWay.Qr, Browser.Desktop) => Place.Here,
        (_, PaymentWay.Qr, _) => Place.Nowhere,
        ("alipay", PaymentWay.Wap, Browser.WeChat) => Place.Elsewhere,
        ("alipay", PaymentWay.Page, Browser.WeChat or Browser.Alipay) => Place.Nowhere,
        ("wechatpay", PaymentWay.Wap, Browser.WeChat or Browser.Alipay) => Place.Elsewhere,
        ("wechatpay", PaymentWay.Wap, Browser.Desktop) => Place.Nowhere,
        ("alipay", PaymentWay.Wap, Browser.Desktop) or ("alipay", PaymentWay.Page, Browser.Phone) => Place.Other,
        _ => Place.Here,
    };
}
