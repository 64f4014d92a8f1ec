using System.CommandLine;
using System.Globalization;
using Refill.Reconciliation;
using Refill.Units;

namespace Refill.Server;

/// <summary>The operator's commands for the books beside the bank's.</summary>
internal static class ReconcileCommands
{
    public static Command Reconcile()
    {
        var gateway = new Option<string>("--gateway") { Description = "alipay, wechatpay or stripe", Required = true };
        var date = new Option<string>("--date") { Description = "the day, yyyy-MM-dd, in the gateway's own time zone", Required = true };
        var command = new Command("reconcile", "Hold a gateway's own statement of a day against our books; may be repeated. Exit code 0 only if nothing differs") { gateway, date };
        command.SetAction((parsed, cancellation) => Commands.WithJourneys(parsed, async provider =>
        {
            if (!DateOnly.TryParseExact(parsed.GetRequiredValue(date), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) || day.Year < 2000)
            {
                return await Commands.RefuseAsync(parsed, "allowed: a day such as 2026-11-25");
            }

            var name = parsed.GetRequiredValue(gateway);
            var reconciler = provider.GetRequiredService<Reconciler>();
            switch (await reconciler.RunAsync(name, day, "command " + Environment.MachineName, cancellation))
            {
                case ReconciliationOutcome.Done { Report: var report }:
                    await Commands.Output(parsed).WriteLineAsync($"""
                        {name} of {report.Day}: {report.Rows} rows
                          agree          {report.Matched,10}
                          only theirs    {report.OnlyTheirs,10}
                          only ours      {report.OnlyOurs,10}
                          amount differs {report.AmountDiffers,10}
                          unexplained    {report.Others,10}
                          taken {Show(report.PaymentsMinor, report)}, given back {Show(report.RefundsMinor, report)}, fees {Show(report.FeesMinor, report)}, paid out {Show(report.SettledMinor, report)}
                        """);
                    foreach (var difference in (await provider.GetRequiredService<ReconciliationBook>().OfDayAsync(name, day, cancellation)).Where(d => d.State == DiscrepancyState.Open))
                    {
                        await Commands.Output(parsed).WriteLineAsync(Line(difference));
                    }

                    if (provider.GetRequiredService<ReconciliationReports>().Find(name, day) is { } file)
                    {
                        await Commands.Output(parsed).WriteLineAsync($"row by row: {file.FullName}");
                    }

                    return report.OnlyTheirs + report.OnlyOurs + report.AmountDiffers + report.Others == 0 ? Commands.Fine : Commands.Wrong;
                case ReconciliationOutcome.Failed failed:
                    return await Commands.RefuseAsync(parsed, failed.Why + (failed.MayPass ? "; try again later" : ""));
                case ReconciliationOutcome.Busy:
                    return await Commands.RefuseAsync(parsed, "this day is being reconciled already; try again in a few minutes");
                default:
                    return await Commands.RefuseAsync(parsed, $"no gateway '{name}' gives statements here; there are: {string.Join(", ", reconciler.Sources.Select(source => source.Name))}");
            }
        }, cancellation));
        return command;
    }

    public static Command Discrepancies()
    {
        var list = new Command("discrepancies", "List what differs between a gateway's statement and our books and waits for a person");
        list.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var open = await provider.GetRequiredService<ReconciliationBook>().OpenAsync(cancellation);
            await Commands.Output(parsed).WriteLineAsync(open.Count == 0 ? "nothing differs" : $"{open.Count} wait for a person:");
            foreach (var difference in open)
            {
                await Commands.Output(parsed).WriteLineAsync(Line(difference));
            }

            return Commands.Fine;
        }, cancellation));

        var id = new Argument<string>("ID") { Description = "as listed" };
        var note = new Option<string>("--note") { Description = $"why it is in order, 1 to {ReconciliationBook.MostNote} characters", Required = true };
        var close = new Command("close", "Write down why a difference is in order") { id, note };
        close.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var text = parsed.GetRequiredValue(note).Trim();
            if (text.Length is 0 or > ReconciliationBook.MostNote || text.Any(char.IsControl) || !CellId.TryParse(parsed.GetRequiredValue(id), out var wanted)
                || !await provider.GetRequiredService<ReconciliationBook>().CloseAsync(wanted, "command " + Environment.UserName, text, cancellation))
            {
                return await Commands.RefuseAsync(parsed, $"there is no such open difference, or the note has not 1 to {ReconciliationBook.MostNote} characters");
            }

            await Commands.Output(parsed).WriteLineAsync("closed");
            return Commands.Fine;
        }, cancellation));
        list.Subcommands.Add(close);
        return list;
    }

    private static string Line(Discrepancy d) =>
        $"{d.Id}  {d.Gateway} {d.Day}  {d.Kind,-13} {d.Subject}  ours {d.Ours?.ToString() ?? "-"}  theirs {d.Theirs?.ToString() ?? "-"}  {d.Text}";

    private static string Show(long minor, ReconciliationRow report) => Currency.Find(report.Currency) is { } currency ? new Money(minor, currency).ToString() : "0";
}
