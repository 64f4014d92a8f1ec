using System.Collections.Frozen;

namespace Refill.Payments;

/// <summary>The gateways that are set up, by name.</summary>
public sealed class PaymentGateways(IEnumerable<IPaymentGateway> gateways)
{
    private readonly FrozenDictionary<string, IPaymentGateway> byName = gateways.ToFrozenDictionary(gateway => gateway.Name);

    public IReadOnlyCollection<IPaymentGateway> All => byName.Values;

    public IPaymentGateway? Find(string name) => byName.GetValueOrDefault(name);

    /// <exception cref="InvalidOperationException">A payment names a gateway that is no longer set up.</exception>
    public IPaymentGateway Get(string name) =>
        Find(name) ?? throw new InvalidOperationException($"the gateway '{name}' is not set up, but a payment needs it");
}
