using System.CommandLine;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server;

/// <summary>Money given back at a person's word.</summary>
internal static class RefundCommands
{
    public static Command Refund()
    {
        var code = new Argument<string>("ORDER-CODE") { Description = "as it stands on the receipt" };
        var amount = new Option<string?>("--amount") { Description = "in the currency that was paid, such as 20.00; all that is left if not given" };
        var reason = new Option<string>("--reason") { Description = $"why, for whoever reads the books; 1 to {TopUps.Refund.MaxReason} characters; the payer may see it", Required = true };
        var ask = new Command("refund", "Give back what was paid for a top-up that was delivered, or a part of it, to where it came from") { code, amount, reason };
        ask.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            var desk = provider.GetRequiredService<RefundDesk>();
            var text = parsed.GetRequiredValue(reason).Trim();
            if (text.Length is 0 or > TopUps.Refund.MaxReason || text.Any(char.IsControl))
            {
                return await Commands.RefuseAsync(parsed, $"a reason has 1 to {TopUps.Refund.MaxReason} characters");
            }

            // Every currency that is paid in has two minor digits (Currency).
            long? minor = null;
            if (parsed.GetValue(amount) is { } given)
            {
                if (!Money.TryParseDecimal(given, Currency.Usd, out var money) || money.Minor <= 0)
                {
                    return await Commands.RefuseAsync(parsed, "allowed: an amount of at least 0.01 with at most two decimals");
                }

                minor = money.Minor;
            }

            if (await provider.GetRequiredService<TopUpDesk>().FindAsync(parsed.GetRequiredValue(code), cancellation) is not { } topUpId)
            {
                return await Commands.RefuseAsync(parsed, "there is no top-up of this order code in the database");
            }

            switch (await desk.AskAsync(topUpId, minor, text, "command " + Environment.UserName, cancellation))
            {
                case RefundAnswer.Asked asked:
                    await Commands.Output(parsed).WriteLineAsync($"reserved: {asked.Refund.Amount} go back by {asked.Gateway} under {asked.Refund.Number}; the running server sends them");
                    return Commands.Fine;
                case RefundAnswer.Refused refused:
                    return await Commands.RefuseAsync(parsed, refused.Problem switch
                    {
                        RefundProblem.NotDelivered => "the top-up is not completed: while the carrier's answer is not known nothing is given back, and what was never delivered goes back by itself",
                        RefundProblem.NotPaid => "nothing was paid for this top-up, or all of it has gone back",
                        RefundProblem.MoreThanWasPaid => "that is more than is left of what was paid",
                        RefundProblem.TooMany => $"a payment takes at most {TopUps.Refund.MostOfOnePayment} refunds",
                        _ => "it was paid from a wallet: `refill wallet credit` gives it back",
                    });
                default:
                    return await Commands.RefuseAsync(parsed, "there is no such top-up");
            }
        }, cancellation));

        var list = new Command("list", "List what was given back of a top-up by hand") { code };
        list.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            var desk = provider.GetRequiredService<RefundDesk>();
            var refunds = await provider.GetRequiredService<TopUpDesk>().FindAsync(parsed.GetRequiredValue(code), cancellation) is { } topUpId ? await desk.OfAsync(topUpId, cancellation) : [];
            await Commands.Output(parsed).WriteLineAsync(refunds.Count == 0 ? "nothing" : string.Join('\n', refunds.Select(r => $"{CellId.ToText(r.Id)}  {r.RequestedAt:u}  {r.Amount,14}  {r.State,-11} {r.Number}  {r.AskedBy}: {r.Reason}")));
            return Commands.Fine;
        }, cancellation));

        var id = new Argument<string>("ID") { Description = "as listed" };
        var withdraw = new Command("withdraw", "Give up a refund that the gateway has refused: what was reserved for it is earned again") { id };
        withdraw.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            if (!CellId.TryParse(parsed.GetRequiredValue(id), out var refundId) || !await provider.GetRequiredService<RefundDesk>().WithdrawAsync(refundId, cancellation))
            {
                return await Commands.RefuseAsync(parsed, "there is no refund of this id that the gateway has refused");
            }

            await Commands.Output(parsed).WriteLineAsync("withdrawn");
            return Commands.Fine;
        }, cancellation));
        ask.Subcommands.Add(list);
        ask.Subcommands.Add(withdraw);
        return ask;
    }
}
