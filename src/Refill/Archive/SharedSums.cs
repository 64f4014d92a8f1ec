using System.Runtime.InteropServices;
using Refill.Ledger;
using Refill.Units;

namespace Refill.Archive;

/// <summary>
/// What the transfers of an archive came to on accounts that are not of one top-up alone: wallets, revenue, clearing. They are kept in the database beside the file's name, so that the balances of these accounts can be
/// checked while a file lies in a cold store. The accounts of one top-up need no such thing: its transfers all stand in one file.
/// </summary>
internal sealed class SharedSums
{
    private readonly Dictionary<Guid, Delta> sums;

    public SharedSums() => sums = [];

    public SharedSums(byte[] packed) => sums = Tallies.Sum([packed]);

    public byte[] Packed => Tallies.Pack(sums.Values);

    /// <param name="topUp">The top-up of the file that it is about; null: it is about none.</param>
    public void Add(ArchiveLine.Transfer transfer, Guid? topUp) => Add(transfer, topUp, 1);

    public void Remove(ArchiveLine.Transfer transfer, Guid? topUp) => Add(transfer, topUp, -1);

    private void Add(ArchiveLine.Transfer transfer, Guid? topUp, int times)
    {
        foreach (var posting in transfer.Postings)
        {
            if (topUp is not { } owner || !IsOwn(posting.Account, owner))
            {
                ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, posting.Account, out _);
                sum = new Delta(posting.Account, checked(sum.Amount + (times * posting.Amount)), sum.Postings + times);
            }
        }
    }

    /// <summary>An owner's account has its owner's time, and a top-up's accounts are of its cell (AccountIds).</summary>
    private static bool IsOwn(Guid account, Guid topUp) => CellId.TimeBits(account) == CellId.TimeBits(topUp) && CellId.CellOf(account) == CellId.CellOf(topUp);
}
