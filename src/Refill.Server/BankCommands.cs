using System.CommandLine;
using Refill.Reconciliation.Bank;

namespace Refill.Server;

/// <summary>The operator's commands for bank transfers: what has arrived, and what is to go back.</summary>
internal static class BankCommands
{
    private const string NotSetUp = "bank transfers are not set up here: --transfer-account is not given";

    public static Command Bank() => new("bank", "Bank transfers") { Import(), Refunds(), Refunded() };

    private static Command Import()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "camt.053, or CSV as docs/operating.md says" };
        var import = new Command("import", "Import a statement of the account and match what has arrived; may be repeated. Exit code 0 only if every credit is matched") { file };
        import.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            if (provider.GetService<BankStatementImport>() is not { } bank)
            {
                return await Commands.RefuseAsync(parsed, NotSetUp);
            }

            await using var stream = await Commands.OpenAsync(parsed, file);
            if (stream is null)
            {
                return Commands.Misused;
            }

            switch (await bank.ImportAsync(stream, cancellation))
            {
                case BankImportOutcome.Done { Report: var report }:
                    await Commands.Output(parsed).WriteLineAsync($"""
                        {report.Found.Count} credits, {report.New} of them new; {report.Skipped} other entries left out
                          matched           {report.Of(CreditVerdict.Matched),8}
                          goes back         {report.Of(CreditVerdict.GoesBack),8}
                          amount differs    {report.Of(CreditVerdict.AmountDiffers),8}
                          second transfer   {report.Of(CreditVerdict.AlreadyPaid),8}
                          no reference      {report.Of(CreditVerdict.NoReference),8}
                          unknown reference {report.Of(CreditVerdict.UnknownReference),8}
                          unexplained       {report.Of(CreditVerdict.Unexplained),8}
                        """);
                    foreach (var found in report.Found.Where(found => found.Verdict != CreditVerdict.Matched))
                    {
                        await Commands.Output(parsed).WriteLineAsync($"{found.ValueDate:yyyy-MM-dd}  {found.Verdict,-16} {found.Amount}  entry {found.EntryId}");
                    }

                    if (!report.IsClean)
                    {
                        await Commands.Output(parsed).WriteLineAsync("a person is needed: see `discrepancies` and `bank refunds`");
                    }

                    return report.IsClean ? Commands.Fine : Commands.Wrong;
                case BankImportOutcome.Failed failed:
                    return await Commands.RefuseAsync(parsed, $"nothing was imported: {failed.Why}");
                case var outcome:
                    throw new System.Diagnostics.UnreachableException(outcome.GetType().Name);
            }
        }, cancellation));
        return import;
    }

    private static Command Refunds()
    {
        var list = new Command("refunds", "List what is to be transferred back by hand, to the account that the bank's entry came from");
        list.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            if (provider.GetService<BankRefunds>() is not { } refunds)
            {
                return await Commands.RefuseAsync(parsed, NotSetUp);
            }

            var waiting = await refunds.ListAsync(cancellation);
            await Commands.Output(parsed).WriteLineAsync(waiting.Count == 0 ? "nothing is to be transferred back" : $"{waiting.Count} to be transferred back:");
            foreach (var refund in waiting)
            {
                await Commands.Output(parsed).WriteLineAsync($"{refund.Number}  {refund.Amount}  {refund.Reference}  entry {refund.EntryId}  since {refund.Since:u}");
            }

            return Commands.Fine;
        }, cancellation));
        return list;
    }

    private static Command Refunded()
    {
        var number = new Argument<string>("REFUND-NUMBER") { Description = "as `bank refunds` lists it" };
        var done = new Command("refunded", "Say that a refund has been transferred back") { number };
        done.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            if (provider.GetService<BankRefunds>() is not { } refunds)
            {
                return await Commands.RefuseAsync(parsed, NotSetUp);
            }

            switch (await refunds.ConfirmAsync(parsed.GetRequiredValue(number).Trim(), "command " + Environment.UserName, cancellation))
            {
                case BankRefundAnswer.Confirmed:
                    await Commands.Output(parsed).WriteLineAsync("noted; the server tells the top-up");
                    return Commands.Fine;
                case BankRefundAnswer.Known:
                    await Commands.Output(parsed).WriteLineAsync("it had been noted, and is done");
                    return Commands.Fine;
                default:
                    return await Commands.RefuseAsync(parsed, "no bank transfer has a refund of that number");
            }
        }, cancellation));
        return done;
    }
}
