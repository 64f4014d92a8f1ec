using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>All that this suite's servers have logged and stored, and the secrets that they had: kept until the last test has ended, when <see cref="SuiteSecrecyTests"/> searches it.</summary>
public static class Remains
{
    private static readonly ConcurrentQueue<string> KeptLogs = new();
    private static readonly ConcurrentDictionary<StoredText, bool> KeptTexts = new();
    private static readonly ConcurrentDictionary<string, bool> KeptSecrets = new();
    private static int launched;
    private static int databases;

    /// <summary>How many servers and commands were launched: as many logs there must be.</summary>
    public static int Launched => launched;

    public static int Databases => databases;

    public static IReadOnlyCollection<string> Logs => KeptLogs;

    public static ICollection<StoredText> Texts => KeptTexts.Keys;

    public static ICollection<string> Secrets => KeptSecrets.Keys;

    public static void Launch() => Interlocked.Increment(ref launched);

    public static void Keep(string log) => KeptLogs.Enqueue(log);

    public static async Task KeepAsync(DatabaseOptions database)
    {
        foreach (var text in await StoredTexts.ReadAsync(database, CancellationToken.None))
        {
            KeptTexts.TryAdd(text, true);
        }

        Interlocked.Increment(ref databases);
    }

    public static void KeepSecret(string secret) => KeptSecrets.TryAdd(secret, true);

    public static void KeepSecretsOf(string data)
    {
        foreach (var secret in SecretsOf(data))
        {
            KeepSecret(secret);
        }
    }

    /// <summary>What a server's folder of data holds of keys and secrets, with the tokens that the sandbox beside it has given out.</summary>
    public static IReadOnlyList<string> SecretsOf(string data) =>
        [.. SecretsIn(Path.Combine(data, "demo-secrets.json")), .. SecretsIn(Path.Combine(data, "keys.json")), .. GivenTokens(Path.Combine(data, "sandbox", "sandbox.db"))];

    private static List<string> SecretsIn(string file)
    {
        if (!File.Exists(file))
        {
            return [];
        }

        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. TextsIn(json.RootElement)];
    }

    private static IEnumerable<string> TextsIn(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().Where(member => !IsPublic(member.Name)).SelectMany(member => TextsIn(member.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(TextsIn),
        JsonValueKind.String => [json.GetString()!],
        _ => [],
    };

    /// <summary>Public keys and their ids, certificates and their serial numbers: what the other side, and whoever reads along, is told.</summary>
    private static bool IsPublic(string name) => new[] { "public", "certificate", "serial" }.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)) && !name.Contains("private", StringComparison.OrdinalIgnoreCase);

    private static List<string> GivenTokens(string file)
    {
        if (!File.Exists(file))
        {
            return [];
        }

        using var books = new SqliteConnection($"Data Source={file};Pooling=False");
        books.Open();
        using var command = books.CreateCommand();
        command.CommandText = "SELECT token FROM tokens";
        using var reader = command.ExecuteReader();
        var tokens = new List<string>();
        while (reader.Read())
        {
            tokens.Add(reader.GetString(0));
        }

        return tokens;
    }
}
