using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Stripe;

/// <summary>
/// Sends events, signed with Stripe-Signature: t=…,v1=… where v1 is the hexadecimal HMAC-SHA256 of "t.body" under the secret as text; until a 2xx comes. Events go out side by side and so
/// in no order.
/// </summary>
internal sealed class StripeWebhooks(StripeBooksOptions options, SandboxBooks books, FaultBook faults, OutsideClient client, TimeProvider time) : ISender
{
    /// <summary>By what Stripe's libraries call too old: more than 300 seconds.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(301);

    /// <summary>The real one goes on for three days; nobody waits so long in a sandbox.</summary>
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(10),
    ];

    public string Name => StripeEvents.SenderName;

    public void Settle(BooksEntry entry, DateTimeOffset now) => StripeTime.Settle(StripeTurn.OfTime(entry, now, options));

    public DateTimeOffset? NextSettling(BooksEntry entry) => StripeTime.NextSettling(entry, time.GetUtcNow());

    public TimeSpan? RetryAfter(int attempts) => attempts <= Waits.Length ? Waits[attempts - 1] * options.RetryFactor : null;

    public async Task<Delivery> SendAsync(Message message, CancellationToken cancellation)
    {
        var (told, names) = books.Enter<(StripeEvent?, HashSet<string>)>(entry => StripeShelf.Find<StripeEvent>(entry, message.Content) is { } found
            ? (found, StripeNames.Of(entry, [found.Id, found.Type, found.Data.Object["id"]!.ToString()]))
            : (null, []));
        if (told is null)
        {
            // The books have been reset since it was written down.
            return new Delivery.Withheld();
        }

        var fault = faults.TakeOfAny("stripe", "webhook", names);
        switch (fault?.Kind)
        {
            case FaultKind.Never:
                return new Delivery.Withheld();
            case FaultKind.Slow:
                return new Delivery.Postponed(fault.Wait);
            case FaultKind.Duplicate:
                var both = await Task.WhenAll(PostAsync(message, told, fault, cancellation), PostAsync(message, told, fault, cancellation));
                return Heard(told, both.Contains(true));
            case FaultKind.OutOfOrder:
                var accepted = await PostAsync(message, told, fault, cancellation);
                if (Older(told) is { } older)
                {
                    await PostAsync(message, older, fault, cancellation);
                }

                return Heard(told, accepted);
            case FaultKind.LostAnswer:
                await PostAsync(message, told, fault, cancellation);
                return new Delivery.Refused();
            default:
                return Heard(told, await PostAsync(message, told, fault, cancellation));
        }
    }

    /// <summary>What was before, as an event of its own that comes too late; null where Stripe has no event for that.</summary>
    private StripeEvent? Older(StripeEvent told)
    {
        // A session has no event of its beginning, but its intent has.
        var begun = new[] { told.Data.Object["payment_intent"], told.Data.Object["setup_intent"] }.FirstOrDefault(id => id is not null && told.Type == "checkout.session.completed")?.ToString();
        var before = begun is null ? told.Data.Object.DeepClone().AsObject() : books.Enter(entry => StripeShelf.Shown(StripeShelf.FindAny(entry, begun)!));
        var (type, status) = before["object"]!.ToString() switch
        {
            "payment_intent" => ("payment_intent.created", IntentStatus.NeedsMethod),
            "setup_intent" => ("setup_intent.created", IntentStatus.NeedsMethod),
            "refund" => ("refund.created", RefundStatus.Pending),
            "charge" => ("charge.succeeded", "succeeded"),
            "payout" => ("payout.created", "pending"),
            _ => (null, ""),
        };
        before["status"] = status;
        foreach (var (name, value) in new (string Name, JsonNode Value)[] { ("amount_received", 0), ("amount_refunded", 0), ("refunded", false) }.Where(member => before.ContainsKey(member.Name)))
        {
            before[name] = value;
        }

        return type is null ? null : told with { Id = StripeKinds.NewId<StripeEvent>(), Type = type, Created = told.Created - 1, Data = new EventData(before) };
    }

    private Delivery Heard(StripeEvent told, bool accepted)
    {
        if (!accepted)
        {
            return new Delivery.Refused();
        }

        books.Enter(entry => StripeShelf.Find<StripeEvent>(entry, told.Id) is { } known ? StripeShelf.Put(entry, known with { PendingWebhooks = 0 }) : null);
        return new Delivery.Accepted();
    }

    private async Task<bool> PostAsync(Message message, StripeEvent told, Fault? fault, CancellationToken cancellation)
    {
        var shown = StripeShelf.Show(told);
        if (fault is not null)
        {
            shown["data"]!["object"] = StripeSpoiling.Spoil(told.Data.Object, fault);
        }

        var body = Encoding.UTF8.GetBytes(shown.ToJsonString());
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" } } };
        var answer = await client.PostAsync(message.Url, content, new Dictionary<string, string> { ["Stripe-Signature"] = Sign(body, fault) }, cancellation);
        return answer is { Status: >= 200 and < 300 };
    }

    /// <summary>While a secret is being rolled, once with each: either is good.</summary>
    private string Sign(byte[] body, Fault? fault)
    {
        var at = time.GetUtcNow() - (fault?.Kind == FaultKind.Stale ? Stale : TimeSpan.Zero);
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{timestamp}."), .. body];
        var signatures = new[] { options.WebhookSecret, options.OldWebhookSecret }.OfType<string>()
            .Select(secret => fault?.Kind == FaultKind.BadSignature ? $"not {secret}" : secret)
            .Select(secret => $",v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed))}");
        return $"t={timestamp}{string.Concat(signatures)}";
    }
}
