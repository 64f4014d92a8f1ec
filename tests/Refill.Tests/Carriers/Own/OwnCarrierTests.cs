using Microsoft.Extensions.Time.Testing;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Own;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Carriers.Own;

public sealed class OwnCarrierTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider time = new(Start);
    private readonly string folder = Directory.CreateTempSubdirectory("refill-own-").FullName;
    private TestDatabase test = null!;
    private GeneralLedger ledger = null!;
    private CardBook book = null!;
    private OwnCarrier carrier = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        ledger = new GeneralLedger(test.Database);
        book = new CardBook(test.Database, ledger, CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: true), time);
        carrier = new OwnCarrier(book);
        await new DemoCards(book, time).LoadAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await ledger.DisposeAsync();
        await test.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_card_is_found_by_number_and_by_ICCID_with_its_plan_and_when_it_ends()
    {
        var found = new CardInquiry.Found("refill-mobile", "Month 10 GB", Start.AddDays(21), "refill-mobile");

        Assert.Equal(found, await carrier.InquireAsync(Typed("(201) 555-0123"), Cancellation));
        Assert.Equal(found, await carrier.InquireAsync(Typed("8901 9990 0000 0001 234"), Cancellation));
    }

    [Fact]
    public async Task The_other_demo_card_ends_in_two_days()
    {
        var found = Assert.IsType<CardInquiry.Found>(await carrier.InquireAsync(Typed(DemoCards.AboutToExpire.Iccid), Cancellation));

        Assert.Equal(Start.AddDays(2), found.ExpiresAt);
        Assert.Equal(found, await carrier.InquireAsync(Typed(DemoCards.AboutToExpire.Number), Cancellation));
    }

    [Theory]
    [InlineData("8901999000000001234")]
    [InlineData("8901999000000001457")]
    public void A_demo_ICCID_is_of_19_digits_of_the_US_and_of_no_issuer(string iccid)
    {
        Assert.Contains(iccid, new[] { DemoCards.Healthy.Iccid, DemoCards.AboutToExpire.Iccid });
        Assert.Equal(19, iccid.Length);
        Assert.StartsWith("8901999", iccid, StringComparison.Ordinal);
        Assert.True(Luhn.IsValid(iccid));
    }

    [Fact]
    public async Task A_demo_that_is_loaded_again_leaves_its_cards_as_they_have_become()
    {
        var card = (await book.FindAsync(Typed(DemoCards.Healthy.Number), Cancellation))!;
        await CommitAsync(card, CardBook.PlanStarted(card, "Week 3 GB", Start.AddDays(7), Start));
        time.Advance(TimeSpan.FromDays(1));

        await new DemoCards(book, time).LoadAsync(Cancellation);

        var found = Assert.IsType<CardInquiry.Found>(await carrier.InquireAsync(Typed(DemoCards.Healthy.Iccid), Cancellation));
        Assert.Equal(("Week 3 GB", Start.AddDays(7)), (found.CurrentPlan, found.ExpiresAt));
    }

    [Fact]
    public async Task A_card_that_nobody_has_heard_of_is_not_found() =>
        Assert.IsType<CardInquiry.NotFound>(await carrier.InquireAsync(Typed("+12015550124"), Cancellation));

    [Fact]
    public async Task A_card_of_another_connector_is_neither_found_nor_credited()
    {
        var card = await book.RememberAsync(Typed("+12015550170"), "tello", "reloadly", "9108", null, null, Cancellation);

        Assert.IsType<CardInquiry.NotFound>(await carrier.InquireAsync(card.FirstIdentifier, Cancellation));
        Assert.Equal(DeliveryRefusal.CardRefused, Assert.IsType<DeliveryOutcome.Rejected>(await carrier.DeliverAsync(Order(card), Cancellation)).Reason);
    }

    [Theory]
    [InlineData(CardStatus.Barred, CardRefusal.Barred)]
    [InlineData(CardStatus.Closed, CardRefusal.Closed)]
    public async Task A_barred_or_closed_card_cannot_be_topped_up_until_it_is_opened_again(CardStatus status, CardRefusal refusal)
    {
        var card = (await book.FindAsync(Typed(DemoCards.Healthy.Number), Cancellation))!;
        var order = Order(card);
        Assert.IsType<DeliveryOutcome.Accepted>(await carrier.DeliverAsync(order, Cancellation));
        await CommitAsync(card, CardBook.StatusChanged(card, status));

        Assert.Equal(new CardInquiry.NotTopUppable("refill-mobile", refusal), await carrier.InquireAsync(card.FirstIdentifier, Cancellation));
        Assert.Equal(DeliveryRefusal.CardRefused, Assert.IsType<DeliveryOutcome.Rejected>(await carrier.DeliverAsync(order, Cancellation)).Reason);
        var known = Assert.IsType<DeliveryQuery.Known>(await carrier.QueryAsync(order, null, Cancellation));
        Assert.IsType<DeliveryOutcome.Rejected>(known.Outcome);

        var barred = (await book.GetAsync(card.Id, Cancellation))!;
        await CommitAsync(barred, CardBook.StatusChanged(barred, CardStatus.Active));
        Assert.IsType<DeliveryOutcome.Accepted>(await carrier.DeliverAsync(order, Cancellation));
    }

    [Fact]
    public async Task A_credit_has_the_same_reference_however_often_it_is_asked_and_another_credit_another()
    {
        var card = (await book.FindAsync(Typed(DemoCards.Healthy.Number), Cancellation))!;
        var (order, other) = (Order(card), Order(card));

        var accepted = Assert.IsType<DeliveryOutcome.Accepted>(await carrier.DeliverAsync(order, Cancellation));

        Assert.Equal(accepted, await carrier.DeliverAsync(order, Cancellation));
        Assert.Equal(new DeliveryQuery.Known(accepted), await carrier.QueryAsync(order, accepted.CarrierReference, Cancellation));
        Assert.NotEqual(accepted, await carrier.DeliverAsync(other, Cancellation));
        Assert.DoesNotContain(CellId.ToText(order.Id), accepted.CarrierReference, StringComparison.Ordinal);
        Assert.Matches("^RM-[0-9A-HJKMNP-TV-Z]{12}$", accepted.CarrierReference);
    }

    [Fact]
    public async Task A_card_that_is_gone_is_rejected()
    {
        var nobody = new DeliveryOrder(CellId.New(new Cell(1), time), CellId.New(new Cell(1), time), Typed("+12015550124"), "refill-mobile", "month", Money.Usd(2000));

        Assert.IsType<DeliveryOutcome.Rejected>(await carrier.DeliverAsync(nobody, Cancellation));
    }

    [Fact]
    public void It_has_no_webhook_and_keeps_its_allowances_in_our_ledger()
    {
        Assert.Null(carrier.Read(new RawWebhook("/inbound/carriers/own", new Dictionary<string, string>(), default)));
        Assert.True(carrier.AllowancesInLedger);
        Assert.Equal("own", carrier.Name);
    }

    private static CardIdentifier Typed(string text) => CardRecognition.Recognize(text).Identifier!.Value;

    private DeliveryOrder Order(CardRecord card) =>
        new(CellId.New(CellId.CellOf(card.Id), time), card.Id, card.FirstIdentifier, card.Reference, "month", Money.Usd(2000));

    private async Task CommitAsync(CardRecord card, RowChange change) =>
        Assert.IsType<CommitOutcome.Committed>(await ledger.CommitAsync(new Commit(CellId.CellOf(card.Id)) { Rows = [change] }, Cancellation));
}
