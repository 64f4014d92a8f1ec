using Refill.Bench.TopUps;
using Refill.Ledger;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Bench.Reconciliation;

/// <summary>What the platform's own steps come to, written in bulk: rows of top-ups, payments and histories, transfers with their postings, and accounts, as a ledger would have left them.</summary>
internal sealed class DayBooks(IBulkRows rows, TimeProvider clock)
{
    private readonly Dictionary<Guid, Standing> shared = [];
    private readonly Dictionary<Guid, Standing> own = [];
    private readonly List<NewWork> work = [];

    public TopUp TopUp { get; private set; } = null!;

    public Payment Payment { get; private set; } = null!;

    /// <summary>One step of the top-up under way; a step without one before it begins the next.</summary>
    public async ValueTask TakeAsync(Step step)
    {
        var version = (step.Before?.Version ?? 0) + 1;
        TopUp = step.After with { Version = version };
        await rows.AddAsync(TopUpStepRow.Insert(TopUp.Cell, CellId.New(TopUp.Cell, clock), TopUp.Id, version, step.Before?.State ?? 0, TopUp.State, step.Name, clock.GetUtcNow()), 1);
        foreach (var payment in step.Payments)
        {
            Payment = payment with { Version = payment.Version + 1 };
        }

        foreach (var transfer in step.Transfers)
        {
            await PostAsync(transfer);
        }

        work.AddRange(step.Work);
    }

    /// <summary>The top-up stands as it is now.</summary>
    /// <param name="withWork">It is not over: what is to be done about it stays in the outbox.</param>
    public async ValueTask EndAsync(Guid terms, bool withWork)
    {
        await rows.AddAsync(TopUp.Store(0, terms), TopUp.Version);
        await rows.AddAsync(Payment.Store(0), Payment.Version);
        foreach (var account in own.Values)
        {
            await rows.AddAsync("account", BulkRows.AccountColumns, account.Row);
        }

        foreach (var item in withWork ? work : [])
        {
            await rows.AddAsync(WorkItem.Schedule(TopUp.Cell, item.Kind, item.Subject, item.DueAt, clock), 1);
        }

        own.Clear();
        work.Clear();
    }

    /// <summary>The accounts that all of them posted to.</summary>
    public async ValueTask CloseAsync()
    {
        foreach (var account in shared.Values)
        {
            await rows.AddAsync("account", BulkRows.AccountColumns, account.Row);
        }
    }

    private ValueTask PostAsync(Transfer transfer)
    {
        Span<byte> packed = stackalloc byte[transfer.Postings.Length * PackedPostings.MaxLine];
        var length = 0;
        foreach (var posting in transfer.Postings)
        {
            var accounts = posting.Account.Owner == default ? shared : own;
            if (!accounts.TryGetValue(posting.Account.Id, out var standing))
            {
                accounts[posting.Account.Id] = standing = new Standing(posting.Account);
            }

            length += PackedPostings.Write(packed[length..], standing.Post(posting.Amount, transfer.Id));
        }

        return rows.AddAsync("transfer", BulkRows.TransferColumns, [(short)CellId.CellOf(transfer.Id).Number, transfer.Id, transfer.Kind, transfer.Subject, packed[..length].ToArray()]);
    }
}
