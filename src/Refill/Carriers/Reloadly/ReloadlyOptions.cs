namespace Refill.Carriers.Reloadly;

/// <summary>Where Reloadly's Airtime API is and who we are there. Prints neither id nor secrets.</summary>
/// <param name="AuthUrl">Base of the token endpoint, such as https://auth.reloadly.com. HTTP is taken on loopback only.</param>
/// <param name="ApiUrl">Base of the Airtime API, such as https://topups.reloadly.com.</param>
/// <param name="Audience">The product that the token is for: the Airtime API's public address, also when <paramref name="ApiUrl"/> is another.</param>
/// <param name="WebhookSecret">The webhook signing secret of the dashboard, not the client secret; null: webhooks are refused.</param>
/// <param name="Timeout">How long one call may take, its token included.</param>
/// <param name="CarrierCodeOf">Which of their operators we sell: the code of the carrier in our catalogue that has this operator's id as its connector's reference; null if none. Asked anew each time, for catalogues change.</param>
public sealed record ReloadlyOptions(
    Uri AuthUrl,
    Uri ApiUrl,
    string Audience,
    string ClientId,
    string ClientSecret,
    string? WebhookSecret,
    TimeSpan Timeout,
    Func<long, CancellationToken, Task<string?>> CarrierCodeOf)
{
    /// <summary>Top up by /topups-async, which answers at once with a number to ask by; else by /topups, which holds the line until the operator has answered (close to a minute for a slow one).</summary>
    public bool Asynchronous { get; init; } = true;

    /// <summary>
    /// How long a call of ours may still be waiting in their queue, unseen by any query. One that waited for a slow operator has been seen to end after
    /// 52 seconds; ten minutes is beyond any such wait. Set it lower only against an emulator that has no queue: a call repeated too early credits twice.
    /// </summary>
    public TimeSpan InFlightAtMost { get; init; } = TimeSpan.FromMinutes(10);

    public override string ToString() => $"Reloadly at {ApiUrl}";

    /// <exception cref="ArgumentException">A setting that cannot work, by its name.</exception>
    internal ReloadlyOptions Checked()
    {
        foreach (var (name, url) in new[] { (nameof(AuthUrl), AuthUrl), (nameof(ApiUrl), ApiUrl) })
        {
            if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
            {
                throw new ArgumentException($"{name} must be an https address (http is taken on loopback only): {url}");
            }
        }

        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(3))
        {
            throw new ArgumentException($"{nameof(Timeout)} must be 1 second to 3 minutes: {Timeout}");
        }

        if (InFlightAtMost < Timeout || InFlightAtMost > TimeSpan.FromDays(1))
        {
            throw new ArgumentException($"{nameof(InFlightAtMost)} must be {nameof(Timeout)} ({Timeout}) to 1 day: {InFlightAtMost}");
        }

        return this;
    }
}
