using Refill.Storage;
using Refill.TopUps;
using Refill.Work;

namespace Refill.Browser.Tests;

/// <summary>One first top-up during which the server kills itself once at a named point; then everybody's books are compared.</summary>
internal static class KilledTopUp
{
    private static readonly string[] UntilTheCarrierAnswers =
    [
        CrashPoint.QuoteCommitted, CrashPoint.PaymentStarting, CrashPoint.PaymentOpened, CrashPoint.NotificationReceived, CrashPoint.PaymentConfirming,
        CrashPoint.PaymentConfirmed, CrashPoint.DeliveryClaimed, CrashPoint.DeliveryStarted, CrashPoint.DeliveryAnswered,
    ];

    /// <summary>The points that a top-up passes whose carrier accepts it.</summary>
    public static IReadOnlyList<string> ReachedWhenAccepted { get; } = [.. UntilTheCarrierAnswers, CrashPoint.DeliveryQueried, CrashPoint.Completing, CrashPoint.Completed];

    /// <summary>The points that a top-up passes whose carrier refuses it: at once, so that there is nothing to query.</summary>
    public static IReadOnlyList<string> ReachedWhenRefused { get; } =
        [.. UntilTheCarrierAnswers, CrashPoint.RefundReserved, CrashPoint.RefundStarting, CrashPoint.RefundAnswered, CrashPoint.RefundCommitted];

    /// <summary>On both databases; until the carrier answers the way is the same whatever it will say: there a card that it refuses is tried on one of them, in turns, and the other card on both.</summary>
    public static Task RunOnBothDatabasesAsync(string point, string card) => (card, Array.IndexOf(UntilTheCarrierAnswers, point)) switch
    {
        (DemoCard.Refused, >= 0 and var turn) => RunAsync(point, card, turn % 2 == 0 ? DatabaseKind.Sqlite : DatabaseKind.Postgres),
        _ => Task.WhenAll(RunAsync(point, card, DatabaseKind.Sqlite), RunAsync(point, card, DatabaseKind.Postgres)),
    };

    /// <summary>Paid another way than the rest of the matrix: the carrier refuses it, so that it passes every step of a payment and of a refund.</summary>
    public static Task RunRefundedAsync(string point, string way) => RunAsync(point, DemoCard.Refused, DatabaseKind.Sqlite, way);

    private static async Task RunAsync(string point, string card, DatabaseKind database, string way = PlainTopUp.AlipayPage)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var world = await World.StartAsync(new WorldOptions { Database = database, CrashAt = point }, cancellation);
        using var journey = new PlainTopUp(world, card, way);

        var end = await journey.RunAsync(ServerDeath.IsMended, cancellation);
        if (journey.Deaths == 0 && !world.Server.HasEnded)
        {
            // The last points lie behind the state that the visitor waits for: the server is about to reach them.
            await world.Server.EndAsync(cancellation);
        }

        await BooksAgreeAsync(world, card, end, $"{way} at {point} on {database}", cancellation);
        Assert.Equal(way.Split('.')[0], Assert.Single(await world.Books.PaidAsync(cancellation)).Gateway);
    }

    /// <summary>The carrier's books, the gateway's and ours say the same of the only top-up in this world.</summary>
    public static async Task BooksAgreeAsync(World world, string card, TopUpState end, string where, CancellationToken cancellation)
    {
        await CardAgreesAsync(world, card, end, where, cancellation);
        var paid = Assert.Single(await world.Books.PaidAsync(cancellation));
        Assert.Equal((where, end == TopUpState.Refunded ? paid.Amount : 0), (where, paid.Refunded));
        await VerifiedAsync(world, where, cancellation);
    }

    /// <summary>The card's top-up ended as its carrier behaves, and the carrier credited it once or never.</summary>
    public static async Task CardAgreesAsync(World world, string card, TopUpState end, string where, CancellationToken cancellation)
    {
        Assert.Equal((where, card == DemoCard.Refused ? TopUpState.Refunded : TopUpState.Completed), (where, end));
        var credits = await world.Books.CreditsAsync(card, cancellation);
        Assert.Equal((where, end == TopUpState.Completed ? 1 : 0), (where, credits.Count));
    }

    public static async Task VerifiedAsync(World world, string where, CancellationToken cancellation)
    {
        var verified = await world.VerifyAsync(cancellation);
        Assert.True(verified.ExitCode == 0, $"{where}: refill verify says\n{verified.Output}");
    }
}
