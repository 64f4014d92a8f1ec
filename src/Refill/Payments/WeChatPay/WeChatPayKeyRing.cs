using Microsoft.Extensions.Logging;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// The keys that count now. It looks whether they have changed at most every 10 seconds; new ones that cannot work (files of which only the first has been
/// replaced yet) leave the old ones in force, and the log says which it is.
/// </summary>
internal sealed class WeChatPayKeyRing
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    private readonly Func<WeChatPayKeys> read;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock changing = new();
    private WeChatPayKeys seen;
    private WeChatPayKeySet current;
    private long lookedAt;

    /// <exception cref="GatewaySettingException">A key that cannot work, by its name.</exception>
    public WeChatPayKeyRing(Func<WeChatPayKeys> read, TimeProvider time, ILogger log)
    {
        (this.read, this.time, this.log) = (read, time, log);
        seen = read();
        current = WeChatPayKeySet.Load(seen);
        lookedAt = time.GetTimestamp();
    }

    /// <summary>Why the keys that are there now do not count; null: they do.</summary>
    public string? Fault { get; private set; }

    public WeChatPayKeySet Current
    {
        get
        {
            lock (changing)
            {
                if (time.GetElapsedTime(lookedAt) >= Look)
                {
                    lookedAt = time.GetTimestamp();
                    Refresh();
                }

                return current;
            }
        }
    }

    private void Refresh()
    {
        try
        {
            var now = read();
            if (!ReferenceEquals(now, seen))
            {
                // What was in force may still sign or verify in another thread; the collector frees it.
                current = WeChatPayKeySet.Load(now);
                seen = now;
                log.LogInformation("WeChat Pay's keys were read anew");
            }

            Fault = null;
        }
        catch (GatewaySettingException error)
        {
            Fault = error.Message;
            log.LogError("WeChat Pay's new keys do not count, the old ones stay in force: {Why}", Fault);
        }
    }
}
