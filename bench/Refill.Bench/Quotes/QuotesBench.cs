using System.Diagnostics;
using System.Globalization;
using Refill.Promotions;

namespace Refill.Bench.Quotes;

/// <summary>
/// What offers cost a quote: <see cref="Pricing.Answer"/>, which is all that a quote asks of them, beside the same question without offers. The bar is one millisecond with 200 that run
/// (all of them for every plan: the worst case), printed as a ratio.
/// </summary>
internal static class QuotesBench
{
    private const int Running = 200;
    private const int Rounds = 9;
    private const double BarMicroseconds = 1_000;
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 12, 0, 0, TimeSpan.Zero);

    public static int Run(TextWriter output)
    {
        var question = new PriceQuestion("plan-7", "carrier-1", 1999, Now) { FullSpeedBytes = 5_000_000_000, IsFirstPurchase = true, Coupons = ["C3"] };
        var forAll = Offers(_ => ([], []));
        var spread = Offers(index => index % 4 == 0 ? ([], []) : index % 4 == 1 ? ([], [$"carrier-{index % 5}"]) : ([$"plan-{index % 50}"], []));
        var without = Measure(question, PromotionBook.Empty);
        output.WriteLine($"| {Running} running offers | µs a quote | of the bar of 1 ms |");
        output.WriteLine("|---|---|---|");
        var worst = Row("none", without);
        worst = Math.Max(worst, Row("for plans, carriers and all", Measure(question, PromotionBook.Of(spread))));
        worst = Math.Max(worst, Row("every one for every plan", Measure(question, PromotionBook.Of(forAll))));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"bench\":\"quotes\",\"offers\":{Running},\"worstMicroseconds\":{worst:0.00},\"barMicroseconds\":{BarMicroseconds:0},\"ratio\":{BarMicroseconds / worst:0}}}"));
        return 0;

        double Row(string name, double microseconds)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {microseconds:0.00} | 1/{BarMicroseconds / microseconds:0} |"));
            return microseconds;
        }
    }

    /// <summary>Of every kind, with every condition, running; half of them combinable.</summary>
    private static List<Promotion> Offers(Func<int, (string[] Plans, string[] Carriers)> of) =>
    [
        .. Enumerable.Range(0, Running).Select(index => new Promotion($"offer-{index}", new PromotionName($"Offer {index}"), (PromotionKind)((index % 4) + 1), index % 4 == 2 ? 1_000_000_000 : (index % 4) + 1 + index)
        {
            Plans = [.. of(index).Plans],
            Carriers = [.. of(index).Carriers],
            Gateways = (index % 7) switch { 0 => ["alipay"], 1 => ["wechatpay", "stripe"], _ => [] },
            Coupon = index % 9 == 0 ? $"C{index}" : null,
            IsFirstPurchaseOnly = index % 11 == 0,
            LeastSpendCents = index % 13 == 0 ? 1_000 : 0,
            From = Now.AddDays(-1),
            Until = Now.AddDays(3),
            IsCombinable = index % 2 == 0 && index % 4 != 3,
        }),
    ];

    /// <summary>The median of some rounds, in microseconds a question.</summary>
    private static double Measure(PriceQuestion question, PromotionBook book)
    {
        const int Questions = 5_000;
        var rounds = new double[Rounds];
        for (var round = -2; round < Rounds; round++)
        {
            var (begin, cents) = (Stopwatch.GetTimestamp(), 0L);
            for (var asked = 0; asked < Questions; asked++)
            {
                cents += Pricing.Answer(question with { ListCents = 1_000 + asked }, book).Plain.TotalCents;
            }

            if (cents == 0)
            {
                throw new InvalidOperationException("nothing was priced");
            }

            if (round >= 0)
            {
                rounds[round] = Stopwatch.GetElapsedTime(begin).TotalMicroseconds / Questions;
            }
        }

        Array.Sort(rounds);
        return rounds[Rounds / 2];
    }
}
