using Npgsql;
using Refill.Storage;

namespace Refill.Tests.Storage;

/// <summary>
/// A database of one test's own on the PostgreSQL that ./test starts; without that server the test fails. It is copied from one that was
/// migrated once in this process: a schema made anew for each test takes most of the test's time.
/// </summary>
internal static class ScratchPostgres
{
    private static readonly Lazy<Task<string>> Template = new(async () =>
    {
        var name = await NewAsync("template1");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DropAsync(name).GetAwaiter().GetResult();
        await new Database(new DatabaseOptions(DatabaseKind.Postgres, Pooled(name, pooling: false))).MigrateAsync();
        return name;
    });

    private static string Server =>
        Environment.GetEnvironmentVariable("REFILL_TEST_POSTGRES") is { Length: > 0 } server ? server : throw new InvalidOperationException("REFILL_TEST_POSTGRES names no PostgreSQL server; ./test starts one");

    /// <param name="isEmpty">Without Refill's tables, as a first start finds it.</param>
    /// <returns>How to connect to it.</returns>
    public static async Task<string> CreateAsync(bool isEmpty = false) => Pooled(await NewAsync(isEmpty ? "template1" : await Template.Value), pooling: true);

    /// <summary>Drops what <see cref="CreateAsync"/> made, if it is still there.</summary>
    public static async Task ReleaseAsync(string connectionString)
    {
        await using (var pool = new NpgsqlConnection(connectionString))
        {
            NpgsqlConnection.ClearPool(pool);
        }

        await DropAsync(new NpgsqlConnectionStringBuilder(connectionString).Database!);
    }

    private static string Pooled(string name, bool pooling) =>
        new NpgsqlConnectionStringBuilder(Server) { Database = name, MaxPoolSize = 20, Pooling = pooling }.ConnectionString;

    private static async Task<string> NewAsync(string template)
    {
        var name = $"refill_{Guid.CreateVersion7():N}";
        await AdministerAsync($"CREATE DATABASE {name} TEMPLATE {template}");
        return name;
    }

    private static Task DropAsync(string name) => AdministerAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private static async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
