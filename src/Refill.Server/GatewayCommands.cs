using System.CommandLine;
using Refill.Payments;
using Refill.Reconciliation;

namespace Refill.Server;

/// <summary>Whether the gateways' keys and ids are good.</summary>
internal static class GatewayCommands
{
    public static Command Gateways()
    {
        var check = new Command("check", "Make one harmless call to each payment gateway: says which key or id is wrong, and why; exit code 0 only if all are good");
        check.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            var code = Commands.Fine;
            foreach (var gateway in provider.GetServices<ISelfTest>())
            {
                var wrong = await gateway.CheckAsync(cancellation);
                await Commands.Output(parsed).WriteLineAsync($"{gateway.Name,-10} {wrong ?? "good"}");
                code = wrong is null ? code : Commands.Wrong;
            }

            return code;
        }, cancellation));
        var owed = new Command("owed", "Show what each gateway owes at this moment, by our books");
        owed.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            foreach (var balance in await provider.GetRequiredService<ReconciliationBook>().OwedAsync(provider.GetRequiredService<PaymentGateways>(), cancellation))
            {
                await Commands.Output(parsed).WriteLineAsync($"{balance.Gateway,-10} {balance.Owed}{(balance.GoingBack.Minor == 0 ? "" : $", of which {balance.GoingBack} is going back")}");
            }

            return Commands.Fine;
        }, cancellation));
        return new Command("gateways", "Payment gateways") { check, owed };
    }
}
