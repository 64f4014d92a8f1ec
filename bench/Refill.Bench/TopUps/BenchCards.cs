using System.Globalization;

namespace Refill.Bench.TopUps;

/// <summary>The cards of a measurement: each has a number that follows from its index, so that the load and the database agree on ten millions of them without a list.</summary>
internal static class BenchCards
{
    /// <summary>As many as the area codes below give.</summary>
    public const int Most = 10_500_000;

    private const int PerArea = 1_500_000;
    private const int First = 3_200_000;

    // New Jersey, Washington, Connecticut, Alabama, Seattle, Maine, Idaho: any that are in use will do.
    private static readonly int[] Areas = [201, 202, 203, 205, 206, 207, 208];

    /// <summary>E.164.</summary>
    public static string Number(int index) => string.Create(CultureInfo.InvariantCulture, $"+1{Areas[index / PerArea]}{First + index % PerArea}");
}
