using System.Reflection;
using NetArchTest.Rules;
using Refill.Ledger;

namespace Refill.Tests;

/// <summary>Arrows point down (docs/architecture.md): ground, capabilities, journeys; and an edge's folder is used by nobody.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly Library = typeof(GeneralLedger).Assembly;
    private static readonly string[] Ground = ["Ledger", "Work", "Storage", "Units"];
    private static readonly string[] Capabilities = ["Catalogue", "Cards", "Promotions", "Payments", "Carriers", "Customers", "Reviews"];
    private static readonly string[] Journeys = ["TopUps", "Archive", "Comparison", "Advice"];

    /// <summary>What a capability may know of another: a carrier is asked about cards and delivers plans, in the words of both.</summary>
    private static readonly Dictionary<string, string[]> May = new() { ["Carriers"] = ["Cards", "Catalogue"] };

    [Fact]
    public void The_ground_knows_nothing_above_it() => Assert.All(Ground, folder => Clean(folder, [.. Capabilities, .. Journeys]));

    [Fact]
    public void A_capability_knows_no_journey_and_no_other_capability() =>
        Assert.All(Capabilities, folder => Clean(folder, [.. Journeys, .. Capabilities.Where(other => other != folder && !May.GetValueOrDefault(folder, []).Contains(other))]));

    /// <summary>The archive puts away what others have made; that it is away, they learn from the ground (Storage/ArchivedMonths). The comparison asks the top-ups what they charge.</summary>
    [Fact]
    public void The_journey_of_a_top_up_knows_neither_archive_nor_comparison_nor_advice() => Clean("TopUps", ["Archive", "Comparison", "Advice"]);

    [Fact]
    public void Advice_knows_neither_archive_nor_comparison() => Clean("Advice", ["Archive", "Comparison"]);

    [Theory]
    [InlineData("Payments.Alipay")]
    [InlineData("Payments.Stripe")]
    [InlineData("Payments.WeChatPay")]
    [InlineData("Carriers.Reloadly")]
    public void An_edge_is_used_by_nothing_else_in_the_library(string edge) => Assert.All(
        Types.InAssembly(Library).That().HaveDependencyOn($"Refill.{edge}").GetTypes(), type => Assert.StartsWith($"Refill.{edge}", type.FullName, StringComparison.Ordinal));

    [Fact]
    public void The_library_knows_no_web_and_no_sandbox() => Assert.DoesNotContain(
        Library.GetReferencedAssemblies(), assembly => assembly.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || assembly.Name.StartsWith("Refill", StringComparison.Ordinal));

    [Fact]
    public void This_test_can_fail() => Assert.NotEmpty(Offenders("TopUps", ["Ledger"]));

    private static void Clean(string folder, string[] forbidden) => Assert.Empty(Offenders(folder, forbidden));

    private static string[] Offenders(string folder, string[] forbidden) =>
        [.. Types.InAssembly(Library).That().ResideInNamespaceStartingWith($"Refill.{folder}").And().HaveDependencyOnAny([.. forbidden.Select(other => $"Refill.{other}")]).GetTypes().Select(type => type.FullName!)];
}
