using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Tests.Storage;

public sealed class SqliteTablesTests
{
    [Fact]
    public async Task The_tables_that_an_order_touches_and_only_they_are_kept_in_the_order_of_their_keys()
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        await using var db = test.Database.Open();
        var ordered = await db.Database.SqlQuery<string>($"SELECT name AS Value FROM pragma_table_list WHERE wr = 1 ORDER BY name").ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["account", "card", "card_identifier", "top_up", "transfer"], ordered);
    }
}
