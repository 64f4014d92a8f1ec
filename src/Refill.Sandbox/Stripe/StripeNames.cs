using System.Text.Json.Nodes;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Stripe;

/// <summary>What a merchant can call a thing: its id, and the ids, client_reference_id and metadata of it and of what it belongs to.</summary>
internal static class StripeNames
{
    /// <summary>A thing belongs to few others; more would be a circle.</summary>
    private const int MostSteps = 100;

    private static readonly string[] Owners = ["_session", "payment_intent", "setup_intent", "charge", "source"];

    /// <summary>Every name of what these texts name, and the texts themselves: for faults.</summary>
    internal static HashSet<string> Of(BooksEntry entry, IEnumerable<string> texts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var ahead = new Queue<string>(texts);
        for (var step = 0; step < MostSteps && ahead.TryDequeue(out var text); step++)
        {
            if (names.Add(text) && StripeShelf.FindAny(entry, text) is { } thing)
            {
                foreach (var name in Owners.Append("client_reference_id").Select(member => Text(thing, member)).Concat(Metadata(thing)).OfType<string>())
                {
                    ahead.Enqueue(name);
                }
            }
        }

        return names;
    }

    /// <summary>The order that a thing is about: client_reference_id, or metadata[order]; without either its own id.</summary>
    internal static string About(BooksEntry entry, StripeObject thing)
    {
        var next = StripeShelf.FindAny(entry, thing.Id);
        for (var step = 0; step < MostSteps && next is not null; step++)
        {
            if ((Text(next, "client_reference_id") ?? Text(next["metadata"], "order")) is { } order)
            {
                return order;
            }

            next = Owners.Select(member => Text(next, member)).OfType<string>().Select(id => StripeShelf.FindAny(entry, id)).FirstOrDefault();
        }

        return thing.Id;
    }

    private static IEnumerable<string?> Metadata(JsonObject thing) => thing["metadata"] is JsonObject metadata ? metadata.Select(pair => pair.Value?.ToString()) : [];

    private static string? Text(JsonNode? within, string member) => within is JsonObject && within[member] is JsonValue value ? value.ToString() : null;
}
