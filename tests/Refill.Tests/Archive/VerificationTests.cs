using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Refill.Archive;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Tests.Archive;

public sealed class VerificationOnSqliteTests() : VerificationTests(DatabaseKind.Sqlite);

public sealed class VerificationOnPostgresTests() : VerificationTests(DatabaseKind.Postgres);

/// <summary>Verifying the database together with its archives: what is missing is said, what is damaged is found.</summary>
public abstract partial class VerificationTests(DatabaseKind kind) : ArchiveStory(kind)
{
    private const string Written = "as it was written";

    /// <summary>What somebody does to the lines of a file, who then packs it again, and the law that he breaks, if he sees to it that the database takes his file for the one that was written.</summary>
    private static readonly IReadOnlyList<(string What, string Check)> Damage =
    [
        ("an amount", "postings sum to zero"),
        ("two amounts of one transfer", "balance is the sum of its postings"),
        ("a balance after", "continues its account"),
        ("a sequence", "continues its account"),
        ("a line left out", Written),
        ("a line twice", Written),
        ("the last line", Written),
        ("a transfer for another", "counts its postings"),
        ("a state", "was over"),
        ("a step", "chain of legal steps"),
        ("a payment", "agree with the payments"),
        ("a kind", "credited exactly once"),
    ];

    /// <summary>One November for all of them: it is restored after each.</summary>
    [Fact]
    public async Task Each_damage_in_a_file_is_found()
    {
        await LiveThroughNovemberAsync();
        await MoveNovemberAsync();
        await SoundAsync();
        var lines = await UnpackAsync(November);
        foreach (var (what, check) in Damage)
        {
            var damaged = Change(what, [.. lines]);
            Assert.NotEqual(lines, damaged);

            await PackAsync(November, damaged);
            var found = Assert.Single((await VerifyAsync()).Findings, finding => finding.ProblemCount > 0);
            Assert.True(found.Check.Contains(Written, StringComparison.Ordinal), $"{what}: {found.Check}");
            Assert.Contains("its SHA-256 is another", Assert.Single(found.Problems), StringComparison.Ordinal);

            await BelieveAsync(November);
            Assert.True((await VerifyAsync()).Findings.Any(finding => finding.ProblemCount > 0 && finding.Check.Contains(check, StringComparison.Ordinal)), $"{what}: no problem of '{check}'");

            await PackAsync(November, lines);
            await BelieveAsync(November);
            await SoundAsync();
        }
    }

    [Fact]
    public async Task A_flipped_bit_is_found_wherever_it_is()
    {
        await LiveThroughNovemberAsync();
        await MoveNovemberAsync();
        var whole = await File.ReadAllBytesAsync(FileOf(November), Token);
        foreach (var at in new[] { 0, 40, whole.Length / 2, whole.Length - 1 })
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 0x10;
            await File.WriteAllBytesAsync(FileOf(November), damaged, Token);

            var found = Assert.Single((await VerifyAsync()).Findings, finding => finding.ProblemCount > 0);

            Assert.Equal((1, 1), (found.ProblemCount, found.Problems.Count));
        }

