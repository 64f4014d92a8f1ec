using System.Globalization;

namespace Refill.Bench.Comparison;

/// <summary>What `compare` was asked to measure.</summary>
internal sealed record CompareOptions(int Plans, int Offers, double PerSecond, double Seconds, double WarmUpSeconds)
{
    public const string Usage = """
        bench/run compare [--plans N] [--offers N] [--per-second N] [--seconds N] [--warm-up N]

          --plans N              plans on sale, 10 to 50000 (5000)
          --offers N             running offers, 0 to 1000 (20): for all plans, for carriers and for plans
          --per-second N         pages a second, 1 to 2000 (200); open loop: each is due at its time, however late the one before was answered
          --seconds N            how long, 2 to 600 (30); the trivial answer as long
          --warm-up N            before that, 0 to 120 (30): the just-in-time compiler is busy for that long
        """;

    public static CompareOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new CompareOptions(5_000, 20, 200, 30, 30);
        for (var index = 0; index < arguments.Count; index += 2)
        {
            var number = index + 1 < arguments.Count && int.TryParse(arguments[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : -1;
            switch (arguments[index])
            {
                case "--plans" when number is >= 10 and <= 50_000:
                    options = options with { Plans = number };
                    break;
                case "--offers" when number is >= 0 and <= 1000:
                    options = options with { Offers = number };
                    break;
                case "--per-second" when number is >= 1 and <= 2000:
                    options = options with { PerSecond = number };
                    break;
                case "--seconds" when number is >= 2 and <= 600:
                    options = options with { Seconds = number };
                    break;
                case "--warm-up" when number is >= 0 and <= 120:
                    options = options with { WarmUpSeconds = number };
                    break;
                default:
                    return null;
            }
        }

        return options;
    }
}
