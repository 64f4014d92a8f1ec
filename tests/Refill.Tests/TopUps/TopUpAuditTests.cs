using Refill.Storage;
using Refill.TopUps;

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

    public static TheoryData<string, string> Damage => new()
    {
        { "UPDATE payment SET state = 5 WHERE state = 2", "I4" },
        { "UPDATE payment SET state = 1 WHERE state = 2", "I3" },
        { "UPDATE top_up SET state = 9", "I5" },
        { "UPDATE top_up SET state = 3", "I9" },
        { "DELETE FROM top_up_step WHERE name = 'paid'", "I9" },
        { "UPDATE top_up_step SET to_state = 9 WHERE name = 'paid'", "I9" },
        { "UPDATE transfer SET kind = 'other' WHERE kind = 'delivered'", "I5" },
        { "UPDATE top_up SET state = 4", "nothing stands still" },
    };

    [Theory]
    [MemberData(nameof(Damage))]
    public async Task The_audit_finds_planted_damage(string sql, string check)
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await Scene.SoundAsync(topUp);
        Assert.True(await Scene.Test.RunAsync(sql) > 0);
        Assert.Contains(await new TopUpAudit(Scene.Test.Database).RunAsync(Token), finding => finding.ProblemCount > 0 && finding.Check.Contains(check, StringComparison.Ordinal));
    }
}
