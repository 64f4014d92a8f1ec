using Microsoft.Extensions.Logging;

namespace Refill.Payments.Alipay;

/// <summary>
/// The keys as their files hold them, read again when a file has changed: a key is rotated without a restart. In key mode Alipay's public key before the last change counts
/// beside the new one until the next change or restart. What cannot be used changes nothing, and the log says so.
/// </summary>
public sealed class AlipayKeyRing
{
    private static readonly TimeSpan LeastBetweenLooks = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastBetweenDownloads = TimeSpan.FromMinutes(1);

    private readonly Func<AlipayOptions> read;
    private readonly IReadOnlyList<string> files;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private AlipayKeys keys;
    private (DateTime, long)[] written;
    private long lookedAt;
    private long? downloadedForAnswer;
    private long? downloadedForStranger;

    /// <param name="read">Makes the options anew, from the files.</param>
    /// <param name="files">What it reads; looked at once in ten seconds at most. Empty: the keys never change.</param>
    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name; so at the start only.</exception>
    public AlipayKeyRing(Func<AlipayOptions> read, IReadOnlyList<string> files, TimeProvider time, ILogger<AlipayKeyRing> log)
        : this(read, files, time, (ILogger)log)
    {
    }

    private AlipayKeyRing(Func<AlipayOptions> read, IReadOnlyList<string> files, TimeProvider time, ILogger log)
    {
        (this.read, this.files, this.time, this.log) = (read, files, time, log);
        (written, lookedAt) = (FileStamps.Of(files), time.GetTimestamp());
        keys = read().Load(time.GetUtcNow());
    }

    /// <summary>One download of a certificate at a time.</summary>
    internal SemaphoreSlim Downloading { get; } = new(1, 1);

    /// <summary>Keys that never change.</summary>
    internal static AlipayKeyRing Of(AlipayOptions options, TimeProvider time, ILogger log) => new(() => options, [], time, log);

    /// <summary>The keys that count now. Never throws.</summary>
    internal AlipayKeys Keys()
    {
        lock (gate)
        {
            if (files.Count == 0 || time.GetElapsedTime(lookedAt) < LeastBetweenLooks)
            {
                return keys;
            }

            lookedAt = time.GetTimestamp();
            try
            {
                var now = FileStamps.Of(files);
                if (now.AsSpan().SequenceEqual(written))
                {
                    return keys;
                }

                written = now; // Before they are read: what is written meanwhile is read next time.
                keys = read().Load(time.GetUtcNow()).After(keys);
                log.LogInformation("Alipay's keys have been read again: {Mode}", keys.Trust is null ? $"key mode, {keys.Theirs.Count} public keys count" : "certificate mode");
            }
            catch (GatewaySettingException unfit)
            {
                log.LogError("Alipay's keys have changed and cannot be used; those before stay: {Why}", unfit.Message);
            }
#pragma warning disable CA1031 // Whatever the supplier does (a file that is gone, a broken setting), sales go on with the keys that are there; its message could hold anything.
            catch (Exception error)
#pragma warning restore CA1031
            {
                log.LogError("Alipay's keys have changed and cannot be read; those before stay: {Error}", error.GetType().Name);
            }

            return keys;
        }
    }

    /// <summary>Whether a certificate may be asked for now: once a minute for Alipay's answers, once a minute for what strangers post, so that these cannot use up those.</summary>
    internal bool MayDownload(bool forStranger)
    {
        lock (gate)
        {
            ref var last = ref forStranger ? ref downloadedForStranger : ref downloadedForAnswer;
            if (last is { } at && time.GetElapsedTime(at) < LeastBetweenDownloads)
            {
                return false;
            }

            last = time.GetTimestamp();
            return true;
        }
    }
}
