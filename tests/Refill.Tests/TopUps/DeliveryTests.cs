using Refill.Cards;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Tests.TopUps;

public sealed class DeliveryOnSqliteTests : DeliveryTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class DeliveryOnPostgresTests : DeliveryTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>What may come between the carrier's answer and our writing it down.</summary>
public abstract class DeliveryTests
{
    protected abstract DatabaseKind Kind { get; }

    [Fact]
    public async Task A_card_that_is_looked_up_while_it_is_topped_up_is_completed_at_once_and_keeps_both_news()
    {
        await using var scene = await Scene.NewAsync(Kind);
        var topUp = await scene.QuoteAsync();
        scene.Carrier.Meanwhile = () => scene.Cards.RememberAsync(new CardIdentifier(CardIdentifierKind.Msisdn, "+12015550123"), "mint", "test", "another reference", null, null, default);
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        await scene.NotifyAsync(order);

        await scene.DueAsync();

        var card = await scene.Cards.FindAsync(topUp.Card, TestContext.Current.CancellationToken);
        Assert.Equal((TopUpState.Completed, "5GB", "another reference", 1), ((await scene.NowAsync(topUp)).State, card!.CurrentPlan, card.Reference, scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }
}
