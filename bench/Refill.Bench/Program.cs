using Refill.Bench.Advice;
using Refill.Bench.Ledger;
using Refill.Bench.Notifications;
using Refill.Bench.Parts;
using Refill.Bench.Quotes;
using Refill.Bench.Reconciliation;
using Refill.Bench.TopUps;

// Measures; asserts nothing about speed. What is asserted is that the work was really done: the audit at the end of each database.
return args switch
{
    ["ledger", .. var rest] => await LedgerBench.RunAsync(rest, Console.Out),
    ["topups", .. var rest] => await TopUpsBench.RunAsync(rest, Console.Out),
    ["notifications", .. var rest] => await NotificationsBench.RunAsync(rest, Console.Out),
    ["reconcile", .. var rest] => await ReconcileBench.RunAsync(rest, Console.Out),
    ["parts", .. var rest] => OrderParts.Run(rest),
    ["quotes"] => QuotesBench.Run(Console.Out),
    ["advice", .. var rest] => await AdviceBench.RunAsync(rest),

    // Processes of their own, started by `topups`.
    ["load"] => await HttpLoad.RunAsync(Console.In, Console.Out),
    ["kestrel", var port] => await BareKestrel.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine($"{LedgerBenchOptions.Usage}\n\n{TopUpsOptions.Usage}\n\n{NotificationsOptions.Usage}\n\n{ReconcileOptions.Usage}");
    return 2;
}
