using System.Text;
using Microsoft.Data.Sqlite;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>The detector finds what is planted, in a log and in whatever column of a database, and nothing in what is honest.</summary>
public sealed class LeaksTests
{
    private const string Number = "+12015550123";
    private const string Iccid = "8901260123456789011";
    private const string Pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEA+/AB\nAQAB\n-----END PRIVATE KEY-----\n";
    private static readonly string Key = Convert.ToBase64String([.. Enumerable.Range(200, 32).Select(number => (byte)number)]);
    private static readonly Leaks Search = new(["hunt+er22", Key, Pem]);

    public static TheoryData<string> Planted() =>
    [
        "top-up for +12015550123",
        "GET /?card=%2B12015550123",
        "GET /?card=%28201%29+555-0123",
        "another's +13105550199",
        "typed (201) 555-0123",
        "typed (201)555-0123",
        "typed 201-555-0123",
        "typed 201.555.0123",
        "typed 201 555 0123",
        "typed 2015550123",
        "typed 12013200007",
        "local part 5550123",
        "local part 555-0123",
        "card " + Iccid,
        "card " + Iccid[..^1],
        "card 8901 2601 2345 6789 011",
        "card 8901 2601 2345 6789 01",
        "someone else's 4111111111111111",
        "someone else's 4111 1111 1111 1111",
        "someone else's 4111-1111-1111-1111",
        "GET /?number=4111+1111+1111+1111",
        "GET /?number=4111%201111%201111%201111",
        "someone else's 3782 822463 10005",
        "thirteen digits 4222222222222",
        "thirteen digits 4222 2222 2222 2",
        "nineteen digits 6304000000000000000",
        "between letters pan4111111111111111x",
        "after a point 0.4111111111111111",
        "Authorization: Bearer abc",
        "eyJhbGciOiJIUzI1NiJ9.e30.x",
        "?app_id=1&sign=AbC",
        "pi_abc_secret_def",
        "client_secret=x",
        "sk_test_0123",
        "rk_live_0123",
        "whsec_0123",
        "rfk_AaIZDnBVc4qSYSrm6K8sGA_x",
        "the planted secret hunt+er22",
        "?secret=hunt%2Ber22",
        "hunt\\u002Ber22",
        "-----BEGIN PRIVATE KEY-----",
        "a line of a key: AQEFAASCBKcwggSjAgEA+/AB",
        "a key " + Key,
        "a key " + Convert.ToHexString(Convert.FromBase64String(Key)),
    ];

    [Theory]
    [MemberData(nameof(Planted))]
    public async Task Each_planted_secret_is_found_in_a_log_and_in_a_database(string line)
    {
        Assert.NotEmpty(Search.InLog($"info: started\n{line}\n"));
        Assert.NotEmpty(await InDatabaseAsync(line));
        Assert.NotEmpty(await InDatabaseAsync(Encoding.UTF8.GetBytes($$"""{"at":["{{line}}"]}""")));
        Assert.NotEmpty(await InDatabaseAsync(Encoding.UTF8.GetBytes("\0ÿ" + line + "\0")));
    }

    [Fact]
    public async Task A_key_is_found_as_bytes() => Assert.NotEmpty(await InDatabaseAsync(Convert.FromBase64String(Key)));

    [Theory]
    [InlineData("2026-11-23T11:47:42.5550123Z info: top-up 0199 for (***) ***-0123 completed in 12 ms, order 7KQ4-M2XD-9TPA")]
    [InlineData("4111111111111112 411111111111 20261123220014000000000000001 4111 1111 1111 1112 2026-11-23 1111")]
    [InlineData("GET /top-ups/AaIZDs8pc06xlfDje7xt3w - 303 in 12.3456 ms from 127.0.0.1:45550, AQAB")]
    [InlineData("  (201) 555-0123   healthy")]
    public void An_honest_line_holds_nothing(string line) => Assert.Empty(Search.InLog($"info: started\n{line}\n"));

    [Fact]
    public void A_run_of_digits_is_let_go_as_a_moment_only_where_a_moment_stands()
    {
        var moment = Enumerable.Range(0, 10).Select(last => $"179571812460{last}").Single(Leaks.PassesLuhn);
        var card = Enumerable.Range(0, 10).Select(last => $"422222222222{last}").Single(Leaks.PassesLuhn);

        Assert.Empty(Search.In($$"""{"completedAt":{{moment}},"validUntil":{{moment}}}"""));
        Assert.NotEmpty(Search.In($$"""{"completedAt":{{card}}}"""));
        Assert.NotEmpty(Search.In($$"""{"completedAt":"{{moment}}"}"""));
        Assert.NotEmpty(Search.In($$"""{"completed":{{moment}}}"""));
        Assert.NotEmpty(Search.In($"completed at {moment}"));
    }

