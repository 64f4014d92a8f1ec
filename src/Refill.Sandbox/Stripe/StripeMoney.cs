using System.Collections.Frozen;
using System.Globalization;

namespace Refill.Sandbox.Stripe;

/// <summary>A currency that can be charged.</summary>
/// <param name="Rate">What one unit of it is in USD, the currency of settlement. The sandbox's rates never move.</param>
/// <param name="MinorPerUnit">1 for those that have no smaller unit.</param>
internal sealed record StripeCurrency(string Code, decimal Rate, int MinorPerUnit)
{
    internal const string Settlement = "usd";
    private const long LeastCents = 50;

    private static readonly FrozenDictionary<string, StripeCurrency> All = new StripeCurrency[]
    {
        new(Settlement, 1, 100), new("cad", 0.72m, 100), new("cny", 0.14m, 100), new("eur", 1.10m, 100), new("gbp", 1.28m, 100), new("hkd", 0.128m, 100), new("jpy", 0.0067m, 1), new("mxn", 0.055m, 100),
    }.ToFrozenDictionary(currency => currency.Code, StringComparer.Ordinal);

    internal static StripeCurrency? Find(string code) => All.GetValueOrDefault(code);

    internal static string Codes => string.Join(", ", All.Keys.Order(StringComparer.Ordinal));

    internal long Cents(long minor) => (long)decimal.Round(minor * Rate * 100 / MinorPerUnit, MidpointRounding.AwayFromZero);

    internal bool IsEnough(long minor) => Cents(minor) >= LeastCents;
}

/// <summary>How amounts are read and written.</summary>
internal static class StripeMoney
{
    /// <summary>Eight digits.</summary>
    private const long Most = 99_999_999;

    /// <summary>A lower-case code that the sandbox knows.</summary>
    internal static string ReadCurrency(StripeForm form, string name)
    {
        var code = form.Text(name, required: true) ?? "";
        if (code.Length > 0 && StripeCurrency.Find(code) is null)
        {
            form.Refuse(StripeRefusal.Parameter(name, $"Invalid currency: {code}. This account takes {StripeCurrency.Codes}."));
        }

        return code;
    }

    /// <summary>What is to be charged in all: at most eight digits, and worth 50 cents or more.</summary>
    internal static void Check(StripeForm form, string name, long amount, string currency)
    {
        if (amount > Most)
        {
            form.Refuse(StripeRefusal.Parameter(name, $"Amount must be no more than {Text(Most, currency)}", "amount_too_large"));
        }
        else if (StripeCurrency.Find(currency) is { } known && !known.IsEnough(amount))
        {
            form.Refuse(StripeRefusal.Parameter(name, "Amount must convert to at least 50 cents of USD.", "amount_too_small"));
        }
    }

    /// <summary>Such as USD 12.34 or JPY 500.</summary>
    internal static string Text(long minor, string currency)
    {
        var perUnit = StripeCurrency.Find(currency)?.MinorPerUnit ?? 100;
        return perUnit == 1
            ? string.Create(CultureInfo.InvariantCulture, $"{currency.ToUpperInvariant()} {minor}")
            : string.Create(CultureInfo.InvariantCulture, $"{currency.ToUpperInvariant()} {minor / perUnit}.{minor % perUnit:00}");
    }
}
