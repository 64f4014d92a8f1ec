using System.Globalization;
using System.Text;
using Refill.Promotions;

namespace Refill.Bench.Comparison;

/// <summary>A catalogue of as many plans as wanted, the same each time: ninety carriers on four networks, with facts stated and not stated as in real price lists.</summary>
internal static class ManyPlans
{
    private const int Carriers = 90;
    private static readonly string[] Networks = ["T-Mobile", "AT&T", "Verizon", "AT&T, T-Mobile or Verizon"];
    private static readonly string[] After = ["stops", "throttled:128", "throttled:512", "throttled:1500", "throttled", "not stated"];
    private static readonly string[] Counts = ["unlimited", "not stated", "0", "100", "500"];
    private static readonly string[] Validities = ["1x24h", "3 days", "7 days", "10 days", "15 days", "30x24h", "30 days", "1 month", "3 months"];
    private static readonly string[] Orders = ["cost", "gb", "data", "stars"];
    private static readonly string[] Names = ["Traveller", "Student", "Unlimited", "Basic", "Max", "Data only", "Talk & Text", "Weekend"];

    public static MemoryStream Csv(int plans)
    {
        var random = new Random(5);
        var csv = new StringBuilder("carrier_code,carrier_name,network,connector,connector_reference,time_zone,plan_code,plan_name,carrier_product,price_usd,full_speed,after_quota,voice_minutes,sms,hotspot,hotspot_data,validity,activation,verified,source,note,sim_price_usd\n");
        for (var number = 0; number < plans; number++)
        {
            var carrier = number % Carriers;
            var gigabytes = random.Next(0, 60);
            var data = gigabytes switch { 0 => "not stated", > 50 => "unlimited", _ => $"{gigabytes} GB" };
            csv.Append(CultureInfo.InvariantCulture, $"bench-{carrier},Carrier No. {carrier} Wireless,\"{Networks[carrier % Networks.Length]}\",reloadly,{9000 + carrier},America/New_York,")
                .Append(CultureInfo.InvariantCulture, $"bench-{carrier}-plan-{number},{Of(Names)} {data} {number},{number},{random.Next(2, 90)}.{random.Next(0, 100):00},{data},{Of(After)},{Of(Counts)},{Of(Counts)},")
                .Append(CultureInfo.InvariantCulture, $"{Of(["no", "not stated", "yes"])},,{Of(Validities)},{Of(["purchase", "first use"])},{Of(["yes", "no"])},price list of 2026 no. {carrier},,{(carrier % 3 == 0 ? "4.99" : "")}\n");
        }

        return new MemoryStream(Encoding.UTF8.GetBytes(csv.ToString()));

        string Of(string[] words) => words[random.Next(words.Length)];
    }

    /// <summary>As many offers as wanted, all running: a few for every plan, a quarter for a carrier each, most for three plans each; every other one adds up with others.</summary>
    public static MemoryStream Offers(int offers, int plans)
    {
        var random = new Random(11);
        var csv = new StringBuilder("code,name_en,name_zh,name_es,kind,value,plans,carriers,combinable\n");
        for (var number = 0; number < offers; number++)
        {
            var (ofPlans, ofCarriers) = (number % 10, number % 4) switch
            {
                (0, _) => ("", ""),
                (_, 1) => ("", $"bench-{random.Next(Carriers)}"),
                _ => (string.Join(' ', Enumerable.Range(0, 3).Select(_ => random.Next(plans)).Select(plan => $"bench-{plan % Carriers}-plan-{plan}")), ""),
            };
            csv.Append(CultureInfo.InvariantCulture, $"offer-{number},Autumn offer no. {number},第 {number} 号秋季优惠,Oferta de otoño n.º {number},{(number % 3 == 0 ? "amount" : "percent")},{random.Next(1, 4)},{ofPlans},{ofCarriers},{(number % 2 == 0 ? "yes" : "no")}\n");
        }

        return new MemoryStream(Encoding.UTF8.GetBytes(csv.ToString()));
    }

    /// <summary>What these offers may name.</summary>
    public static OfferFacts Facts(int plans) => new(
        Enumerable.Range(0, plans).ToDictionary(number => $"bench-{number % Carriers}-plan-{number}", number => $"bench-{number % Carriers}"),
        Enumerable.Range(0, Carriers).Select(number => $"bench-{number}").ToHashSet(), new HashSet<string>(), new HashSet<string>());

    /// <summary>Addresses as people would ask for: mostly lists for a need of their own, each another; pages further on; plans side by side.</summary>
    public static string[] Addresses(int count, int plans)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(10) switch
        {
            0 => "/compare",
            1 => $"/compare?page={random.Next(1, Math.Max(2, plans / 10))}",
            2 => $"/compare/side?{string.Join('&', Enumerable.Range(0, 4).Select(_ => random.Next(plans)).Select(number => $"plan=bench-{number % Carriers}-plan-{number}"))}&gb={random.Next(1, 40)}",
            3 => $"/compare?carrier=no.+{random.Next(Carriers)}&hotspot=yes&minutes={random.Next(1, 300)}",
            _ => $"/compare?gb={random.Next(1, 60)}&minutes={random.Next(0, 200)}&hotspot={(random.Next(2) == 0 ? "yes" : "any")}{(random.Next(2) == 0 ? "&slow=1" : "")}&sort={Orders[random.Next(Orders.Length)]}&page={random.Next(1, 4)}&{Stay()}",
        })];

        string Stay()
        {
            var start = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(random.Next(1, 60));
            return string.Create(CultureInfo.InvariantCulture, $"start={start:yyyy-MM-dd}&end={start.AddDays(random.Next(0, 120)):yyyy-MM-dd}");
        }
    }
}
