using System.Globalization;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Reloadly;

/// <summary>An operator that takes fixed amounts of whole USD.</summary>
internal sealed record ReloadlyOperator(long Id, string Name, params int[] Dollars)
{
    /// <summary>What Reloadly gives its customers: 10 % of any amount.</summary>
    internal const int DiscountPercent = 10;

    internal bool Takes(long cents) => Dollars.Any(dollars => dollars * 100L == cents);
}

/// <summary>
/// Which numbers there are. All are of the range that is kept for fiction, +1 NPA 555 0100 to 0199: their tens digit says the operator, and with a 7
/// there their last digit says how they behave. The amounts are the prices of these carriers' plans as of January 2026.
/// </summary>
internal static class ReloadlyOperators
{
    internal static IReadOnlyList<ReloadlyOperator> All { get; } =
    [
        new(9101, "Mint Mobile USA", 15, 20, 25, 30),
        new(9102, "Visible USA", 25, 35, 45),
        new(9103, "Cricket Wireless USA", 30, 35, 45, 55, 100),
        new(9104, "Metro by T-Mobile USA", 25, 30, 40),
        new(9105, "Boost Mobile USA", 25, 55, 60, 65),
        new(9106, "Straight Talk USA", 25, 50, 60),
        new(9107, "US Mobile USA", 4, 8, 10, 25, 44),
        new(9108, "Tello Mobile USA", 5, 14, 19, 24),
        new(9109, "Google Fi USA", 18, 35, 50, 110),
    ];

    internal static ReloadlyOperator? Find(long id) => All.FirstOrDefault(candidate => candidate.Id == id);

    /// <summary>The number in the form +12015550170; null if it is none of the US or is not written in digits.</summary>
    internal static string? Normalise(string? number)
    {
        var digits = number?.TrimStart('+');
        return digits switch
        {
            null => null,
            _ when !digits.All(char.IsAsciiDigit) => null,
            { Length: 10 } => $"+1{digits}",
            { Length: 11 } when digits[0] == '1' => $"+{digits}",
            _ => null,
        };
    }

    /// <param name="number">In the form +12015550170.</param>
    internal static ReloadlyOperator? OfNumber(string number)
    {
        long? id = (number[..^2], number[^2]) switch
        {
            ("+120155501", '1') => 9101,
            ("+120155501", '3') => 9102,
            ("+120155501", '5') => 9103,
            ("+120155501", '6') => 9104,
            ("+120155501", '7') => 9108,
            ("+120155501", '8') => 9107,
            ("+120155501", '9') => 9105,
            ("+121255501", '1') => 9106,
            ("+121255501", '3') => 9109,
            _ => null,
        };
        return id is { } known ? Find(known) : null;
    }

    /// <summary>What always happens when this number is topped up, as if that fault had been asked for; null for a healthy one.</summary>
    /// <param name="number">In the form +12015550170.</param>
    internal static Fault? WayOf(string? number) => number switch
    {
        "+12015550175" => Always(FaultKind.Reject, seconds: 20),
        "+12015550176" => Always(FaultKind.Slow, seconds: 8),
        "+12015550177" => Always(FaultKind.Reject, seconds: 0),
        "+12015550178" => Always(FaultKind.Pending, seconds: 60),
        "+12015550179" => Always(FaultKind.LostAnswer, seconds: 0),
        _ => null,
    };

    /// <summary>The answer of the contract (GetOperatorByIdResponse200). Whole dollars on both sides, so nothing here needs a fraction.</summary>
    internal static object Describe(ReloadlyOperator it) => new
    {
        id = it.Id,
        operatorId = it.Id,
        name = it.Name,
        bundle = false,
        data = false,
        pin = false,
        supportsLocalAmounts = false,
        denominationType = "FIXED",
        senderCurrencyCode = "USD",
        senderCurrencySymbol = "$",
        destinationCurrencyCode = "USD",
        destinationCurrencySymbol = "$",
        commission = ReloadlyOperator.DiscountPercent,
        internationalDiscount = ReloadlyOperator.DiscountPercent,
        localDiscount = 0,
        mostPopularAmount = it.Dollars[0],
        minAmount = it.Dollars[0],
        maxAmount = it.Dollars[^1],
        localMinAmount = it.Dollars[0],
        localMaxAmount = it.Dollars[^1],
        country = new { isoName = "US", name = "United States" },
        fx = new { rate = 1, currencyCode = "USD" },
        logoUrls = Array.Empty<string>(),
        fixedAmounts = it.Dollars,
        fixedAmountsDescriptions = it.Dollars.Select(dollars => string.Create(CultureInfo.InvariantCulture, $"USD {dollars}")),
        localFixedAmounts = Array.Empty<int>(),
        localFixedAmountsDescriptions = Array.Empty<string>(),
        suggestedAmounts = Array.Empty<int>(),
        suggestedAmountsMap = Array.Empty<int>(),
        promotions = Array.Empty<object>(),
    };

    private static Fault Always(FaultKind kind, int seconds) => new(0, "reloadly", "topup", null, null, kind, seconds, int.MaxValue);
}
