using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class TopUpAuditOnSqliteTests() : TopUpAuditTests(DatabaseKind.Sqlite);

public sealed class TopUpAuditOnPostgresTests() : TopUpAuditTests(DatabaseKind.Postgres);

/// <summary>What `refill verify` finds, and what the sweep does.</summary>
public abstract class TopUpAuditTests(DatabaseKind kind) : TopUpStory(kind)
{
    [Fact]
    public async Task The_sweep_finds_what_stands_still_without_work()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.Test.RunAsync("DELETE FROM work");
        Assert.Equal(0, await Scene.Sweep.OnceAsync(Token));
        Scene.Time.Advance(Sweep.StillFor + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Scene.Sweep.OnceAsync(Token));
        Assert.Equal(0, await Scene.Sweep.OnceAsync(Token));
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task The_sweep_finds_the_one_that_is_forgotten_behind_the_many_that_wait()
    {
        var waiting = await InStateAsync(TopUpState.Paid);
        await Scene.Test.RunAsync("UPDATE top_up SET state = 4");
        var (cell, id) = (CellId.CellOf(waiting.Id).Number, Id(waiting.Id));
        for (var copy = 0; copy < 250; copy++)
        {
            var fresh = Id(CellId.New(CellId.CellOf(waiting.Id), TimeProvider.System));
            await Scene.Test.RunAsync(
                $"""
                INSERT INTO top_up (cell, id, version, order_code, state, card_id, charge_minor, charge_currency, updated_at, terms_id, detail)
                SELECT cell, {fresh}, version, 'copy {copy}', state, card_id, charge_minor, charge_currency, updated_at - 1000, terms_id, detail FROM top_up WHERE id = {id}
                """);
            await Scene.Test.RunAsync($"INSERT INTO work (cell, id, version, kind, subject, due_at, attempts, state, lease_until, created_at) VALUES ({cell}, {fresh}, 1, 'top-up.deliver', {fresh}, 9999999999999, 0, 1, 0, 0)");
        }

        await Scene.Test.RunAsync($"DELETE FROM work WHERE subject = {id}");
        Scene.Time.Advance(Sweep.StillFor + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Scene.Sweep.OnceAsync(Token));

        string Id(Guid of) => Kind == DatabaseKind.Sqlite ? $"x'{Convert.ToHexString(of.ToByteArray(bigEndian: true))}'" : $"'{of}'";
    }

