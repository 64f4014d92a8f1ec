using Microsoft.Extensions.Time.Testing;
using Refill.Customers;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Customers;

public sealed class ApiKeysTests
{
    private static readonly Guid WalletId = CellId.New(new Cell(7), TimeProvider.System);

    public static TheoryData<DatabaseKind> Kinds => [DatabaseKind.Sqlite, DatabaseKind.Postgres];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_key_is_found_by_what_was_shown_once_and_the_database_does_not_hold_it(DatabaseKind kind)
    {
        await using var test = await TestDatabase.NewAsync(kind);
        var keys = new ApiKeys(test.Database, TimeProvider.System);

        var (key, presented) = await keys.CreateAsync(WalletId, " till 1 ", [ApiScope.TopUpsWrite, ApiScope.WalletRead], Token);

        var found = await keys.FindAsync(presented, Token);
        Assert.Equal((key.Id, WalletId, "till 1"), (found!.Id, found.WalletId, found.Name));
        Assert.True(found.May(ApiScope.TopUpsWrite) && found.May(ApiScope.WalletRead) && !found.May(ApiScope.TopUpsRead));
        await using var db = test.Database.Open();
        var row = Assert.Single(db.Set<ApiKeyRow>());
        Assert.DoesNotContain(presented[27..], System.Buffers.Text.Base64Url.EncodeToString(row.SecretHash), StringComparison.Ordinal);
        Assert.Equal(32, row.SecretHash.Length);
    }

    [Fact]
    public async Task Whatever_else_is_presented_is_nobody_s()
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        var keys = new ApiKeys(test.Database, TimeProvider.System);
        var (_, one) = await keys.CreateAsync(WalletId, "one", ApiScope.All, Token);
        var (_, two) = await keys.CreateAsync(WalletId, "two", ApiScope.All, Token);
        foreach (var wrong in new[] { null, "", "rfk_", one[..^1], one + "A", one.ToUpperInvariant(), "xfk_" + one[4..], one[..27] + two[27..], one[..26] + "-" + one[27..], new string('é', one.Length) })
        {
            Assert.Null(await keys.FindAsync(wrong, Token));
        }
    }

    [Fact]
    public async Task A_key_that_another_process_revokes_works_five_seconds_longer_at_most()
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        var time = new FakeTimeProvider();
        var (here, there) = (new ApiKeys(test.Database, time), new ApiKeys(test.Database, time));
        var (key, presented) = await here.CreateAsync(WalletId, "one", ApiScope.All, Token);
        Assert.True((await here.FindAsync(presented, Token))!.May(ApiScope.WalletRead));

        Assert.True(await there.RevokeAsync(key.Id, Token));
        Assert.False(await there.RevokeAsync(key.Id, Token));

        Assert.False((await there.FindAsync(presented, Token))!.May(ApiScope.WalletRead));
        time.Advance(ApiKeys.Trust);
        Assert.False((await here.FindAsync(presented, Token))!.May(ApiScope.WalletRead));
        Assert.Single(await here.ListAsync(WalletId, Token), listed => listed.RevokedAt is not null);
        Assert.Empty(await here.ListAsync(Guid.NewGuid(), Token));
    }

    [Fact]
    public async Task Names_and_scopes_are_held_to_what_is_allowed()
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        var keys = new ApiKeys(test.Database, TimeProvider.System);
        await Assert.ThrowsAsync<ArgumentException>(() => keys.CreateAsync(WalletId, " ", ApiScope.All, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => keys.CreateAsync(WalletId, new string('x', ApiKeys.MaxName + 1), ApiScope.All, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => keys.CreateAsync(WalletId, "one", [], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => keys.CreateAsync(WalletId, "one", ["everything"], Token));
    }
}
