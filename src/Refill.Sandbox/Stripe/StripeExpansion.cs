using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Stripe;

/// <summary>expand[]: an object in place of its id, at most four steps deep.</summary>
internal static class StripeExpansion
{
    private const int MostSteps = 4;

    private static readonly FrozenSet<string> Known = new[]
    {
        "balance_transaction", "charge", "customer", "failure_balance_transaction", "latest_charge", "payment_intent", "payment_method", "setup_intent", "source",
    }.ToFrozenSet(StringComparer.Ordinal);

    internal static bool IsKnown(string path)
    {
        var steps = path.Split('.');
        return steps.Length <= MostSteps && steps.Skip(steps[0] == "data" ? 1 : 0).All(Known.Contains);
    }

    /// <summary>Puts objects where their ids stand. What is null stays null.</summary>
    internal static void Expand(BooksEntry entry, JsonObject body, IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            Expand(entry, body, path.Split('.'));
        }
    }

    private static void Expand(BooksEntry entry, JsonObject within, ReadOnlySpan<string> steps)
    {
        if (steps.IsEmpty)
        {
            return;
        }

        if (steps[0] == "data" && within["data"] is JsonArray list)
        {
            foreach (var each in list.OfType<JsonObject>())
            {
                Expand(entry, each, steps[1..]);
            }
        }
        else if (within[steps[0]] is JsonObject expanded)
        {
            Expand(entry, expanded, steps[1..]);
        }
        else if (within[steps[0]] is JsonValue value && StripeShelf.FindAny(entry, value.ToString()) is { } found)
        {
            Expand(entry, StripeShelf.Shown(found), steps[1..]);
            within[steps[0]] = found;
        }
    }
}
