using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Reloadly;

/// <summary>
/// Tells the customer that a top-up is final: airtime_transaction.status. The published contract does not describe webhooks; that the signature is the
/// hexadecimal HMAC-SHA256 of "body:timestamp" under the webhook secret is what others' code agrees on.
/// </summary>
internal sealed class ReloadlyWebhooks(ReloadlyBooksOptions options, SandboxBooks books, FaultBook faults, OutsideClient client, TimeProvider time) : ISender
{
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5),
    ];

    public string Name => ReloadlyTransactions.SenderName;

    public void Settle(BooksEntry entry, DateTimeOffset now) => ReloadlyTransactions.Settle(entry, options.WebhookUrl?.AbsoluteUri, now);

    public DateTimeOffset? NextSettling(BooksEntry entry) => ReloadlyTransactions.NextSettling(entry);

    public TimeSpan? RetryAfter(int attempts) => attempts <= Waits.Length ? Waits[attempts - 1] : null;

    public async Task<Delivery> SendAsync(Message message, CancellationToken cancellation)
    {
        var news = JsonSerializer.Deserialize<ReloadlyEvent>(message.Content)!;
        if (books.Enter(entry => ReloadlyTransactions.Find(entry, news.TransactionId)) is not { } transaction)
        {
            // The books have been reset since it was written down.
            return new Delivery.Withheld();
        }

        var fault = faults.Take("reloadly", "webhook", message.About, transaction.Number);
        switch (fault?.Kind)
        {
            case FaultKind.Never:
                return new Delivery.Withheld();
            case FaultKind.Slow:
                return new Delivery.Postponed(fault.Wait);
            case FaultKind.Duplicate:
                var both = await Task.WhenAll(PostAsync(message, transaction, news.Status, fault, cancellation), PostAsync(message, transaction, news.Status, fault, cancellation));
                return both.Contains(true) ? new Delivery.Accepted() : new Delivery.Refused();
            case FaultKind.OutOfOrder:
                var accepted = await PostAsync(message, transaction, news.Status, fault, cancellation);
                await PostAsync(message, transaction, TopUpStatus.Processing, fault, cancellation);
                return accepted ? new Delivery.Accepted() : new Delivery.Refused();
            case FaultKind.LostAnswer:
                await PostAsync(message, transaction, news.Status, fault, cancellation);
                return new Delivery.Refused();
            default:
                return await PostAsync(message, transaction, news.Status, fault, cancellation) ? new Delivery.Accepted() : new Delivery.Refused();
        }
    }

    private async Task<bool> PostAsync(Message message, ReloadlyTransaction transaction, string status, Fault? fault, CancellationToken cancellation)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            type = "airtime_transaction.status",
            date = ReloadlyWords.Time(time.GetUtcNow()),
            data = ReloadlyWords.Describe(transaction with { Status = status }, withBalance: false, fault: null),
        });
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. body, .. Encoding.ASCII.GetBytes($":{timestamp}")];
        var secret = fault?.Kind == FaultKind.BadSignature ? $"not {options.WebhookSecret}" : options.WebhookSecret;
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        var answer = await client.PostAsync(
            message.Url,
            content,
            new Dictionary<string, string>
            {
                ["X-Reloadly-Signature"] = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed)),
                ["X-Reloadly-Request-Timestamp"] = timestamp,
            },
            cancellation);
        return answer is { Status: >= 200 and < 300 };
    }
}