    [Fact]
    public void A_run_of_digits_is_let_go_as_a_migration_only_under_the_name_of_one()
    {
        Assert.True(Leaks.PassesLuhn("20261126012255"));
        Assert.Empty(Search.In("Applying migration '20261126012255_Initial'."));
        Assert.NotEmpty(Search.In("20261126012255"));
        Assert.NotEmpty(Search.In("20261126012255_Initially"));
    }

    [Fact]
    public void A_run_of_digits_is_let_go_in_a_UUID_and_nowhere_near_it()
    {
        var run = Enumerable.Range(0, 10).Select(last => $"811111111111111{last}").Single(Leaks.PassesLuhn);

        Assert.Empty(Search.In($"payment 01a21911dba77abc{run}: paid"));
        Assert.Empty(Search.In($"node rig/01a21911dba74abc{run}"));
        Assert.Empty(Search.In($"refund 01a21911dba77abc{run}R1"));
        Assert.NotEmpty(Search.In($"payment 01a21911dba71abc{run}: another version"));
        Assert.NotEmpty(Search.In($"payment 01a21911dba77abc0{run}: longer"));
        Assert.NotEmpty(Search.In($"payment 01a21911dba77abc{run}x: longer"));
        Assert.NotEmpty(Search.In($"payment 01a21911dba7gabc{run}: not hexadecimal"));
        Assert.NotEmpty(Search.In($"payment 01a21911dba77abcdef0123456789abc {run}: beside it"));
        Assert.NotEmpty(Search.In($"payment 01a21911dba77abc8def0123456789abR{run}: behind it"));
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    public void A_number_in_a_file_is_found_in_either_encoding(string encoding)
    {
        byte[] file = [0, 255, .. Encoding.GetEncoding(encoding).GetBytes("x2015550123x"), 7];

        Assert.NotEmpty(Leaks.InFile(file, Leaks.FormsOf(Number)));
        Assert.Empty(Leaks.InFile(file, Leaks.FormsOf(Iccid)));
    }

    /// <summary>Every table of a real schema on PostgreSQL is read too, whatever its columns' types.</summary>
    [Fact]
    public async Task What_is_planted_is_found_on_PostgreSQL()
    {
        await using var database = await ScratchDatabase.CreateAsync(DatabaseKind.Postgres, "");
        await using var connection = await new Database(database.Options).OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = """CREATE SCHEMA other; CREATE TABLE other."order" (id uuid, texts text[], bytes bytea, json jsonb, amount bigint)""";
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        Assert.Empty(await InAsync(database.Options));
        foreach (var (column, value) in new[] { ("texts", "ARRAY['fine', 'sk_live_1']"), ("bytes", "'x 4111111111111111'::bytea"), ("json", """'{"at":[4111111111111111]}'""") })
        {
            command.CommandText = $"""DELETE FROM other."order"; INSERT INTO other."order" (id, amount, {column}) VALUES (gen_random_uuid(), 4111111111111111, {value})""";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            Assert.Equal(column, Assert.Single(await InAsync(database.Options)).Split(':')[0].Split('.')[^1]);
        }

        command.CommandText = """DELETE FROM other."order" """;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken); // What is left is searched with the rest of the suite.
    }

    private static async Task<IReadOnlyList<string>> InDatabaseAsync(object value)
    {
        var folder = Directory.CreateTempSubdirectory("refill-leaks-").FullName;
        var options = new DatabaseOptions(DatabaseKind.Sqlite, $"Data Source={Path.Combine(folder, "planted.db")};Pooling=False");
        try
        {
            await using (var connection = new SqliteConnection(options.ConnectionString))
            {
                await connection.OpenAsync(TestContext.Current.CancellationToken);
                await using var command = connection.CreateCommand();
                command.CommandText = "CREATE TABLE \"order\" (id INTEGER PRIMARY KEY, note); INSERT INTO \"order\" (note) VALUES (NULL), ('fine'), ($value)";
                command.Parameters.AddWithValue("$value", value);
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }

            return await InAsync(options);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<IReadOnlyList<string>> InAsync(DatabaseOptions options)
    {
        var found = new List<string>();
        foreach (var text in await StoredTexts.ReadAsync(options, TestContext.Current.CancellationToken))
        {
            found.AddRange(Search.In(text.Text).Select(leak => $"{text.Place}: {leak}"));
        }

        return found;
    }
}
