using System.Net;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The account's lines and what is paid out of it: what a reconciliation reads.</summary>
public sealed class StripeBalanceTests : IAsyncLifetime
{
    private const string Lines = "/v1/balance_transactions";
    private SandboxRig sandbox = null!;

    private StripeMerchant Stripe => sandbox.Stripe;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Theory]
    [InlineData(1234, 66)]
    [InlineData(50, 31)]
    [InlineData(10_000, 320)]
    public async Task A_charge_is_worth_its_amount_less_the_fee(long amount, long fee)
    {
        await Stripe.PaidAsync(amount: amount);

        var line = (await Stripe.GetAsync(Lines)).Body.GetProperty("data")[0];

        Assert.Equal((amount, fee, amount - fee), (Number(line, "amount"), Number(line, "fee"), Number(line, "net")));
        Assert.Equal((fee, "charge", JsonValueKind.Null), (Number(line.GetProperty("fee_details")[0], "amount"), line.GetProperty("reporting_category").GetString(), line.GetProperty("exchange_rate").ValueKind));
    }

    [Fact]
    public async Task Another_currency_is_converted_at_the_rate_that_the_line_says()
    {
        await Stripe.PostAsync("/v1/payment_intents", ("amount", "10000"), ("currency", "cny"), ("payment_method", "pm_card_visa"), ("confirm", "true"));

        var line = (await Stripe.GetAsync(Lines)).Body.GetProperty("data")[0];

        Assert.Equal(("usd", 1400L, 0.14m, 71L), (line.GetProperty("currency").GetString(), Number(line, "amount"), line.GetProperty("exchange_rate").GetDecimal(), Number(line, "fee")));
    }

    [Fact]
    public async Task Each_day_at_midnight_what_has_not_been_paid_out_goes_out_once()
    {
        var intent = await Stripe.PaidAsync("order_1", 1000);
        await Stripe.PaidAsync("order_2", 2000);
        await Stripe.PostAsync("/v1/refunds", ("payment_intent", intent), ("amount", "400"));
        sandbox.Clock.Advance(TimeSpan.FromHours(20) - TimeSpan.FromSeconds(1));
        Assert.Empty((await Stripe.GetAsync("/v1/payouts")).Ids);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));

        var payout = (await Stripe.GetAsync("/v1/payouts")).Body.GetProperty("data")[0];
        var lines = (await Stripe.GetAsync($"{Lines}?payout={payout.GetProperty("id")}")).Body.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(["payout", "refund", "charge", "charge"], lines.Select(line => line.GetProperty("type").GetString()));
        Assert.Equal((2453, "paid", "completed", true), (
            Number(payout, "amount"), payout.GetProperty("status").GetString(), payout.GetProperty("reconciliation_status").GetString(), payout.GetProperty("automatic").GetBoolean()));
        Assert.Equal(0, lines.Sum(line => Number(line, "net")));
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Single((await Stripe.GetAsync("/v1/payouts")).Ids);
    }

    [Fact]
    public async Task A_payout_can_be_had_at_once_and_not_of_nothing()
    {
        using var nothing = await sandbox.PostAsync("/control/stripe/payout", new { });
        await Stripe.PaidAsync(amount: 1000);
        using var first = await sandbox.PostAsync("/control/stripe/payout", new { });
        using var second = await sandbox.PostAsync("/control/stripe/payout", new { });

        Assert.Equal([HttpStatusCode.Conflict, HttpStatusCode.OK, HttpStatusCode.Conflict], new[] { nothing, first, second }.Select(answer => answer.StatusCode));
        Assert.Equal("resource_missing", (await Stripe.GetAsync($"{Lines}?payout=po_no"))["error.code"]);
    }

    [Fact]
    public async Task What_comes_to_less_than_nothing_waits_for_the_next_payout()
    {
        var intent = await Stripe.PaidAsync(amount: 1000);
        using var first = await sandbox.PostAsync("/control/stripe/payout", new { });
        await Stripe.PostAsync("/v1/refunds", ("payment_intent", intent));
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Single((await Stripe.GetAsync("/v1/payouts")).Ids);

        await Stripe.PaidAsync("order_2", 5000);
        sandbox.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(3825, Number((await Stripe.GetAsync("/v1/payouts")).Body.GetProperty("data")[0], "amount"));
    }

    [Fact]
    public async Task Lists_come_in_pages_and_by_time_and_kind()
    {
        foreach (var index in Enumerable.Range(0, 5))
        {
            await Stripe.PaidAsync($"order_{index}");
            sandbox.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        var (ids, after) = (new List<string>(), "");
        bool more;
        do
        {
            var page = await Stripe.GetAsync($"{Lines}?limit=2&type=charge{after}");
            ids.AddRange(page.Ids);
            more = page.Body.GetProperty("has_more").GetBoolean();
            after = $"&starting_after={ids[^1]}";
        }
        while (more);

        Assert.Equal(5, ids.Distinct().Count());
        var start = SandboxRig.Start.ToUnixTimeSeconds();
        Assert.Equal([ids[3], ids[4]], (await Stripe.GetAsync($"{Lines}?created[gte]={start}&created[lt]={start + 20}")).Ids);
        Assert.Equal([ids[2], ids[3]], (await Stripe.GetAsync($"{Lines}?created[gt]={start}&created[lte]={start + 20}")).Ids);
        Assert.Empty((await Stripe.GetAsync($"{Lines}?type=refund")).Ids);
        Assert.Equal("parameter_invalid_integer", (await Stripe.GetAsync($"{Lines}?limit=101"))["error.code"]);
    }

    [Fact]
    public async Task A_list_can_lack_a_line_or_have_one_too_many_or_a_wrong_one()
    {
        await Stripe.PaidAsync("order_1", 1000);
        await Stripe.PaidAsync("order_2", 2000);
        var right = await Stripe.GetAsync(Lines);

        await sandbox.FaultAsync("stripe", "balance", "missing-row");
        Assert.Equal(right.Ids.Skip(1), (await Stripe.GetAsync(Lines)).Ids);
        await sandbox.FaultAsync("stripe", "balance", "extra-row");
        var extra = await Stripe.GetAsync(Lines);
        Assert.Equal(right.Ids, extra.Ids.Skip(1));
        Assert.DoesNotContain(extra.Ids[0], right.Ids);
        await sandbox.FaultAsync("stripe", "balance", "wrong-amount");
        var wrong = (await Stripe.GetAsync(Lines)).Body.GetProperty("data");
        Assert.Equal((1000L, 912L, 1000L), (Number(wrong[0], "amount"), Number(wrong[0], "net"), Number(wrong[1], "amount")));
        Assert.Equal(right.Body.GetRawText(), (await Stripe.GetAsync(Lines)).Body.GetRawText());
    }

    private static long Number(JsonElement within, string name) => within.GetProperty(name).GetInt64();
}
