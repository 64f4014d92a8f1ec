namespace Refill.Payments;

/// <summary>A gateway that can say, without moving money, whether its keys and ids are good.</summary>
public interface ISelfTest
{
    /// <summary>As the gateway's name.</summary>
    string Name { get; }

    /// <summary>One harmless call. Null: all is well; else which key or id is wrong and why, without showing it.</summary>
    Task<string?> CheckAsync(CancellationToken cancellation);
}

/// <summary>A gateway that asks within its own app who the payer is, before a payment there can be started (WeChat's openid).</summary>
public interface IPayerAccounts
{
    /// <summary>Where the browser goes to be asked; it comes back to <paramref name="callback"/> with a code and with <paramref name="state"/>.</summary>
    Uri AuthoriseAddress(Uri callback, string state);

    /// <summary>Who the payer is to the gateway; null: the code is not good, or there is no answer.</summary>
    Task<string?> AccountAsync(string code, CancellationToken cancellation);
}
