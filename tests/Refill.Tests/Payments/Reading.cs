using Refill.Payments;

namespace Refill.Tests.Payments;

internal static class Reading
{
    /// <summary>Of a gateway that needs no call to read a notification.</summary>
    public static PaymentNotification Read(this IPaymentGateway gateway, RawNotification notification)
    {
        var read = gateway.ReadAsync(notification, CancellationToken.None).AsTask();
        Assert.True(read.IsCompletedSuccessfully);
        return read.GetAwaiter().GetResult();
    }
}
