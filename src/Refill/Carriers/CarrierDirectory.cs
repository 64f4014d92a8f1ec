using System.Collections.Frozen;
using Refill.Cards;

namespace Refill.Carriers;

/// <summary>What the connectors know of a card.</summary>
/// <param name="Connector">The name of the connector whose answer it is; null if none knows the card.</param>
public sealed record DirectoryAnswer(string? Connector, CardInquiry Inquiry);

/// <summary>The connectors of this installation: found by name, and asked which of them knows a card. Digits never decide that.</summary>
public sealed class CarrierDirectory
{
    private readonly ICarrier[] inOrder;
    private readonly FrozenDictionary<string, ICarrier> byName;

    /// <param name="carriers">In the order in which they are believed, should two know the same card; those of our own ledger are asked first in any case.</param>
    /// <exception cref="ArgumentException">Two have the same name.</exception>
    public CarrierDirectory(params IReadOnlyList<ICarrier> carriers)
    {
        inOrder = [.. carriers.OrderByDescending(carrier => carrier.AllowancesInLedger)];
        byName = inOrder.ToFrozenDictionary(carrier => carrier.Name, StringComparer.Ordinal);
    }

    public IReadOnlyList<ICarrier> All => inOrder;

    /// <summary>The connector of this name, as it stands in the catalogue and in the database; null if this installation has none.</summary>
    public ICarrier? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>
    /// Asks our own first, which costs no outside call; then all the others at once, each of which ends after its own timeout. Found wins. If none
    /// found it and one could not be asked, the answer is unknown, never "not found": the silent one may know the card.
    /// </summary>
    public async Task<DirectoryAnswer> AskAsync(CardIdentifier card, CancellationToken cancellation)
    {
        var answers = new List<DirectoryAnswer>(inOrder.Length);
        foreach (var own in inOrder.Where(carrier => carrier.AllowancesInLedger))
        {
            var answer = await AskAsync(own, card, cancellation);

            // A card closed with us may have been ported to another; what else we say of a card of our own is the last word.
            if (answer.Inquiry is CardInquiry.Found or CardInquiry.NotTopUppable { Reason: not CardRefusal.Closed })
            {
                return answer;
            }

            answers.Add(answer);
        }

        answers.AddRange(await Task.WhenAll(inOrder.Where(carrier => !carrier.AllowancesInLedger).Select(carrier => AskAsync(carrier, card, cancellation))));
        return answers.Find(answer => answer.Inquiry is CardInquiry.Found)
            ?? answers.Find(answer => answer.Inquiry is CardInquiry.Unknown)
            ?? answers.Find(answer => answer.Inquiry is CardInquiry.NotTopUppable)
            ?? new DirectoryAnswer(null, new CardInquiry.NotFound());
    }

    private static async Task<DirectoryAnswer> AskAsync(ICarrier carrier, CardIdentifier card, CancellationToken cancellation) =>
        new(carrier.Name, await carrier.InquireAsync(card, cancellation));
}
