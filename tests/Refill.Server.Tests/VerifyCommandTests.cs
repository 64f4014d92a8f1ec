using Refill.Storage;

namespace Refill.Server.Tests;

public sealed class VerifyCommandOnSqliteTests : VerifyCommandTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class VerifyCommandOnPostgresTests : VerifyCommandTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>`refill verify`, on books that are right and on books that somebody has been at.</summary>
public abstract class VerifyCommandTests : IAsyncLifetime
{
    /// <summary>What a terminal shows without scrolling.</summary>
    private const int OneScreen = 24;
    private Installation here = null!;

    public static TheoryData<string, string> Damage => new()
    {
        { "UPDATE account SET balance = balance + 1 WHERE purpose = 'revenue'", "I1  every account's balance is the sum of its postings" },
        { "DELETE FROM transfer", "I1  every account counts its postings" },
        { "UPDATE top_up SET state = 4", "I9  every top-up's history" },
    };

    protected abstract DatabaseKind Kind { get; }

    public async ValueTask InitializeAsync()
    {
        here = await Installation.NewAsync(Kind);
        await here.PrepareAsync();
        await here.CompletedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await here.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Right_books_give_one_screen_of_what_was_checked_and_exit_code_0()
    {
        var ran = await here.RunAsync("verify");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        var lines = ran.Output.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.InRange(lines.Length, 10, OneScreen);
        Assert.All(lines[..^1], line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Matches($@"^nothing is wrong; {lines.Length - 1} checks in \d+\.\d s$", lines[^1]);
        foreach (var law in new[] { "I1", "I3", "I4", "I5", "I6", "I8", "I9" })
        {
            Assert.Contains($" {law} ", ran.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Work_that_waits_for_a_person_is_said_and_is_no_damage()
    {
        var order = await here.CompletedAsync();
        await here.BuryWorkAsync(order.TopUpId, "a defect of ours");

        var ran = await here.RunAsync("verify");

        Assert.Equal(0, ran.ExitCode);
        Assert.Matches(@"note +1  wait for a person \(refill work\)", ran.Output);
    }

    [Theory]
    [MemberData(nameof(Damage))]
    public async Task Planted_damage_is_named_and_gives_exit_code_1(string sql, string check)
    {
        Assert.True(await here.SqlAsync(sql) > 0);

        var ran = await here.RunAsync("verify");

        Assert.Equal(1, ran.ExitCode);
        Assert.Matches($@"(?m)^WRONG +[\d,]+  {System.Text.RegularExpressions.Regex.Escape(check)}", ran.Output);
        Assert.Matches(@"(?m)^[\d,]+ problems; \d+ checks in ", ran.Output);
    }

    [Fact]
    public async Task A_database_newer_than_the_program_is_refused_by_every_command()
    {
        await here.SqlAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('99990101000000_Later', '99.0.0')");

        foreach (var command in new string[][] { ["verify"], ["work"], ["fx", "set", "USD", "CNY", "7.1", "--source", "test"], [] })
        {
            var ran = await here.RunAsync(command);

            Assert.Equal(2, ran.ExitCode);
            Assert.Matches("^refill: the database .* is newer than this program, which does not know its step 99990101000000_Later", ran.Error);
        }
    }
}
