using Refill.Cards;
using Refill.Carriers;
using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.TopUps;

/// <summary>A gateway that keeps books of its own and does what a test tells it.</summary>
internal sealed class ScriptedGateway : IPaymentGateway
{
    private readonly Dictionary<string, Order> orders = [];

    public string Name => "alipay";

    public Currency Currency => Currency.Cny;

    public IReadOnlyList<PaymentWay> Ways { get; } = [PaymentWay.Page, PaymentWay.Wap, PaymentWay.Qr, PaymentWay.Barcode];

    public IReadOnlyList<Uri> PayerOrigins => [];

    /// <summary>The next calls that get no answer, though what they ask for is done.</summary>
    public int LostAnswers { get; set; }

    public Money? PretendAmount { get; set; }

    public string? PretendCurrency { get; set; }

    public Func<RefundStatus>? Refunds { get; set; }

    public int RefundCalls { get; private set; }

    public IEnumerable<string> Orders => orders.Keys;

    public Money Refunded(string order) => Money.Cny(orders[order].Refunds.Values.Sum());

    public bool IsPaid(string order) => orders[order].IsPaid;

    /// <summary>As the payer: false if the order is closed.</summary>
    public bool Pay(string order)
    {
        var one = orders[order];
        one.IsPaid |= !one.IsClosed;
        return one.IsPaid;
    }

    /// <summary>Paid although it was closed: a gateway that breaks its word.</summary>
    public void PretendPaid(string order) => orders[order].IsPaid = true;

    /// <summary>As the seller, in the gateway's own console.</summary>
    public void RefundByHand(string order) => orders[order].Refunds["by hand"] = orders[order].Amount.Minor;

    public Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation)
    {
        if (orders.TryGetValue(order.OrderNumber, out var known) && known.Amount != order.Amount)
        {
            throw new InvalidOperationException("the same order with other parameters");
        }

        orders.TryAdd(order.OrderNumber, new Order(order.Amount));
        return Task.FromResult<PaymentStart>(Lost() ? new PaymentStart.Unknown("lost")
            : order.Way == PaymentWay.Barcode ? new PaymentStart.Submitted()
            : order.Way == PaymentWay.Qr ? new PaymentStart.ShowCode("https://qr.example/" + order.OrderNumber) : new PaymentStart.Redirect(new Uri("https://pay.example/" + order.OrderNumber)));
    }

    public Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation) =>
        Task.FromResult(Lost() ? new PaymentStatus.Unknown("lost") : Status(payment.OrderNumber));

    public PaymentStatus Status(string orderNumber) => !orders.TryGetValue(orderNumber, out var order) ? new PaymentStatus.NotFound()
        : order.IsPaid ? PretendCurrency is { } currency ? new PaymentStatus.WrongCurrency("T" + orderNumber, currency)
            : new PaymentStatus.Paid("T" + orderNumber, PretendAmount ?? order.Amount, null, Money.Cny(order.Refunds.Values.Sum()))
        : order.IsClosed ? new PaymentStatus.Closed() : new PaymentStatus.Waiting();

    public Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation)
    {
        if (!orders.TryGetValue(payment.OrderNumber, out var order))
        {
            return Task.FromResult<PaymentClose>(new PaymentClose.NotFound());
        }

        order.IsClosed |= !order.IsPaid;
        return Task.FromResult<PaymentClose>(Lost() ? new PaymentClose.Unknown("lost") : order.IsPaid ? new PaymentClose.AlreadyPaid() : new PaymentClose.Closed());
    }

    public Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        RefundCalls++;
        if (Refunds is { } scripted)
        {
            return Task.FromResult(scripted());
        }

        var order = orders[refund.OrderNumber];
        order.Refunds.TryAdd(refund.RefundNumber, refund.Amount.Minor);
        if (order.Refunds.Values.Sum() > (PretendAmount ?? order.Amount).Minor)
        {
            throw new InvalidOperationException("refunded more than was paid");
        }

        return Task.FromResult<RefundStatus>(Lost() ? new RefundStatus.Unknown("lost") : new RefundStatus.Refunded());
    }

    public Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation) => Task.FromResult<RefundStatus>(
        Lost() ? new RefundStatus.Unknown("lost") : orders[refund.OrderNumber].Refunds.ContainsKey(refund.RefundNumber) ? new RefundStatus.Refunded() : new RefundStatus.NotFound());

    public ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation)
    {
        var order = System.Text.Encoding.UTF8.GetString(notification.Body.Span);
        return ValueTask.FromResult<PaymentNotification>(
            order.StartsWith("forged", StringComparison.Ordinal) ? new PaymentNotification.Refused("forged") : new PaymentNotification.Genuine(order, Status(order)));
    }

    public NotificationReply Reply(bool accepted) => new(accepted ? 200 : 400, "text/plain", accepted ? "success" : "failure");

    private bool Lost()
    {
        if (LostAnswers == 0)
        {
            return false;
        }

        LostAnswers--;
        return true;
    }

    private sealed class Order(Money amount)
    {
        public Money Amount => amount;

        public bool IsPaid { get; set; }

        public bool IsClosed { get; set; }

        public Dictionary<string, long> Refunds { get; } = [];
    }
}

