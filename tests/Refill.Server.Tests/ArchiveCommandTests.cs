using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Refill.Storage;
using Refill.Units;

namespace Refill.Server.Tests;

public sealed class ArchiveCommandOnSqliteTests : ArchiveCommandTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class ArchiveCommandOnPostgresTests : ArchiveCommandTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>`refill archive`, `refill archive show` and what `refill verify` then says, of a top-up that was made five months ago.</summary>
public abstract class ArchiveCommandTests : IAsyncLifetime
{
    private static readonly Month Now = Month.Of(TimeProvider.System.GetUtcNow());
    private static readonly Month Then = Now.Plus(-5);
    private Installation here = null!;
    private Guid topUp;

    protected abstract DatabaseKind Kind { get; }

    private string File => Path.Combine(here.Folder, "archive", $"{Then}.ndjson.gz");

    public async ValueTask InitializeAsync()
    {
        here = await Installation.NewAsync(Kind, new FakeTimeProvider(Then.Start.AddDays(9)));
        await here.PrepareAsync();
        topUp = await here.CompletedFromWalletAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await here.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_is_due_moves_and_is_told_and_is_shown_again_by_either_form_of_its_id()
    {
        var early = await here.RunAsync("archive", "--retention-months", "5");
        var moved = await here.RunAsync("archive", "--retention-months", "4");
        var again = await here.RunAsync("archive", "--retention-months", "4");
        var (shown, other) = (await here.RunAsync("archive", "show", CellId.ToText(topUp)), await here.RunAsync("archive", "show", topUp.ToString()));

        Assert.Equal(new Ran(0, "no month is due" + Environment.NewLine, ""), early);
        Assert.Equal((0, ""), (moved.ExitCode, moved.Error));

        // The wallet's credit, its order, and the limits of two offers of the demo.
        Assert.Matches($@"^{Then}: 1 top-ups and 4 transfers are in .*{Then}\.ndjson\.gz \([\d,]+ bytes\); 0 top-ups have not ended and stay\r?\n$", moved.Output);
        Assert.Equal(early, again);
        Assert.True(System.IO.File.Exists(File));
        Assert.Equal(shown, other);
        // One id for both: the top-up and the transfer that completed it.
        var lines = shown.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["top-up", "transfer"], lines.Select(line => line.GetProperty("kind").GetString()).Order(StringComparer.Ordinal));
        Assert.All(lines, line => Assert.Equal(topUp, line.GetProperty("id").GetGuid()));
        Assert.Contains(lines, line => line.TryGetProperty("state", out var state) && state.GetString() == "completed");
    }

    [Fact]
    public async Task A_month_is_moved_by_hand_whatever_the_setting_says_and_refused_for_its_reason()
    {
        foreach (var (arguments, reason) in new (string[], string)[]
        {
            ([], "no month is ever due: retention-months is not set"),
            (["--month", "november"], "'november' is no month"),
            (["--month", Now.ToString()], $"{Now} has not been over for a day"),
            (["--month", Then.Next.ToString()], $"{Then} comes first"),
            (["--month", Then.Plus(-1).ToString()], $"there is nothing of {Then.Plus(-1)} to move"),
            (["--retention-months", "1"], "Allowed: 2 to 240"),
        })
        {
            var refused = await here.RunAsync(["archive", .. arguments]);

            Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
            Assert.Contains(reason, refused.Error, StringComparison.Ordinal);
        }

        Assert.False(System.IO.File.Exists(File));
        Assert.Equal(0, (await here.RunAsync("archive", "--month", Then.ToString())).ExitCode);
        Assert.True(System.IO.File.Exists(File));
    }

    [Fact]
    public async Task Verifying_reads_the_archive_and_says_what_is_not_at_hand()
    {
        Assert.Equal(0, (await here.RunAsync("archive", "--month", Then.ToString())).ExitCode);
        var whole = await here.RunAsync("verify");
        System.IO.File.Move(File, File + ".cold");
        var without = await here.RunAsync("verify");
        var show = await here.RunAsync("archive", "show", CellId.ToText(topUp));
        await System.IO.File.WriteAllTextAsync(File, "something else", TestContext.Current.CancellationToken);
        var damaged = await here.RunAsync("verify");

        Assert.Equal((0, ""), (whole.ExitCode, whole.Error));
        Assert.Matches(@"(?m)^ok +\d+  archives: every file is as it was written", whole.Output);
        Assert.DoesNotContain("note", whole.Output, StringComparison.Ordinal);
        Assert.Equal(0, without.ExitCode);
        Assert.Contains($"note   archive {Then} is not at hand: there is no {File}", without.Output, StringComparison.Ordinal);
        Assert.Equal((2, $"it is not in the archive, as far as that is at hand; not at hand: {Then}{Environment.NewLine}"), (show.ExitCode, show.Error));
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("is not the file that was written: its SHA-256 is another", damaged.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense", "that is no id")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA", "it is not in the archive")]
    public async Task What_is_not_there_is_not_shown(string id, string reason)
    {
        var refused = await here.RunAsync("archive", "show", id);

        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith(reason, refused.Error, StringComparison.Ordinal);
    }
}
