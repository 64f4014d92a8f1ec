using Microsoft.Extensions.Logging.Abstractions;
using Refill.Archive;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Tests.Archive;

public sealed class ArchiveKeeperOnSqliteTests() : ArchiveKeeperTests(DatabaseKind.Sqlite);

public sealed class ArchiveKeeperOnPostgresTests() : ArchiveKeeperTests(DatabaseKind.Postgres)
{
    [Fact]
    public async Task It_makes_the_partitions_of_the_months_to_come()
    {
        GoTo(2029, 12);

        Assert.True(await Keeper(null).OnceAsync(Token));

        foreach (var table in new[] { "top_up_2029_12", "transfer_2029_12", "top_up_2030_02", "transfer_2030_02" })
        {
            Assert.Equal(1, await ScalarAsync($"SELECT count(*) FROM pg_class WHERE relname = '{table}'"));
        }
    }
}

/// <summary>What a running server does about the archive by itself.</summary>
public abstract class ArchiveKeeperTests(DatabaseKind kind) : ArchiveStory(kind)
{
    [Fact]
    public async Task It_moves_what_is_due_and_nothing_if_it_is_told_no_number_of_months()
    {
        await LiveThroughNovemberAsync();
        GoTo(2027, 2);

        Assert.True(await Keeper(null).OnceAsync(Token));
        Assert.Equal(8, (await CountsAsync()).TopUps);
        Assert.True(await Keeper(3).OnceAsync(Token));
        Assert.Equal(8, (await CountsAsync()).TopUps);
        Assert.True(await Keeper(Retention).OnceAsync(Token));
        Assert.Equal([TopUpState.Refunding], await StatesAsync());
    }

    [Fact]
    public async Task It_finishes_what_was_begun_by_hand_and_tries_again_soon_what_it_cannot_do()
    {
        await LiveThroughNovemberAsync();
        GoTo(2027, 2);
        await Assert.ThrowsAsync<StoppedException>(() => Archivist(reached => Stop(reached == ArchivePoint.Booked)).MoveAsync(November, Token));
        File.Move(FileOf(November), FileOf(November) + ".elsewhere");
        Assert.False(await Keeper(null).OnceAsync(Token));
        File.Move(FileOf(November) + ".elsewhere", FileOf(November));
        await using (await Removal.TryBeginAsync(Scene.Test.Database, Token))
        {
            Assert.False(await Keeper(null).OnceAsync(Token));
        }

        Assert.True(await Keeper(null).OnceAsync(Token));

        Assert.Equal((short)ArchiveState.Moved, (await RowAsync(November)).State);
        await SoundAsync();
    }

    private protected ArchiveKeeper Keeper(int? retentionMonths) => new(Scene.Test.Database, Archivist(), new ArchiveOptions(retentionMonths), Scene.Time, NullLogger<ArchiveKeeper>.Instance);
}
