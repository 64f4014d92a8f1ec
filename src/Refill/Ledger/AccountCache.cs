using System.Diagnostics.CodeAnalysis;

namespace Refill.Ledger;

/// <summary>An account as it stood after this committer's last commit.</summary>
internal readonly record struct RememberedAccount(Account Account, long Balance, long Postings, Guid Last);

/// <summary>
/// What a committer remembers of the accounts that it has just written, so that it need not read them again. It is never believed without proof: an account is written only if its count of
/// postings is still the remembered one (compare-and-set), and a refusal for want of money is decided anew from the database. Not for use by several threads.
/// </summary>
internal sealed class AccountCache
{
    /// <summary>About 10 MB. Then it begins anew.</summary>
    private const int MaxAccounts = 64 * 1024;

    private readonly Dictionary<Guid, RememberedAccount> accounts = [];

    public bool TryGet(Guid id, [MaybeNullWhen(false)] out RememberedAccount account) => accounts.TryGetValue(id, out account);

    /// <summary>After the group is durable. An account that was opened in it for somebody (a top-up's allowance) is seldom posted to again soon, and is not kept.</summary>
    public void Keep(Group group)
    {
        if (accounts.Count > MaxAccounts)
        {
            accounts.Clear();
        }

        foreach (var draft in group.Accounts)
        {
            if (draft.IsStored || (draft.IsChanged && draft.Account.Owner == default))
            {
                accounts[draft.Account.Id] = new RememberedAccount(draft.Account, draft.Balance, draft.Postings, draft.Last);
            }
        }
    }

    /// <summary>After anything that went wrong.</summary>
    public void Clear() => accounts.Clear();
}