        await File.WriteAllBytesAsync(FileOf(November), whole, Token);
        await SoundAsync();
    }

    [Fact]
    public async Task A_file_that_is_cut_short_is_found_though_its_sum_is_believed()
    {
        await LiveThroughNovemberAsync();
        await MoveNovemberAsync();
        var whole = await File.ReadAllBytesAsync(FileOf(November), Token);
        await File.WriteAllBytesAsync(FileOf(November), whole[..(whole.Length / 2)], Token);
        await BelieveAsync(November);

        var found = Assert.Single((await VerifyAsync()).Findings, finding => finding.ProblemCount > 0);

        Assert.Contains(Written, found.Check, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_elsewhere_is_said_and_the_rest_is_checked_all_the_same()
    {
        var wallet = await SeveralMonthsAsync();
        Directory.CreateDirectory(Folder + "-cold");
        foreach (var gone in new[] { November, new Month(2027, 1), new Month(2026, 12) })
        {
            File.Move(FileOf(gone), Path.Combine(Folder + "-cold", ArchiveFile.NameOf(gone)));

            var verified = await VerifyAsync();

            Assert.All(verified.Findings, finding => Assert.True(finding.ProblemCount == 0, $"{gone} gone: {finding.Check}: {string.Join("; ", finding.Problems)}"));
            Assert.Contains($"archive {gone} is not at hand: there is no {FileOf(gone)}", verified.Notes);
        }

        Assert.Equal(3, (await VerifyAsync()).Notes.Count);
        Assert.NotEqual(0, (await Scene.Wallets.BalanceAsync(wallet.Id, Token)).Minor);
    }

    public static TheoryData<string, string> DamageBesides => new()
    {
        { "UPDATE account SET balance = balance + 1 WHERE purpose = 'wallet'", "balance is the sum of its postings" },
        { "UPDATE account SET balance = balance + 1 WHERE purpose = 'revenue'", "balance is the sum of its postings" },
        { "UPDATE account SET balance = balance + 1 WHERE purpose = 'clearing/alipay'", "agree with the payments" },
        { "UPDATE account SET postings = postings + 1 WHERE purpose = 'issuance/data'", "counts its postings" },
        { "UPDATE account SET last_transfer = id WHERE purpose = 'wallet'", "continues its account" },
        { "DELETE FROM transfer WHERE kind = 'wallet-delivered'", "counts its postings" },
        { "DELETE FROM transfer WHERE kind = 'payment-received'", "counts its postings" },
    };

    [Theory]
    [MemberData(nameof(DamageBesides))]
    public async Task Damage_in_the_database_is_found_while_a_file_is_elsewhere(string sql, string check)
    {
        await SeveralMonthsAsync();
        File.Delete(FileOf(new Month(2027, 1)));
        Assert.True(await Scene.Test.RunAsync(sql) > 0);
        await Scene.Test.RunAsync("DELETE FROM tally");

        Assert.Contains((await VerifyAsync()).Findings, finding => finding.ProblemCount > 0 && finding.Check.Contains(check, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_half_moved_month_whose_file_is_gone_is_damage_and_nothing_more_moves()
    {
        await LiveThroughNovemberAsync();
        GoTo(2027, 2);
        await Assert.ThrowsAsync<StoppedException>(() => Archivist(reached => Stop(reached == ArchivePoint.Booked)).MoveDueAsync(Retention, Token));
        File.Move(FileOf(November), FileOf(November) + ".elsewhere");

        Assert.Contains((await VerifyAsync()).Findings, finding => finding.Problems.Any(problem => problem.StartsWith("2026-11 is half moved", StringComparison.Ordinal)));
        var counts = await CountsAsync();
        Assert.Contains(Path.GetFullPath(Folder), (await Assert.ThrowsAsync<ArchiveUnfitException>(() => Archivist().MoveDueAsync(Retention, Token))).Message, StringComparison.Ordinal);
        Assert.Equal(counts, await CountsAsync());

        File.Move(FileOf(November) + ".elsewhere", FileOf(November));
        Assert.IsType<ArchiveOutcome.Moved>(await Archivist().FinishAsync(Token));
        await SoundAsync();
    }

    /// <summary>November to January, each in an archive; a top-up of November has stayed, in the middle of its wallet's history, and February is in the database.</summary>
    private async Task<Wallet> SeveralMonthsAsync()
    {
        var (wallet, _) = await LiveThroughNovemberAsync();
        Scene.Carrier.Script.Enqueue("lost-before");
        Scene.Carrier.Dumb = true;
        await OrderAsync(wallet, "silent", own: false);
        foreach (var (year, month) in new[] { (2026, 12), (2027, 1), (2027, 2) })
        {
            GoTo(year, month);
            await Months.MakeAsync(Scene.Test.Database, Scene.Time.GetUtcNow(), Token);
            await OrderAsync(wallet, $"own {month}", own: true);
            await OrderAsync(wallet, $"silent {month}", own: false);
            await PaidAsync();
            await Scene.PassAsync(TimeSpan.FromHours(26), TimeSpan.FromHours(1));
        }

        GoTo(2027, 4);
        Assert.Equal(3, Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months.Count);
        Assert.Contains(TopUpState.NeedsReview, await StatesAsync());
        await SoundAsync();
        return wallet;
    }

    private static List<string> Change(string what, List<string> lines)
    {
        var changed = new List<string>(lines);
        var delivered = lines.FindIndex(line => line.Contains("\"name\":\"wallet-delivered\"", StringComparison.Ordinal));
        var topUp = lines.FindIndex(line => line.Contains("\"gateway\":\"alipay\"", StringComparison.Ordinal) && line.Contains("\"state\":\"completed\"", StringComparison.Ordinal));
        switch (what)
        {
            case "an amount":
                changed[delivered] = Amount().Replace(lines[delivered], "\"amount\":-1400", 1);
                break;
            case "two amounts of one transfer":
                changed[delivered] = lines[delivered].Replace("\"amount\":-1500", "\"amount\":-1400", StringComparison.Ordinal).Replace("\"amount\":1500", "\"amount\":1400", StringComparison.Ordinal);
                break;
            case "a balance after":
                changed[delivered] = Regex.Replace(lines[delivered], "\"balanceAfter\":[1-9]\\d*", "\"balanceAfter\":7");
                break;
            case "a sequence":
                changed[delivered] = Regex.Replace(lines[delivered], "\"sequence\":[2-9]", "\"sequence\":99");
                break;
            case "a line left out":
                changed.RemoveAt(delivered);
                break;
            case "a line twice":
                changed.Insert(delivered, lines[delivered]);
                break;
            case "the last line":
                changed.RemoveAt(lines.Count - 1);
                break;
            case "a transfer for another":
                changed[delivered] = lines.Last(line => line.Contains("\"name\":\"wallet-delivered\"", StringComparison.Ordinal));
                break;
            case "a state":
                changed[topUp] = lines[topUp].Replace("\"state\":\"completed\"", "\"state\":\"fulfilling\"", StringComparison.Ordinal);
                break;
            case "a step":
                changed[topUp] = lines[topUp].Replace("\"to\":\"fulfilling\"", "\"to\":\"refunded\"", StringComparison.Ordinal);
                break;
            case "a payment":
                changed[topUp] = Regex.Replace(lines[topUp], "\"paidMinor\":\\d+", "\"paidMinor\":1");
                break;
            default:
                changed[delivered] = lines[delivered].Replace("wallet-delivered", "wallet-credited", StringComparison.Ordinal);
                break;
        }

        return changed;
    }

    [GeneratedRegex("\"amount\":-1500")]
    private static partial Regex Amount();

    private async Task<List<string>> UnpackAsync(Month month)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(FileOf(month)), CompressionMode.Decompress));
        return [.. (await reader.ReadToEndAsync(Token)).TrimEnd('\n').Split('\n')];
    }

    private async Task PackAsync(Month month, List<string> lines)
    {
        await using var writer = new StreamWriter(new GZipStream(File.Create(FileOf(month)), CompressionLevel.Fastest));
        await writer.WriteAsync(string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>Writes the file's hash into the database, as somebody who can do both.</summary>
    private async Task BelieveAsync(Month month)
    {
        var hash = await SHA256.HashDataAsync(new MemoryStream(await File.ReadAllBytesAsync(FileOf(month), Token)), Token);
        var key = month.ToString();
        await using var db = Scene.Test.Database.Open();
        Assert.Equal(1, await db.Set<ArchiveRow>().Where(row => row.Month == key).ExecuteUpdateAsync(set => set.SetProperty(row => row.Sha256, hash), Token));
    }
}