    [Fact]
    public async Task The_sweep_finds_an_order_at_the_gateway_that_nobody_watches_whatever_became_of_its_top_up()
    {
        var topUp = await InStateAsync(TopUpState.AwaitingPayment);
        Assert.True(await Scene.Desk.CancelAsync(topUp.Id, Token));
        await Scene.Test.RunAsync("DELETE FROM work");
        Scene.Time.Advance(Sweep.StillFor + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Scene.Sweep.OnceAsync(Token));
        Scene.Gateway.Pay(Assert.Single(Scene.Gateway.Orders));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(topUp)).State);
    }

    private const string Held = "INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings, last_transfer) SELECT cell, subject, 'held', 'CNY', id, 0, 5, 0, id FROM transfer WHERE kind = 'delivered'";

    private const string SameCode = "INSERT INTO top_up (cell, id, version, order_code, state, card_id, charge_minor, charge_currency, updated_at, terms_id, detail) SELECT cell, card_id, version, order_code, state, card_id, charge_minor, charge_currency, updated_at, terms_id, detail FROM top_up";

    public static TheoryData<TopUpState, string, string> Damage => new()
    {
        { TopUpState.Completed, "UPDATE payment SET state = 5 WHERE state = 2", "I4" },
        { TopUpState.Completed, "UPDATE payment SET state = 1 WHERE state = 2", "I3" },
        { TopUpState.Completed, "UPDATE payment SET amount_minor = 1", "I4" },
        { TopUpState.Completed, "UPDATE payment SET paid_minor = 1", "I4" },
        { TopUpState.Completed, "UPDATE top_up SET charge_minor = 1", "I4" },
        { TopUpState.Completed, "UPDATE top_up SET state = 9", "I5" },
        { TopUpState.Completed, "UPDATE top_up SET state = 3", "I9" },
        { TopUpState.Completed, "DELETE FROM top_up_step WHERE name = 'paid'", "I9" },
        { TopUpState.Completed, "UPDATE top_up_step SET to_state = 9 WHERE name = 'paid'", "I9" },
        { TopUpState.Completed, "UPDATE transfer SET kind = 'other' WHERE kind = 'delivered'", "I5" },
        { TopUpState.Completed, "UPDATE top_up SET state = 4", "nothing stands still" },
        { TopUpState.Completed, "UPDATE account SET purpose = 'lost' WHERE purpose LIKE 'clearing/%'", "I4" },
        { TopUpState.Completed, Held, "I4" },
        { TopUpState.Completed, "DELETE FROM top_up", "has its card" },
        { TopUpState.Completed, "DELETE FROM card", "has its card" },
        { TopUpState.Completed, "DELETE FROM card_identifier", "has its card" },
        { TopUpState.Completed, "UPDATE top_up SET cell = (cell + 1) % 256", "in its own cell" },
        { TopUpState.Refunded, "DELETE FROM transfer WHERE kind = 'refunded'", "I4" },
        { TopUpState.Refunded, "UPDATE payment SET state = 4", "I4" },
        { TopUpState.Refunded, "UPDATE payment SET state = 2", "I3" },
        { TopUpState.Refunding, "DELETE FROM work", "nothing stands still" },
        { TopUpState.Refunding, "UPDATE account SET balance = 0 WHERE purpose LIKE 'refund-in-transit/%'", "I4" },
        { TopUpState.Paid, "UPDATE account SET owner = id WHERE purpose = 'held'", "I4" },
        { TopUpState.Paid, "DELETE FROM work WHERE kind = 'top-up.deliver'", "nothing stands still" },
        { TopUpState.AwaitingPayment, "DELETE FROM work WHERE kind = 'top-up.payment'", "nothing stands still" },
        { TopUpState.Quoted, "DELETE FROM work", "nothing stands still" },
        { TopUpState.Quoted, "DELETE FROM top_up", "no step is about none" },
        { TopUpState.Quoted, SameCode, "has its card" },
    };

    [Theory]
    [MemberData(nameof(Damage))]
    public async Task The_audit_finds_planted_damage(TopUpState state, string sql, string check)
    {
        await Scene.SoundAsync(await InStateAsync(state));
        Assert.True(await Scene.Test.RunAsync(sql) > 0);
        Assert.Contains(await new TopUpAudit(Scene.Test.Database).RunAsync(Token), finding => finding.ProblemCount > 0 && finding.Check.Contains(check, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_payment_that_comes_after_the_refund_of_another_is_no_damage()
    {
        Scene.Carrier.Script.Enqueue("refuse");
        var topUp = await Scene.QuoteAsync();
        var (first, second) = (await Scene.StartAsync(topUp, PaymentWay.Page), await Scene.StartAsync(topUp, PaymentWay.Qr));
        Scene.Gateway.Pay(second);
        await Scene.NotifyAsync(second);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(topUp)).State);
        Scene.Gateway.PretendPaid(first);
        Scene.Gateway.Refunds = () => new RefundStatus.Pending();
        await Scene.NotifyAsync(first);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await Scene.SoundAsync(topUp);
    }

    private async Task<TopUpView> InStateAsync(TopUpState state)
    {
        var topUp = await Scene.QuoteAsync();
        if (state != TopUpState.Quoted)
        {
            var order = await Scene.StartAsync(topUp);
            if (state != TopUpState.AwaitingPayment)
            {
                Scene.Gateway.Pay(order);
                await Scene.NotifyAsync(order);
                if (state is TopUpState.Refunding or TopUpState.Refunded)
                {
                    Scene.Carrier.Script.Enqueue("refuse");
                    Scene.Gateway.Refunds = state == TopUpState.Refunding ? () => new RefundStatus.Pending() : null;
                }

                if (state != TopUpState.Paid)
                {
                    await Scene.PassAsync(TimeSpan.FromMinutes(1));
                }
            }
        }

        var now = await Scene.NowAsync(topUp);
        Assert.Equal(state, now.State);
        return now;
    }
}
