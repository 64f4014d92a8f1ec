using Refill.Bench.Ledger;

// Measures; asserts nothing about speed. What is asserted is that the work was really done: the audit at the end of each database.
return args switch
{
    ["ledger", .. var rest] => await LedgerBench.RunAsync(rest, Console.Out),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(LedgerBenchOptions.Usage);
    return 2;
}
