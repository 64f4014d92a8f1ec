using Refill.Bench.Ledger;
using Refill.Bench.Reconciliation;
using Refill.Bench.TopUps;
using Refill.Cards;
using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Bench.Notifications;

/// <summary>An order at the gateway that nobody has paid yet.</summary>
internal sealed record OpenOrder(Guid TopUpId, Guid PaymentId, Money Amount);

/// <summary>Orders made before it is measured, by the very code that the pages call: a quote, and a payment opened at Alipay, for a card of our own network each.</summary>
internal static class OrdersAhead
{
    private const string Carrier = "refill-mobile";
    private const string Plan = "refill-mobile-pass-24h";
    private const int AtOnce = 64;

    /// <summary>Payers take a while, and until they have paid the outbox asks the gateway about each. Nobody plays the gateway here, so those looks are put off until the quote ends: notifications are measured, not calls.</summary>
    private const int LookAfterMinutes = 15;

    public static async Task<IReadOnlyList<OpenOrder>> MakeAsync(BenchDatabase database, House house, int count)
    {
        await new Filling(database, house.Get<CardBook>(), Carrier).FillAsync(0, count, withPostings: false);
        var (book, desk, orders) = (house.Get<CardBook>(), house.Get<TopUpDesk>(), new OpenOrder[count]);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (index, cancellation) =>
        {
            var name = book.NameOf(new CardIdentifier(CardIdentifierKind.Msisdn, BenchCards.Number(index)));
            var quote = (await desk.QuoteAsync(name, Plan, null, cancellation)).Value ?? throw new InvalidOperationException("no quote");
            if ((await desk.PayAsync(quote.Id, "alipay", PaymentWay.Page, Payer.Unknown, null, new Uri("http://127.0.0.1:9"), cancellation)).Value is not PaymentStart.Redirect)
            {
                throw new InvalidOperationException("no payment");
            }

            var payment = (await desk.GetAsync(quote.Id, cancellation))!.Payments[0];
            orders[index] = new OpenOrder(quote.Id, payment.Id, payment.Amount);
        });
        await using var connection = await database.Database.OpenConnectionAsync(default);
        await using var command = connection.CreateCommand();
        command.CommandText = $"UPDATE work SET due_at = {TimeProvider.System.GetUtcNow().AddMinutes(LookAfterMinutes).ToUnixTimeMilliseconds()} WHERE kind = '{TopUpSteps.PaymentWork}'";
        await command.ExecuteNonQueryAsync();
        return orders;
    }
}
