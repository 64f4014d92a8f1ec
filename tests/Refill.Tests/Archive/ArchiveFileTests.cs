using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Refill.Archive;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Tests.Archive;

public sealed class ArchiveFileOnSqliteTests() : ArchiveFileTests(DatabaseKind.Sqlite);

public sealed class ArchiveFileOnPostgresTests() : ArchiveFileTests(DatabaseKind.Postgres);

/// <summary>What stands in the file of a month.</summary>
public abstract class ArchiveFileTests(DatabaseKind kind) : ArchiveStory(kind)
{
    [Fact]
    public async Task Every_row_that_has_left_can_be_made_again_from_its_file()
    {
        await LiveThroughNovemberAsync();
        var before = await RowsAsync();
        var moved = await MoveNovemberAsync();
        var after = await RowsAsync();

        foreach (var subject in ArchiveFile.Subjects(moved.File))
        {
            if (subject.TopUp is { } topUp)
            {
                after.UnionWith([Text(topUp.ToRow()), .. topUp.Payments.Select(payment => Text(payment.ToRow(topUp.Id))), .. topUp.Steps.Select(step => Text(step.ToRow(topUp.Id)))]);
            }

            after.UnionWith(subject.Transfers.Select(transfer => Text(transfer.ToRow())));
        }

        Assert.Equal(before.Order(StringComparer.Ordinal), after.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task It_begins_with_what_it_is_and_ends_with_its_counts_and_a_top_up_stands_before_its_transfers()
    {
        await LiveThroughNovemberAsync();
        var moved = await MoveNovemberAsync();

        var lines = ArchiveFile.Read(moved.File).ToList();

        Assert.Equal(new ArchiveLine.Header(1, "2026-11", Scene.Time.GetUtcNow()), lines[0].Line);
        Assert.Equal(new ArchiveLine.Trailer(7, moved.Transfers), lines[^1].Line);
        Assert.StartsWith("""{"kind":"archive","format":1,"month":"2026-11","created":"2027-02-02T12:00:00+00:00"}""", lines[0].Text, StringComparison.Ordinal);
        Assert.Equal(1, lines.Count(line => line.Line is ArchiveLine.Terms));
        Assert.All(ArchiveFile.Subjects(moved.File).Where(subject => subject.TopUp is not null), subject => Assert.All(subject.Transfers, transfer => Assert.Equal(subject.TopUp!.Id, transfer.Subject)));
        var completed = lines.First(line => line.Line is ArchiveLine.TopUp { WalletId: not null }).Text;
        Assert.Contains("\"state\":\"completed\"", completed, StringComparison.Ordinal);
        Assert.Contains("\"lastFour\":\"0123\"", completed, StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.Text.Contains("2015550123", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Text.Contains("""{"kind":"transfer",""", StringComparison.Ordinal) && line.Text.Contains("\"name\":\"wallet-credited\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_its_owner_may_open_it_and_nothing_unfinished_is_left_and_nothing_finished_is_lost()
    {
        await LiveThroughNovemberAsync();
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, "2026-11.ndjson.gz.unfinished"), "of a process that was killed", Token);
        await File.WriteAllTextAsync(FileOf(November), "of one that was killed later", Token);

        var moved = await MoveNovemberAsync();

        // What had the name is not of this database, as far as it knows: it may be another installation's only copy.
        var aside = Assert.Single(Directory.GetFiles(Folder), file => file != moved.File);
        Assert.EndsWith(".aside", aside, StringComparison.Ordinal);
        Assert.Equal("of one that was killed later", await File.ReadAllTextAsync(aside, Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(moved.File));
        await SoundAsync();
    }

    [Fact]
    public async Task A_top_up_a_transfer_and_nothing_are_found_in_it_by_id()
    {
        var (_, waiting) = await LiveThroughNovemberAsync();
        var moved = await MoveNovemberAsync();
        var subject = ArchiveFile.Subjects(moved.File).First(subject => subject.TopUp is not null && subject.Transfers[0].Id != subject.TopUp.Id);
        var own = ArchiveFile.Subjects(moved.File).First(subject => subject.TopUp is not null && subject.Transfers[0].Id == subject.TopUp.Id);
        var shelf = new ArchiveSearch(Scene.Test.Database, Folder);

        Assert.Equal(subject.TopUp!.Id, JsonDocument.Parse((await shelf.FindAsync(subject.TopUp.Id, Token)).Line!).RootElement.GetProperty("id").GetGuid());
        Assert.Equal("transfer", JsonDocument.Parse((await shelf.FindAsync(subject.Transfers[0].Id, Token)).Line!).RootElement.GetProperty("kind").GetString());
        Assert.Equal(["top-up", "transfer"], (await shelf.FindAsync(own.TopUp!.Id, Token)).Line!.Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("kind").GetString()));
        Assert.Null((await shelf.FindAsync(waiting.Id, Token)).Line);
        Assert.Empty((await shelf.FindAsync(waiting.Id, Token)).NotAtHand);
        File.Delete(moved.File);
        Assert.Equal(["2026-11"], (await shelf.FindAsync(subject.TopUp.Id, Token)).NotAtHand);
    }

    /// <summary>Every row of the four tables, whatever its columns.</summary>
    private async Task<HashSet<string>> RowsAsync()
    {
        await using var db = Scene.Test.Database.Open();
        return
        [
            .. (await db.Set<TopUpRow>().AsNoTracking().ToListAsync(Token)).Select(Text), .. (await db.Set<PaymentRow>().AsNoTracking().ToListAsync(Token)).Select(Text),
            .. (await db.Set<TopUpStepRow>().AsNoTracking().ToListAsync(Token)).Select(Text), .. (await db.Set<TransferRow>().AsNoTracking().ToListAsync(Token)).Select(Text),
        ];
    }

    private static string Text<TRow>(TRow row) => typeof(TRow).Name + JsonSerializer.Serialize(row);
}
