using Refill.Work;

namespace Refill.Browser.Tests;

/// <summary>The bar of reliability.md: killed (-9) at every named step and started again, each top-up still ends Completed or Refunded, credited at most once.</summary>
public sealed class KillWhenTheCarrierAcceptsTests
{
    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_top_up_is_completed_and_credited_once_although_the_server_was_killed_at(string point) =>
        await KilledTopUp.RunOnBothDatabasesAsync(point, DemoCard.Healthy);

    public static TheoryData<string> Points() => [.. KilledTopUp.ReachedWhenAccepted];
}

/// <inheritdoc cref="KillWhenTheCarrierAcceptsTests"/>
public sealed class KillWhenTheCarrierRefusesTests
{
    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_top_up_is_refunded_once_and_never_credited_although_the_server_was_killed_at(string point) =>
        await KilledTopUp.RunOnBothDatabasesAsync(point, DemoCard.Refused);

    public static TheoryData<string> Points() => [.. KilledTopUp.ReachedWhenRefused];
}

public sealed class KillCoverageTests
{
    [Fact]
    public void Every_named_crash_point_is_tried() =>
        Assert.Equal(CrashPoint.All.Order(), KilledTopUp.ReachedWhenAccepted.Union(KilledTopUp.ReachedWhenRefused).Order());
}
