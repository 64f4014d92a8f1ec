using System.Security.Cryptography;
using System.Text;
using Refill.Ledger;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Reconciliation;

/// <summary>
/// Books what a statement says that our own doing cannot know: what the gateway keeps as its fee, and what it has paid out. Both make less of what it owes us (`clearing/…`); `fees/…` and `settlement/…` of the day say how much of it was
/// which. A day that is reconciled again is posted only by what has changed, so repeating changes nothing.
/// </summary>
internal sealed class StatementPostings(GeneralLedger ledger, TimeProvider time)
{
    /// <summary>One cell for what belongs to no card. What a gateway owes is the sum over all cells.</summary>
    public static readonly Cell Cell = new(0);

    /// <param name="run">This run of the reconciliation: what it has posted it does not post again.</param>
    public async Task PostAsync(DayTally tally, Guid run, CancellationToken cancellation)
    {
        await ReachAsync("fees", "gateway-fees", tally, run, tally.Fees, cancellation);
        await ReachAsync("settlement", "gateway-settled", tally, run, tally.Settled, cancellation);
    }

    /// <summary>The account of a gateway's day: minus what of it went into fees, or was paid out.</summary>
    public static Account Of(string purpose, string gateway, DateOnly day, Currency currency) =>
        Account.For(Cell, $"{purpose}/{gateway}", currency.Unit, DayId(gateway, day));

    private async Task ReachAsync(string purpose, string kind, DayTally tally, Guid run, long wanted, CancellationToken cancellation)
    {
        var account = Of(purpose, tally.Gateway, tally.Day, tally.Currency);
        var posted = -await ledger.BalanceAsync(account, cancellation);
        if (posted == wanted)
        {
            return;
        }

        var key = $"{tally.Gateway}:{Reconciler.Text(tally.Day)}:{purpose}:{posted}:{wanted}:{run:N}";
        var transfer = new Transfer(
            CellId.New(Cell, time), kind, DayId(tally.Gateway, tally.Day),
            [new(PaymentAccounts.Clearing(Cell, tally.Gateway, tally.Currency), wanted - posted), new(account, posted - wanted)]);
        var outcome = await ledger.CommitAsync(new Commit(Cell) { Key = new IdempotencyKey("reconcile", key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(key))]), Transfers = [transfer] }, cancellation);
        if (outcome is not (CommitOutcome.Committed or CommitOutcome.Replayed))
        {
            throw new InvalidOperationException($"{kind} of {key} were refused: {outcome}");
        }
    }

    private static Guid DayId(string gateway, DateOnly day)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"reconciliation {gateway} {Reconciler.Text(day)}"))[..16];
        bytes[^1] = Cell.Number;
        return new Guid(bytes, bigEndian: true);
    }
}
