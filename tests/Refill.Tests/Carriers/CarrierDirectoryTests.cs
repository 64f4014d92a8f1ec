using Refill.Cards;
using Refill.Carriers;

namespace Refill.Tests.Carriers;

public sealed class CarrierDirectoryTests
{
    private static readonly CardIdentifier Card = new(CardIdentifierKind.Msisdn, "+12015550123");
    private static readonly CardInquiry Found = new CardInquiry.Found("mint", null, null, "9101");
    private static readonly CardInquiry NotFound = new CardInquiry.NotFound();
    private static readonly CardInquiry Silent = new CardInquiry.Unknown("no answer");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Our_own_connector_is_asked_first_and_if_it_knows_the_card_no_other_is_asked()
    {
        var own = new Answering("own", Found, ours: true);
        var other = new Answering("other", Found);

        var answer = await new CarrierDirectory(other, own).AskAsync(Card, Cancellation);

        Assert.Equal(new DirectoryAnswer("own", Found), answer);
        Assert.Equal(0, other.Asked);
    }

    [Fact]
    public async Task What_one_connector_found_wins_over_what_the_others_say()
    {
        var directory = new CarrierDirectory(new Answering("own", NotFound, ours: true), new Answering("a", Silent), new Answering("b", Found));

        Assert.Equal(new DirectoryAnswer("b", Found), await directory.AskAsync(Card, Cancellation));
    }

    [Fact]
    public async Task If_one_could_not_be_asked_the_card_is_unknown_and_not_unknown_to_carriers()
    {
        var directory = new CarrierDirectory(new Answering("own", NotFound, ours: true), new Answering("a", Silent), new Answering("b", NotFound));

        Assert.Equal(new DirectoryAnswer("a", Silent), await directory.AskAsync(Card, Cancellation));
    }

    [Fact]
    public async Task If_all_say_so_the_card_is_not_found()
    {
        var directory = new CarrierDirectory(new Answering("own", NotFound, ours: true), new Answering("a", NotFound));

        Assert.Equal(new DirectoryAnswer(null, NotFound), await directory.AskAsync(Card, Cancellation));
    }

    [Theory]
    [InlineData(CardRefusal.Barred)]
    [InlineData(CardRefusal.NotPrepaid)]
    public async Task What_we_bar_is_barred(CardRefusal reason)
    {
        var barred = new CardInquiry.NotTopUppable("refill-mobile", reason);
        var other = new Answering("other", Found);

        Assert.Equal(new DirectoryAnswer("own", barred), await new CarrierDirectory(new Answering("own", barred, ours: true), other).AskAsync(Card, Cancellation));
        Assert.Equal(0, other.Asked);
    }

    [Fact]
    public async Task A_card_closed_with_us_may_live_on_with_another()
    {
        var closed = new CardInquiry.NotTopUppable("refill-mobile", CardRefusal.Closed);
        var own = new Answering("own", closed, ours: true);

        Assert.Equal("other", (await new CarrierDirectory(own, new Answering("other", Found)).AskAsync(Card, Cancellation)).Connector);
        Assert.Equal(new DirectoryAnswer("own", closed), await new CarrierDirectory(own, new Answering("other", NotFound)).AskAsync(Card, Cancellation));
        Assert.Equal(new DirectoryAnswer("other", Silent), await new CarrierDirectory(own, new Answering("other", Silent)).AskAsync(Card, Cancellation));
    }

    [Fact]
    public async Task The_others_are_asked_at_the_same_time()
    {
        var both = new Barrier(2);
        var directory = new CarrierDirectory(new Answering("a", NotFound) { Meets = both }, new Answering("b", Found) { Meets = both });

        Assert.Equal("b", (await directory.AskAsync(Card, Cancellation)).Connector);
    }

    [Fact]
    public void Connectors_are_found_by_name()
    {
        var own = new Answering("own", Found, ours: true);
        var directory = new CarrierDirectory(own, new Answering("reloadly", Found));

        Assert.Same(own, directory.Find("own"));
        Assert.Null(directory.Find("Own"));
        Assert.Equal(["own", "reloadly"], directory.All.Select(carrier => carrier.Name));
    }

    [Fact]
    public void Two_connectors_of_one_name_are_refused() =>
        Assert.Throws<ArgumentException>(() => new CarrierDirectory(new Answering("a", Found), new Answering("a", NotFound)));

    private sealed class Answering(string name, CardInquiry answer, bool ours = false) : ICarrier
    {
        private int asked;

        public int Asked => asked;

        public Barrier? Meets { get; init; }

        public string Name => name;

        public bool AllowancesInLedger => ours;

        public TimeoutMeaning Timeout => throw new NotSupportedException();

        public async Task<CardInquiry> InquireAsync(CardIdentifier card, CancellationToken cancellation)
        {
            asked++;
            if (Meets is { } barrier)
            {
                await Task.Run(() => barrier.SignalAndWait(cancellation), cancellation);
            }

            return answer;
        }

        public Task<DeliveryOutcome> DeliverAsync(DeliveryOrder order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<DeliveryQuery> QueryAsync(DeliveryOrder order, string? carrierNumber, CancellationToken cancellation) => throw new NotSupportedException();

        public CarrierNotification? Read(RawWebhook notification) => throw new NotSupportedException();
    }
}
