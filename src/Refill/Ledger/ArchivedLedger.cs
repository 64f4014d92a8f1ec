namespace Refill.Ledger;

/// <summary>A transfer that has left the database.</summary>
/// <param name="Postings">As PackedPostings has them.</param>
internal readonly record struct ArchivedTransfer(Guid Id, byte[] Postings);

/// <summary>What archives hold, for the audit: beside the database's.</summary>
/// <param name="Transfers">Those of the archives at hand that are not in the database (any more); from the first one again with each call, in any order.</param>
/// <param name="NotAtHand">Null: all archives are at hand.</param>
internal sealed record ArchivedLedger(Func<CancellationToken, IAsyncEnumerable<ArchivedTransfer>> Transfers, NotAtHand? NotAtHand)
{
    public static readonly ArchivedLedger None = new(_ => AsyncEnumerable.Empty<ArchivedTransfer>(), null);
}

/// <summary>What an account was before a posting.</summary>
/// <param name="Sequence">Of the posting before; 0: there was none.</param>
/// <param name="Balance">After it.</param>
internal readonly record struct Beginning(long Sequence, long Balance, Guid Transfer);

/// <summary>What the postings at hand lack of an account.</summary>
/// <param name="Beginning">Where those at hand begin.</param>
/// <param name="IsChain">They are to be one chain from there to the account's end.</param>
internal readonly record struct Elsewhere(long Amount, long Postings, Beginning Beginning, bool IsChain);

/// <summary>
/// Archives whose files lie elsewhere, or are not what they were. Of an account that several things post to, the database knows what is in them. Of one that belongs to a single top-up it does not, but all of that top-up's
/// transfers stand together: its account is wholly in there, or begins where the oldest posting at hand says.
/// </summary>
/// <param name="Sums">By account.</param>
/// <param name="Before">Nothing in them has this id or a greater one.</param>
internal sealed record NotAtHand(IReadOnlyDictionary<Guid, Delta> Sums, Guid Before)
{
    /// <param name="postings">How many the account has, the newest in <paramref name="last"/>, and its <paramref name="balance"/> after it.</param>
    /// <param name="atHand">How many of them are at hand.</param>
    /// <param name="first">What the account was before the oldest of these.</param>
    public Elsewhere Of(Guid id, bool hasFloor, long balance, long postings, Guid last, long atHand, Beginning first)
    {
        if (Sums.TryGetValue(id, out var sum) && sum.Postings > 0)
        {
            // Postings of top-ups that stayed may lie between those that left: then there is no one chain, only balance and count.
            var isChain = atHand > 0 && first.Sequence + atHand == postings;
            return new Elsewhere(sum.Amount, sum.Postings, isChain ? first : default, isChain);
        }

        return (hasFloor, atHand) switch
        {
            (true, 0) when last.CompareTo(Before) < 0 => new Elsewhere(balance, postings, default, IsChain: false),
            (true, > 0) when first.Sequence > 0 && first.Transfer.CompareTo(Before) < 0 => new Elsewhere(first.Balance, first.Sequence, first, IsChain: true),
            _ => new Elsewhere(0, 0, default, IsChain: true),
        };
    }
}
