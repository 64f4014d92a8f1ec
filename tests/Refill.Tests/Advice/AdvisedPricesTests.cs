using Refill.Advice;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.TopUps;
using Refill.TopUps;

namespace Refill.Tests.Advice;

/// <summary>What advice says it will cost is what the quote charges on that day, to the cent: random catalogues, random offers.</summary>
public sealed class AdvisedPricesTests
{
    private const string Heading = "code,name_en,kind,value,plans,coupon,from,until,time_zone,first_purchase,limit,limit_per_card,combinable";
    private const string Zone = "America/New_York";
    private const int Seeds = 8;

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(200)]
    [InlineData(300)]
    public async Task The_quotes_of_the_advised_days_charge_what_was_advised(int firstSeed)
    {
        var steps = 0;
        for (var seed = firstSeed; seed < firstSeed + Seeds; seed++)
        {
            steps += await PlayAsync(new Random(seed), seed);
        }

        Assert.True(steps > Seeds, $"{steps} steps say little");
    }

    private static async Task<int> PlayAsync(Random random, int seed)
    {
        await using var scene = await Scene.NewAsync(DatabaseKind.Sqlite);
        scene.Carrier.AllowancesInLedger = true;
        scene.Time.Advance(TimeSpan.FromMinutes(random.Next(0, 600)));
        var plans = Enumerable.Range(0, random.Next(1, 5)).Select(index => $"p{index}").ToArray();
        await scene.StockAsync([.. plans.Select(code => MakePlan(random, code))]);
        var today = Validity.DayOf(scene.Time.GetUtcNow(), Zone);
        var offers = Enumerable.Range(0, random.Next(0, 5)).Select(index => MakeOffer(random, $"o{index}", plans, today)).ToArray();
        if (offers.Length > 0)
        {
            var report = await scene.OfferAsync(Heading, plans.ToDictionary(code => code, _ => "mint"), offers);
            Assert.True(report.Done, $"seed {seed}: {report}");
        }

        var card = (await scene.Desk.FindCardAsync("2015550123", default)).Value!;
        var stay = new Stay(today.AddDays(random.Next(0, 4)), [new Stretch(random.Next(1, 8), random.Next(1, 4) * 300_000_000L), new Stretch(random.Next(1, 5), random.Next(1, 4) * 1_000_000_000L)], Zone)
        {
            Card = card.NameId,
            Only = "mint",
            Coupon = random.Next(2) == 0 && offers.Any(offer => offer.Contains("CODE1", StringComparison.Ordinal)) ? "CODE1" : null,
        };
        var answer = await scene.Advice.AskAsync(stay, default);
        if (answer.Given is not { } given)
        {
            return 0; // The coupon holds for nothing: said so.
        }

        Assert.True(given.Kind is AdviceKind.Proven or AdviceKind.Bounded or AdviceKind.Impossible, $"seed {seed}: {given.Kind}");
        if (given.Kind != AdviceKind.Impossible)
        {
            Assert.Equal(given.TotalCents, given.Steps.Sum(step => step.Cents + step.SimCents));
        }

        var trail = string.Join("; ", given.Steps.Select(step => FormattableString.Invariant($"{step.Plan.Code} {step.BuyOn:O} {step.From:O} {step.Cents} {step.Pack} {step.TakesCoupon} {string.Join(',', step.Lines.Select(line => line.English))}")));
        foreach (var step in given.Steps)
        {
            var at = step.BuyOn == today ? scene.Time.GetUtcNow() : Validity.StartOf(step.BuyOn, Zone) + TimeSpan.FromHours(9);
            scene.Time.Advance(at > scene.Time.GetUtcNow() ? at - scene.Time.GetUtcNow() : TimeSpan.Zero);
            await scene.DueAsync();
            var wishes = new QuoteWishes(step.TakesCoupon ? stay.Coupon : null, step.Pack, step.From == step.BuyOn ? null : FormattableString.Invariant($"{step.From:O}"));
            var quoted = await scene.Desk.QuoteAsync(card.NameId, step.Plan.Code, null, wishes, default);
            Assert.True(quoted.Value is not null, $"seed {seed}: {quoted.Refusal?.Problem}");
            Assert.True((step.Cents, step.Quantity) == (quoted.Value.Price.Minor, quoted.Value.Sale?.Present.Quantity ?? 1), $"seed {seed}: advised {step.Cents} for {step.Plan.Code} on {step.BuyOn}, quoted {quoted.Value.Price.Minor} ({string.Join(',', quoted.Value.Sale?.Present.Lines.Select(line => line.Name.English) ?? [])}); {trail}\n{string.Join('\n', offers)}");
            var order = await scene.StartAsync(quoted.Value);
            scene.Gateway.Pay(order);
            await scene.NotifyAsync(order);
            await scene.PassAsync(TimeSpan.FromSeconds(10));
        }

        return given.Steps.Count;
    }

    private static string MakePlan(Random random, string code)
    {
        var validity = random.Next(4) switch { 0 => "1x24h", 1 => "7 days", 2 => "30x24h", _ => "1 month" };
        var price = random.Next(100, 4_000) / 100m;
        return FormattableString.Invariant($"mint,Mint,T-Mobile,test,1,{Zone},{code},{code},{code},{price:F2},{random.Next(1, 12)} GB,{(random.Next(2) == 0 ? "stops" : "throttled:128")},0,0,no,,{validity},purchase,no,test,,{(random.Next(3) == 0 ? "queues" : "beside")},4.00");
    }

    private static string MakeOffer(Random random, string code, string[] plans, DateOnly today)
    {
        var (kind, value) = random.Next(4) switch { 0 => ("percent", $"{random.Next(1, 60)}"), 1 => ("amount", FormattableString.Invariant($"{random.Next(1, 500) / 100m:F2}")), 2 => ("data", $"{random.Next(1, 4)} GB"), _ => ("buy-n-get-one", $"{random.Next(1, 3)}") };
        var isGift = kind is "data" or "buy-n-get-one";
        var first = random.Next(0, 6);
        var window = random.Next(2) == 0 ? $"{today.AddDays(first):O},{today.AddDays(first + random.Next(0, 4)):O},{(random.Next(2) == 0 ? Zone : "Asia/Shanghai")}" : ",,";
        var coupon = kind != "buy-n-get-one" && random.Next(4) == 0 && code == "o0" ? "CODE1" : "";
        var isFirst = random.Next(4) == 0;
        return $"{code},{code},{kind},{value},{(isGift || random.Next(2) == 0 ? plans[random.Next(plans.Length)] : "")},{coupon},{window},{(isFirst ? "yes" : "no")},{(random.Next(3) == 0 ? "3" : "")},{(!isFirst && random.Next(3) == 0 ? $"{random.Next(1, 3)}" : "")},{(kind != "buy-n-get-one" && random.Next(2) == 0 ? "yes" : "no")}";
    }
}
