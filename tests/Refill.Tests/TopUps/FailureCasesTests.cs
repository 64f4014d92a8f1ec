using System.Globalization;
using System.Text.RegularExpressions;

namespace Refill.Tests.TopUps;

/// <summary>docs/payments.md lists the twenty-five failure cases of payments; each has tests that bear its number.</summary>
public sealed partial class FailureCasesTests
{
    private const int Count = 25;

    [Fact]
    public void Each_of_the_twenty_five_cases_has_a_test_named_after_it()
    {
        var named = typeof(FailureCasesTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true))
            .Select(method => CaseName().Match(method.Name))
            .SelectMany(match => match.Groups["number"].Captures)
            .Select(number => int.Parse(number.Value, CultureInfo.InvariantCulture))
            .ToHashSet();
        Assert.Empty(Enumerable.Range(1, Count).Except(named));
    }

    [GeneratedRegex("^Cases?_(?<number>[0-9]+)(_and_(?<number>[0-9]+))*_[A-Z]", RegexOptions.CultureInvariant)]
    private static partial Regex CaseName();
}