/// <summary>A carrier that counts its credits itself and answers as a test tells it.</summary>
internal sealed class ScriptedCarrier : ICarrier
{
    private readonly HashSet<Guid> refused = [];

    public string Name => "test";

    public bool AllowancesInLedger { get; set; }

    public TimeoutMeaning Timeout { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5), "silence is unknown");

    /// <summary>What became of each id: how often it was credited.</summary>
    public Dictionary<Guid, int> Credits { get; } = [];

    public int Calls { get; private set; }

    public Queue<string> Script { get; } = new();

    public bool Dumb { get; set; }

    /// <summary>What happens elsewhere while the carrier is being called.</summary>
    public Func<Task>? Meanwhile { get; set; }

    /// <summary>What happens elsewhere while the carrier is being asked what became of a call; once.</summary>
    public Func<Task>? MeanwhileAsked { get; set; }

    public Task<CardInquiry> InquireAsync(CardIdentifier card, CancellationToken cancellation) =>
        Task.FromResult<CardInquiry>(new CardInquiry.Found("mint", null, null, "ref"));

    public async Task<DeliveryOutcome> DeliverAsync(DeliveryOrder order, CancellationToken cancellation)
    {
        Calls++;
        await (Meanwhile?.Invoke() ?? Task.CompletedTask);
        return (Script.Count > 0 ? Script.Dequeue() : "accept") switch
        {
            "refuse" => Refuse(order.Id),
            "not-sent" => new DeliveryOutcome.Unknown("no connection") { NothingSent = true },
            "lost-before" => new DeliveryOutcome.Unknown("timeout"),
            "lost-after" => Credit(order.Id, new DeliveryOutcome.Unknown("timeout")),
            "pending" => Credit(order.Id, new DeliveryOutcome.Pending("4711")),
            "throw" => throw new InvalidOperationException("a defect of ours"),
            _ => Credit(order.Id, new DeliveryOutcome.Accepted("CR-1", Money.Usd(1200))),
        };
    }

    public async Task<DeliveryQuery> QueryAsync(DeliveryOrder order, string? carrierNumber, CancellationToken cancellation)
    {
        DeliveryQuery answer = Dumb ? new DeliveryQuery.Known(new DeliveryOutcome.Unknown("still silent"))
            : Credits.ContainsKey(order.Id) ? new DeliveryQuery.Known(new DeliveryOutcome.Accepted("CR-1", null))
            : refused.Contains(order.Id) ? new DeliveryQuery.Known(new DeliveryOutcome.Rejected(DeliveryRefusal.CardRefused, "refused"))
            : new DeliveryQuery.NotFound();
        var meanwhile = MeanwhileAsked;
        MeanwhileAsked = null;
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        return answer;
    }

    public CarrierNotification? Read(RawWebhook notification) => null;

    private DeliveryOutcome.Rejected Refuse(Guid id)
    {
        refused.Add(id);
        return new DeliveryOutcome.Rejected(DeliveryRefusal.CardRefused, "refused");
    }

    private DeliveryOutcome Credit(Guid id, DeliveryOutcome answer)
    {
        // The same id credits once, however often it is sent.
        Credits[id] = 1;
        return answer;
    }
}
