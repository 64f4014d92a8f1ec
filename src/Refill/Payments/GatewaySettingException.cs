namespace Refill.Payments;

/// <summary>A setting or a key of a gateway that cannot work; the message names it, and holds nothing secret.</summary>
public sealed class GatewaySettingException(string message) : Exception(message);
