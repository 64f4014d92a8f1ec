using Refill.Archive;
using Refill.Promotions;
using Refill.Storage;

namespace Refill.Tests.Archive;

public sealed class OfferArchiveOnSqliteTests() : OfferArchiveTests(DatabaseKind.Sqlite);

public sealed class OfferArchiveOnPostgresTests() : OfferArchiveTests(DatabaseKind.Postgres);

/// <summary>Top-ups that were sold with limited offers leave with their month; the uses stay counted, whether the file is at hand or not.</summary>
public abstract class OfferArchiveTests(DatabaseKind kind) : ArchiveStory(kind)
{
    [Fact]
    public async Task Uses_of_a_month_that_has_moved_are_verified_with_the_archive_and_without()
    {
        Assert.True((await Scene.OfferAsync("code,name_en,kind,value,limit,limit_per_card", "dollar,A dollar,amount,1.00,20,10")).Done);
        await LiveThroughNovemberAsync();
        Assert.Equal(20 - 4, await LeftAsync()); // Three orders and one payment have kept it.
        await MoveNovemberAsync();
        await SoundAsync();

        await PaidAsync();
        Assert.Equal(20 - 5, await LeftAsync());
        await SoundAsync();

        Directory.CreateDirectory(Folder + "-cold");
        File.Move(FileOf(November), Path.Combine(Folder + "-cold", ArchiveFile.NameOf(November)));
        Assert.All((await VerifyAsync()).Findings, finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
    }

    private Task<long> LeftAsync() => Scene.Ledger.BalanceAsync(PromotionAccounts.Left(PromotionAccounts.IdOf("dollar")), Token);
}
