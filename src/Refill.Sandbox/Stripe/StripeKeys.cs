using System.Collections.Concurrent;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Stripe;

/// <summary>What was answered under an idempotency key, for as long as the key is kept.</summary>
internal sealed record StoredAnswer(string Path, string Fingerprint, int Status, string Body, string RequestId);

/// <summary>
/// Idempotency of version 1 of the API (docs.stripe.com/api/idempotent_requests): the first status and body are stored once execution begins, 500s too; the same key with other parameters
/// is an error; two at the same time are a conflict; keys are pruned after 24 hours.
/// </summary>
internal sealed class StripeKeys
{
    internal const int LongestKey = 255;
    private static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<string, string> inProgress = new(StringComparer.Ordinal);

    /// <summary>False if another request with this key is on its way: until its answer has been written.</summary>
    internal bool Enter(string key, string requestId) => inProgress.TryAdd(key, requestId);

    /// <summary>Does nothing if another request holds the key by now.</summary>
    internal void Leave(string key, string requestId) => inProgress.TryRemove(KeyValuePair.Create(key, requestId));

    internal static StoredAnswer? Find(BooksEntry entry, string key) => entry.Rows(
        "SELECT path, fingerprint, status, body, request_id FROM stripe_keys WHERE key = $1",
        row => new StoredAnswer(row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4)), key).FirstOrDefault();

    internal static void Store(BooksEntry entry, string key, StoredAnswer answer, DateTimeOffset now) => entry.Change(
        "INSERT INTO stripe_keys (key, path, fingerprint, status, body, request_id, created) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        key, answer.Path, answer.Fingerprint, answer.Status, answer.Body, answer.RequestId, now.ToUnixTimeSeconds());

    internal static void Prune(BooksEntry entry, DateTimeOffset now) => entry.Change("DELETE FROM stripe_keys WHERE created <= $1", (now - Life).ToUnixTimeSeconds());
}
