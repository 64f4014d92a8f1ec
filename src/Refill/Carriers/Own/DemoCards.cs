using Refill.Cards;

namespace Refill.Carriers.Own;

/// <summary>A card to try the demo with.</summary>
/// <param name="Number">E.164, of the range 555-01xx that belongs to nobody.</param>
/// <param name="Iccid">19 digits with their check digit, of the issuer "999", which is nobody's.</param>
/// <param name="ValidFor">How long its plan runs on when it is made.</param>
public sealed record DemoCard(string Number, string Iccid, string Plan, TimeSpan ValidFor);

/// <summary>The demo's cards of our own network: one that is well, and one whose plan is about to end.</summary>
public sealed class DemoCards(CardBook cards, TimeProvider time)
{
    /// <summary>As the demo catalogue has it.</summary>
    private const string CarrierCode = "refill-mobile";
    private const string Plan = "Month 10 GB";

    public static readonly DemoCard Healthy = new("+12015550123", "8901999000000001234", Plan, TimeSpan.FromDays(21));
    public static readonly DemoCard AboutToExpire = new("+12015550145", "8901999000000001457", Plan, TimeSpan.FromDays(2));

    /// <summary>Writes the cards that are not there; leaves the others as they are, however they have been used since. Safe to repeat after a crash in its middle.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        foreach (var demo in new[] { Healthy, AboutToExpire })
        {
            var number = new CardIdentifier(CardIdentifierKind.Msisdn, demo.Number);
            var card = await cards.FindAsync(number, cancellation)
                ?? await cards.RememberAsync(number, CarrierCode, OwnCarrier.ConnectorName, CarrierCode, demo.Plan, time.GetUtcNow() + demo.ValidFor, cancellation);
            var iccid = CardRecognition.Recognize(demo.Iccid).Identifier ?? throw new InvalidOperationException($"{demo.Iccid} is no ICCID");
            if (!await cards.AddIdentifierAsync(card.Id, iccid, cancellation))
            {
                throw new InvalidOperationException($"the ICCID {iccid} of a demo card is another card's");
            }
        }
    }
}
