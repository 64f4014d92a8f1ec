using System.Text.Json;
using System.Text.Json.Nodes;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Stripe;

/// <summary>Where Stripe's objects stand in the books: one table, each as it is shown.</summary>
internal static class StripeShelf
{
    internal const string Schema = """
        CREATE TABLE IF NOT EXISTS stripe_objects (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, belongs_to TEXT, created INTEGER NOT NULL, due INTEGER, content TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS stripe_objects_kind ON stripe_objects (kind);
        CREATE INDEX IF NOT EXISTS stripe_objects_owner ON stripe_objects (kind, belongs_to, created);
        CREATE INDEX IF NOT EXISTS stripe_objects_due ON stripe_objects (due) WHERE due IS NOT NULL;
        CREATE TABLE IF NOT EXISTS stripe_keys (
            key TEXT PRIMARY KEY, path TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS stripe_keys_created ON stripe_keys (created);
        """;

    internal static readonly string[] Tables = ["stripe_objects", "stripe_keys"];

    private const int MostDue = 1000;
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Writes it down, new or changed.</summary>
    internal static T Put<T>(BooksEntry entry, T thing) where T : StripeObject
    {
        entry.Change(
            """
            INSERT INTO stripe_objects (id, kind, belongs_to, created, due, content) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE SET belongs_to = excluded.belongs_to, due = excluded.due, content = excluded.content
            """,
            thing.Id, thing.Object, thing.BelongsTo, thing.Created, thing.DueAt, JsonSerializer.Serialize(thing, Json));
        return thing;
    }

    internal static T? Find<T>(BooksEntry entry, string? id) where T : StripeObject =>
        entry.Rows("SELECT content FROM stripe_objects WHERE id = $1 AND kind = $2", row => Read<T>(row.GetString(0)), id, StripeKinds.Of(typeof(T)).Name).FirstOrDefault();

    /// <summary>One that must be there, for another object of the books names it.</summary>
    internal static T Get<T>(BooksEntry entry, string id) where T : StripeObject => Find<T>(entry, id) ?? throw new InvalidOperationException($"{id} is not in the books");

    /// <summary>Any object by its id, with the members that are not shown.</summary>
    internal static JsonObject? FindAny(BooksEntry entry, string id) =>
        entry.Rows("SELECT content FROM stripe_objects WHERE id = $1", row => JsonNode.Parse(row.GetString(0))!.AsObject(), id).FirstOrDefault();

    /// <summary>All that belong to something, or to nothing, the oldest first.</summary>
    /// <param name="before">Only those made before this second.</param>
    internal static List<T> Of<T>(BooksEntry entry, string? belongsTo, long before = long.MaxValue) where T : StripeObject => entry.Rows(
        "SELECT content FROM stripe_objects WHERE kind = $1 AND belongs_to IS $2 AND created < $3 ORDER BY sequence",
        row => Read<T>(row.GetString(0)), StripeKinds.Of(typeof(T)).Name, belongsTo, before);

    internal static bool HasAny<T>(BooksEntry entry, string? belongsTo) where T : StripeObject =>
        entry.Number("SELECT 1 FROM stripe_objects WHERE kind = $1 AND belongs_to IS $2 LIMIT 1", StripeKinds.Of(typeof(T)).Name, belongsTo) is not null;

    /// <summary>Those whose time has come.</summary>
    internal static List<T> Due<T>(BooksEntry entry, DateTimeOffset now) where T : StripeObject => entry.Rows(
        $"SELECT content FROM stripe_objects WHERE due <= $1 AND kind = $2 ORDER BY due, sequence LIMIT {MostDue}",
        row => Read<T>(row.GetString(0)), now.ToUnixTimeSeconds(), StripeKinds.Of(typeof(T)).Name);

    internal static DateTimeOffset? NextDue(BooksEntry entry) =>
        entry.Number("SELECT min(due) FROM stripe_objects WHERE due IS NOT NULL") is { } due ? DateTimeOffset.FromUnixTimeSeconds(due) : null;

    /// <summary>One page, the newest first.</summary>
    internal static StripePage<T> List<T>(BooksEntry entry, StripeListAsk ask) where T : StripeObject
    {
        var rows = entry.Rows(
            $"""
            SELECT content FROM stripe_objects
            WHERE kind = $1 {(ask.BelongsTo is null ? "" : "AND belongs_to = $2")} AND created >= $3 AND created < $4
              AND ($5 IS NULL OR sequence < (SELECT sequence FROM stripe_objects WHERE id = $5)) AND ($6 IS NULL OR content ->> $6 = $7)
            ORDER BY sequence DESC LIMIT $8
            """,
            row => Read<T>(row.GetString(0)),
            StripeKinds.Of(typeof(T)).Name, ask.BelongsTo, ask.From, ask.Until, ask.StartingAfter, ask.Member is { } member ? $"$.{member}" : null, ask.Value, ask.Limit + 1);
        return new StripePage<T>([.. rows.Take(ask.Limit)], rows.Count > ask.Limit);
    }

    /// <summary>As the API shows it.</summary>
    internal static JsonObject Show(StripeObject thing) => Shown(JsonSerializer.SerializeToNode(thing, thing.GetType(), Json)!.AsObject());

    /// <summary>Without what is the sandbox's own.</summary>
    internal static JsonObject Shown(JsonObject thing)
    {
        foreach (var name in thing.Select(member => member.Key).Where(name => name.StartsWith('_')).ToList())
        {
            thing.Remove(name);
        }

        return thing;
    }

    private static T Read<T>(string content) => JsonSerializer.Deserialize<T>(content, Json)!;
}

/// <summary>Which part of a list is asked for.</summary>
/// <param name="From">The earliest instant of creation, in seconds.</param>
/// <param name="Until">The first instant that is too late.</param>
/// <param name="Member">A member of the object that must have this <paramref name="Value"/>; null: any.</param>
internal sealed record StripeListAsk(int Limit, string? StartingAfter, long From, long Until, string? BelongsTo = null, string? Member = null, string? Value = null);

internal sealed record StripePage<T>(List<T> Rows, bool HasMore);
