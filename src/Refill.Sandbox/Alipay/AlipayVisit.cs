using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>One verified call, when it came, and what is to go wrong with it.</summary>
/// <param name="Host">The sandbox as the caller knows it, such as http://127.0.0.1:5081.</param>
internal sealed record AlipayVisit(AlipayCall Call, Fault? Fault, DateTimeOffset Now, string Host)
{
    internal bool Has(FaultKind kind) => Fault?.Kind == kind;
}

/// <summary>Everybody's buyer.</summary>
internal static class SandboxBuyer
{
    internal const string Id = "2088000000000006";
    internal const string Logon = "san***@sandbox.invalid";
}
