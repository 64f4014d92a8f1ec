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

/// <summary>The gateway's adapter is all that another way to pay changes: killed at each step that calls it, or hears from it.</summary>
public sealed class KillWhenPaidAnotherWayTests
{
    private static readonly string[] AtTheGateway =
    [
        CrashPoint.PaymentStarting, CrashPoint.PaymentOpened, CrashPoint.NotificationReceived, CrashPoint.PaymentConfirming, CrashPoint.PaymentConfirmed,
        CrashPoint.RefundReserved, CrashPoint.RefundStarting, CrashPoint.RefundAnswered, CrashPoint.RefundCommitted,
    ];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task It_is_charged_once_and_refunded_once_although_the_server_was_killed_at(string point, string way) => await KilledTopUp.RunRefundedAsync(point, way);

    public static TheoryData<string, string> Points()
    {
        var all = new TheoryData<string, string>();
        foreach (var point in AtTheGateway)
        {
            all.Add(point, "wechatpay.wap");
            all.Add(point, "stripe.page");
        }

        return all;
    }
}

public sealed class KillCoverageTests
{
    [Fact]
    public void Every_named_crash_point_is_tried() =>
        Assert.Equal(CrashPoint.All.Order(), KilledTopUp.ReachedWhenAccepted.Union(KilledTopUp.ReachedWhenRefused).Order());
}
