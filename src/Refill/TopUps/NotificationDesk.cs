using System.Diagnostics;
using Refill.Carriers;
using Refill.Payments;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>What gateways and carriers tell us: a reason to book, or to ask. It is idempotent, and nothing rests on it (failure case 5).</summary>
public sealed class NotificationDesk
{
    private readonly TopUpStore store;
    private readonly PaymentWatch watch;
    private readonly PaymentGateways gateways;
    private readonly CarrierDirectory carriers;

    internal NotificationDesk(TopUpStore store, PaymentWatch watch, PaymentGateways gateways, CarrierDirectory carriers) =>
        (this.store, this.watch, this.gateways, this.carriers) = (store, watch, gateways, carriers);

    /// <summary>A gateway's notification: verified, looked into, and answered. Idempotent. Null: there is no such gateway.</summary>
    public async Task<NotificationReply?> NotifyAsync(string gatewayName, RawNotification raw, CancellationToken cancellation)
    {
        if (gateways.Find(gatewayName) is not { } gateway)
        {
            return null;
        }

        var notification = await gateway.ReadAsync(raw, cancellation);
        TopUpMetrics.Called(gateway.Name, "notification", notification);
        CrashPoint.Reach(CrashPoint.NotificationReceived);
        switch (notification)
        {
            case PaymentNotification.Ignored:
                return gateway.Reply(true);
            case PaymentNotification.Refused:
                return gateway.Reply(false);
            case PaymentNotification.AboutRefund refund:
                if (await FindAsync(gateway, refund.OrderNumber, cancellation) is { } goingBack)
                {
                    await HurryRefundsAsync(goingBack, cancellation);
                }

                return gateway.Reply(true);
            case PaymentNotification.Genuine genuine:
                return gateway.Reply(await FindAsync(gateway, genuine.OrderNumber, cancellation) is { } payment && await HearAsync(payment, genuine.Status, cancellation));
            default:
                throw new UnreachableException(notification.GetType().Name);
        }
    }

    /// <summary>A carrier's webhook: a reason to ask sooner. Null: there is no such connector, or it has no webhook.</summary>
    public async Task<CarrierNotification?> NotifyDeliveryAsync(string connector, RawWebhook raw, CancellationToken cancellation)
    {
        var notification = carriers.Find(connector)?.Read(raw);
        if (notification is CarrierNotification.Genuine genuine)
        {
            if (await store.LoadAsync(genuine.DeliveryId, cancellation) is null)
            {
                // Another installation's, with the same account: work about it could only end before a person.
                return new CarrierNotification.Refused("about no top-up of this installation");
            }

            await store.HurryAsync(genuine.DeliveryId, TopUpSteps.DeliverWork, cancellation);
        }

        return notification;
    }

    /// <summary>The payment of this number at this gateway.</summary>
    private async Task<Payment?> FindAsync(IPaymentGateway gateway, string orderNumber, CancellationToken cancellation) =>
        Payment.TryParseOrderNumber(orderNumber, out var id) && await store.LoadPaymentAsync(id, cancellation) is { } payment && payment.Gateway == gateway.Name ? payment : null;

    /// <summary>The one that goes by itself, and those by hand that are still under way.</summary>
    private async Task HurryRefundsAsync(Payment payment, CancellationToken cancellation)
    {
        if (payment.State == PaymentState.Refunding)
        {
            await store.HurryAsync(payment.Id, TopUpSteps.RefundWork, cancellation);
        }

        if (payment.RefundsAsked > 0)
        {
            foreach (var refund in (await store.LoadRefundsAsync(payment.TopUpId, cancellation)).Where(refund => refund.PaymentId == payment.Id && refund.State == RefundState.Requested))
            {
                await store.HurryAsync(refund.Id, RefundSteps.PartWork, cancellation);
            }
        }
    }

    private async Task<bool> HearAsync(Payment payment, PaymentStatus status, CancellationToken cancellation)
    {
        if (status is PaymentStatus.Paid paid && paid.Amount == payment.Amount)
        {
            // Told before (failure case 1): there is nothing that a second look could decide otherwise.
            if (payment.State is PaymentState.Open or PaymentState.Closed)
            {
                await watch.BookAsync(payment, status, null, cancellation);
            }

            return true;
        }

        // Signed, but not what was asked for (failure cases 6 and 8): not believed before the gateway has said it again when asked.
        if (status is PaymentStatus.Paid or PaymentStatus.WrongCurrency)
        {
            await store.HurryAsync(payment.Id, TopUpSteps.PaymentWork, cancellation);
            return false;
        }

        // Genuine, and it does not say enough: the gateway is asked.
        if (status is PaymentStatus.Unknown && payment.State is PaymentState.Open)
        {
            await store.HurryAsync(payment.Id, TopUpSteps.PaymentWork, cancellation);
        }

        return true;
    }
}
