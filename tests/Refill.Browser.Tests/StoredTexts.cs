using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>A text in a database.</summary>
/// <param name="Place">"Sqlite top_up.detail"</param>
public readonly record struct StoredText(string Place, string Text);

/// <summary>Every text in a database, of every table and column, whatever they are called: also those that a later version adds.</summary>
public static class StoredTexts
{
    private const string SqliteTables = "SELECT name FROM sqlite_master WHERE type = 'table'";

    /// <summary>The parts of a partitioned table, not once more the whole.</summary>
    private const string PostgresTables = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

    public static async Task<IReadOnlyCollection<StoredText>> ReadAsync(DatabaseOptions options, CancellationToken cancellation)
    {
        var texts = new HashSet<StoredText>();
        await using var connection = await new Database(Unpooled(options)).OpenConnectionAsync(cancellation);
        foreach (var table in await TablesAsync(connection, options.Kind, cancellation))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM {table}";
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var places = Enumerable.Range(0, reader.FieldCount).Select(column => $"{options.Kind} {table}.{reader.GetName(column)}").ToArray();
            while (await reader.ReadAsync(cancellation))
            {
                for (var column = 0; column < places.Length; column++)
                {
                    texts.UnionWith(TextsOf(reader.GetValue(column)).Select(text => new StoredText(places[column], text)));
                }
            }
        }

        return texts;
    }

    /// <summary>Bytes are read as Latin letters: what is ASCII in them stays readable, in whatever the rest is.</summary>
    private static IEnumerable<string> TextsOf(object value) => value switch
    {
        string text => [text],
        byte[] bytes => [Encoding.Latin1.GetString(bytes)],
        string[] texts => texts,
        _ => [],
    };

    /// <summary>No file stays open that its owner is about to delete.</summary>
    private static DatabaseOptions Unpooled(DatabaseOptions options) => options.Kind == DatabaseKind.Sqlite
        ? options with { ConnectionString = new SqliteConnectionStringBuilder(options.ConnectionString) { Pooling = false }.ConnectionString }
        : options;

    private static async Task<List<string>> TablesAsync(DbConnection connection, DatabaseKind kind, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = kind == DatabaseKind.Sqlite ? SqliteTables : PostgresTables;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var tables = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            tables.Add(kind == DatabaseKind.Sqlite ? $"\"{reader.GetString(0)}\"" : reader.GetString(0));
        }

        return tables;
    }
}
