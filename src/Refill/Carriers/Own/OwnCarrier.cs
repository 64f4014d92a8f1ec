using System.Buffers.Binary;
using System.Security.Cryptography;
using Refill.Cards;
using Refill.Units;

namespace Refill.Carriers.Own;

/// <summary>
/// The connector to the network of our own: its cards are those of the card book with the connector "own", and what is put on them are accounts of our
/// ledger (<see cref="Allowances"/>). It makes no outside call and writes nothing: the journey's commit that completes a top-up is the credit.
/// </summary>
public sealed class OwnCarrier(CardBook cards) : ICarrier
{
    public const string ConnectorName = "own";
    private const string Prefix = "RM-";
    private const int ReferenceLetters = 12;

    public string Name => ConnectorName;

    public bool AllowancesInLedger => true;

    public TimeoutMeaning Timeout { get; } = new(
        CallTimeout: TimeSpan.FromSeconds(10),
        FirstQueryAfter: TimeSpan.Zero,
        NotFoundIsFinalAfter: TimeSpan.Zero,
        "There is no call that could be lost: the decision is made in this process, and the credit is part of the commit that completes the top-up, so it "
        + "has happened exactly if the top-up is completed. Asking again gives the same answer as long as the card's status is the same.");

    public async Task<CardInquiry> InquireAsync(CardIdentifier card, CancellationToken cancellation) =>
        await cards.FindAsync(card, cancellation) is not { Connector: ConnectorName } known ? new CardInquiry.NotFound() : known.Status switch
        {
            CardStatus.Active => new CardInquiry.Found(known.CarrierCode, known.CurrentPlan, known.ExpiresAt, known.Reference),
            CardStatus.Barred => new CardInquiry.NotTopUppable(known.CarrierCode, CardRefusal.Barred),
            CardStatus.Closed => new CardInquiry.NotTopUppable(known.CarrierCode, CardRefusal.Closed),
            _ => throw new InvalidOperationException($"card {known.Id} has the status {known.Status}"),
        };

    /// <summary>Decides whether the card may take it now. Its plan is not looked at: any plan of the carrier may be put on any card of it.</summary>
    public async Task<DeliveryOutcome> DeliverAsync(DeliveryOrder order, CancellationToken cancellation) =>
        await cards.GetAsync(order.CardId, cancellation) switch
        {
            { Connector: ConnectorName, Status: CardStatus.Active } => new DeliveryOutcome.Accepted(ReferenceOf(order.Id), Cost: null),
            { Connector: ConnectorName, Status: var status } => new DeliveryOutcome.Rejected(DeliveryRefusal.CardRefused, $"the card is {status}"),
            _ => new DeliveryOutcome.Rejected(DeliveryRefusal.CardRefused, "the card is not one of our network's"),
        };

    /// <summary>Known at any time, and by the same rule: a card that was barred before the commit takes nothing.</summary>
    public async Task<DeliveryQuery> QueryAsync(DeliveryOrder order, string? carrierNumber, CancellationToken cancellation) =>
        new DeliveryQuery.Known(await DeliverAsync(order, cancellation));

    public CarrierNotification? Read(RawWebhook notification) => null;

    /// <summary>
    /// The receipt's number of the credit: the same each time, and no way back to the top-up's id, which opens its pages. Twelve letters, because among sixteen hexadecimal digits there are now and then
    /// thirteen decimal ones in a row, which are taken for the number of a payment card.
    /// </summary>
    public static string ReferenceOf(Guid topUpId)
    {
        var bits = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(topUpId.ToByteArray(bigEndian: true)));
        return string.Create(Prefix.Length + ReferenceLetters, bits, static (text, bits) =>
        {
            Prefix.CopyTo(text);
            for (var place = 0; place < ReferenceLetters; place++)
            {
                text[^(place + 1)] = Base32.LetterAt(bits, place);
            }
        });
    }
}
