using Refill.Reconciliation;
using Refill.TopUps;

namespace Refill.Server.Tests.Reconciliation;

/// <summary>One day on which each gateway took three payments and sent one back, for the tests of a class: they spoil what is told of it, never what happened.</summary>
public sealed class SoldDay : IAsyncLifetime
{
    /// <summary>Its carrier refuses it: the money goes back.</summary>
    private const string RefusedCard = "+12015550177";

    private readonly Dictionary<string, Sale[]> sales = [];
    private SandboxDay? day;

    internal SandboxDay Day => day ?? throw new InvalidOperationException("it has not been started");

    /// <summary>In the order of time; the first one was refunded.</summary>
    internal Sale[] Of(string gateway) => sales[gateway];

    public async ValueTask InitializeAsync()
    {
        day = await SandboxDay.StartAsync();
        foreach (var gateway in new[] { "alipay", "wechatpay", "stripe" })
        {
            sales[gateway] =
            [
                await day.SellAndEndAsync(gateway, TopUpState.Refunded, RefusedCard),
                await day.SellAndEndAsync(gateway, TopUpState.Completed),
                await day.SellAndEndAsync(gateway, TopUpState.Completed),
            ];
        }

        day.NextDay();
    }

    public ValueTask DisposeAsync() => day?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>Each gateway's statement of a day, as its sandbox writes it, held against what was sold: what was planted is found, and nothing else.</summary>
public sealed class SandboxReconciliationTests(SoldDay sold) : IClassFixture<SoldDay>
{
    private SandboxDay Day => sold.Day;

    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    [InlineData("stripe")]
    public async Task An_honest_statement_agrees_row_by_row_and_in_its_sums(string gateway)
    {
        var report = await DoneAsync(gateway);

        Assert.Equal((4, 4, 0, 0, 0, 0), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        Assert.Equal((sold.Of(gateway).Sum(sale => sale.Amount.Minor), sold.Of(gateway)[0].Amount.Minor), (report.PaymentsMinor, report.RefundsMinor));
        Assert.True(report.FeesMinor > 0, $"fees of {report.FeesMinor}");
        Assert.Empty(await Day.OpenAsync(gateway));
    }

    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    [InlineData("stripe")]
    public async Task A_row_that_is_missing_is_found_and_settled_when_it_is_there(string gateway)
    {
        var missing = sold.Of(gateway)[^1];
        await PlantAsync(gateway, "missing-row", missing);

        var report = await DoneAsync(gateway);

        Assert.Equal((3, 3, 0, 1, 0, 0), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        var found = Assert.Single(await Day.OpenAsync(gateway));
        Assert.Equal((DiscrepancyKind.OnlyOurs, "payment " + missing.OrderNumber, missing.Amount, null), (found.Kind, found.Subject, found.Ours, found.Theirs));
        await ComesRightAsync(gateway);
    }

    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    [InlineData("stripe")]
    public async Task A_row_of_nobody_is_found(string gateway)
    {
        await PlantAsync(gateway, "extra-row", null);

        var report = await DoneAsync(gateway);

        Assert.Equal((5, 4, 1, 0, 0, 0), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        var found = Assert.Single(await Day.OpenAsync(gateway));
        Assert.Equal((DiscrepancyKind.OnlyTheirs, null), (found.Kind, found.Ours));
        await ComesRightAsync(gateway);
    }

    [Theory]
    [InlineData("alipay", 1)]
    [InlineData("wechatpay", 0)]
    [InlineData("stripe", 2)]
    public async Task An_amount_that_differs_is_found(string gateway, int index)
    {
        var changed = sold.Of(gateway)[index];
        await PlantAsync(gateway, "wrong-amount", changed);

        var report = await DoneAsync(gateway);

        Assert.Equal((4, 3, 0, 0, 1, 0), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        var found = Assert.Single(await Day.OpenAsync(gateway));
        Assert.Equal((DiscrepancyKind.AmountDiffers, "payment " + changed.OrderNumber, changed.Amount), (found.Kind, found.Subject, found.Ours));
        Assert.InRange(found.Theirs!.Value.Minor, 1, changed.Amount.Minor - 1);
        await ComesRightAsync(gateway);
    }

    [Fact]
    public async Task Rows_in_another_currency_are_never_taken_for_ours()
    {
        await PlantAsync("stripe", "wrong-currency", null);

        var report = await DoneAsync("stripe");

        Assert.Equal((4, 0, 0, 4, 0, 4), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        await ComesRightAsync("stripe");
    }

    [Theory]
    [InlineData("alipay", "changed-header", false)]
    [InlineData("alipay", "truncated", false)]
    [InlineData("alipay", "bad-signature", true)]
    [InlineData("alipay", "never", true)]
    [InlineData("alipay", "error-500", true)]
    [InlineData("wechatpay", "changed-header", false)]
    [InlineData("wechatpay", "truncated", false)]
    [InlineData("wechatpay", "bad-hash", false)]
    [InlineData("wechatpay", "bad-signature", true)]
    [InlineData("wechatpay", "never", true)]
    [InlineData("wechatpay", "error-500", true)]
    [InlineData("stripe", "reject", false)]
    public async Task A_statement_that_is_unfit_or_cannot_be_had_is_refused_whole(string gateway, string fault, bool mayPass)
    {
        await PlantAsync(gateway, fault, null);

        var failed = Assert.IsType<ReconciliationOutcome.Failed>(await Day.ReconcileAsync(gateway));

        Assert.True(mayPass == failed.MayPass, failed.Why);
        Assert.Empty(await Day.OpenAsync(gateway));
        await ComesRightAsync(gateway);
    }

    /// <summary>Alipay's fault is about an order; WeChat Pay's strikes its last row or, of an amount, its first, Stripe's the newest.</summary>
    private Task PlantAsync(string gateway, string fault, Sale? about) =>
        Day.FaultAsync(gateway, gateway == "stripe" ? "balance" : "bill", fault, gateway == "alipay" ? about?.OrderNumber : null);

    private async Task<ReconciliationRow> DoneAsync(string gateway)
    {
        var outcome = await Day.ReconcileAsync(gateway);
        return Assert.IsType<ReconciliationOutcome.Done>(outcome).Report;
    }

    /// <summary>The fault has struck, and the next statement is honest.</summary>
    private async Task ComesRightAsync(string gateway)
    {
        Assert.Equal(0, await Day.NoFaultsAsync());
        var report = await DoneAsync(gateway);
        Assert.Equal((4, 4), (report.Rows, report.Matched));
        Assert.Empty(await Day.OpenAsync(gateway));
    }
}

/// <summary>A day on which everything went wrong that a statement can show: each thing is found, and nothing else.</summary>
public sealed class SandboxDiscrepancyTests
{
    [Theory]
    [InlineData("alipay")]
    [InlineData("wechatpay")]
    [InlineData("stripe")]
    public async Task Each_of_a_days_differences_is_found_and_money_that_nobody_told_of_completes_its_top_up(string gateway)
    {
        await using var day = await SandboxDay.StartAsync();
        var good = await day.SellAndEndAsync(gateway, TopUpState.Completed);
        var wrong = await day.SellAndEndAsync(gateway, TopUpState.Completed);
        var (unpaid, untold) = (await day.SellAsync(gateway), await day.SellAsync(gateway));

        // Neither told nor, when asked, said: only the statement says it.
        await day.FaultAsync(gateway, gateway == "stripe" ? "webhook" : "notify", "never", times: 1_000);
        await day.FaultAsync(gateway, gateway == "stripe" ? "session" : "query", "never", times: 1_000);
        await day.PayAsync(untold);
        await day.Here.Desk.CheckPaymentAsync(untold.TopUpId, TestContext.Current.CancellationToken);
        await day.Here.DueAsync();
        Assert.Equal(TopUpState.AwaitingPayment, (await day.Here.StandingAsync(untold.TopUpId)).State);
        await day.NoFaultsAsync();

        // Our books say what did not happen: as much again of one payment, and another as paid that nobody has paid.
        Assert.Equal(1, await day.Here.SqlAsync($"UPDATE payment SET paid_minor = 2 * paid_minor WHERE id = x'{wrong.OrderNumber}'"));
        Assert.Equal(1, await day.Here.SqlAsync($"UPDATE payment SET paid_minor = amount_minor, paid_at = created_at, state = {(int)PaymentState.Paid} WHERE id = x'{unpaid.OrderNumber}'"));
        day.NextDay();
        await day.FaultAsync(gateway, gateway == "stripe" ? "balance" : "bill", "extra-row");

        var report = Assert.IsType<ReconciliationOutcome.Done>(await day.ReconcileAsync(gateway)).Report;

        Assert.Equal((4, 1, 2, 1, 1, 0), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        var open = await day.OpenAsync(gateway);
        Assert.Equal(
            [(DiscrepancyKind.OnlyOurs, "payment " + unpaid.OrderNumber), (DiscrepancyKind.AmountDiffers, "payment " + wrong.OrderNumber)],
            open.Where(found => found.Kind != DiscrepancyKind.OnlyTheirs).OrderBy(found => found.Kind).Select(found => (found.Kind, found.Subject)));
        Assert.Null(Assert.Single(open, found => found.Kind == DiscrepancyKind.OnlyTheirs).Ours);
        Assert.DoesNotContain(open, found => found.Subject.EndsWith(good.OrderNumber, StringComparison.Ordinal));
        var settled = Assert.Single(await day.FoundAsync(gateway), found => found.State == DiscrepancyState.Settled);
        Assert.Equal(("payment " + untold.OrderNumber, untold.Amount), (settled.Subject, settled.Theirs));
        await day.EndsAsync(untold, TopUpState.Completed);
    }
}
