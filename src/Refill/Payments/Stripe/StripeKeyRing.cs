using Microsoft.Extensions.Logging;

namespace Refill.Payments.Stripe;

/// <summary>
/// The keys as two files hold them. They are read again when a file has changed, so that a key is rotated without a restart: put the new signing secret on a
/// line beside the old one, roll it at Stripe, take the old line out. A file that cannot be used changes nothing, and the log says so.
/// </summary>
public sealed class StripeKeyRing
{
    private const int MaxFile = 8 * 1024;
    private static readonly TimeSpan LeastBetweenLooks = TimeSpan.FromSeconds(10);

    private readonly string secretKeyFile;
    private readonly string webhookSecretsFile;
    private readonly TimeProvider time;
    private readonly ILogger<StripeKeyRing> log;
    private readonly Lock gate = new();
    private StripeKeys keys;
    private (DateTime, long)[] written;
    private long lookedAt;

    /// <param name="secretKeyFile">One line; empty ones and those that begin with # do not count.</param>
    /// <param name="webhookSecretsFile">One signing secret a line.</param>
    /// <exception cref="GatewaySettingException">A file or a key that cannot work.</exception>
    public StripeKeyRing(string secretKeyFile, string webhookSecretsFile, TimeProvider time, ILogger<StripeKeyRing> log)
    {
        (this.secretKeyFile, this.webhookSecretsFile, this.time, this.log) = (secretKeyFile, webhookSecretsFile, time, log);
        (written, lookedAt) = (FileStamps.Of([secretKeyFile, webhookSecretsFile]), time.GetTimestamp());
        keys = Read();
    }

    /// <summary>The keys that count now; the files are looked at once in ten seconds at most.</summary>
    public StripeKeys Keys()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(lookedAt) < LeastBetweenLooks)
            {
                return keys;
            }

            lookedAt = time.GetTimestamp();
            var now = FileStamps.Of([secretKeyFile, webhookSecretsFile]);
            if (now.AsSpan().SequenceEqual(written))
            {
                return keys;
            }

            written = now; // Before they are read: what is written meanwhile is read next time.
            try
            {
                keys = Read();
                log.LogInformation("Stripe's keys have been read again: {Mode} key, {Count} signing secrets", keys.Mode, keys.WebhookSecrets.Count);
            }
            catch (GatewaySettingException unfit)
            {
                log.LogError("Stripe's keys cannot be read or used; those before stay: {Why}", unfit.Message);
            }

            return keys;
        }
    }

    private StripeKeys Read()
    {
        var secret = Lines(secretKeyFile, "Stripe's secret key");
        if (secret.Length != 1)
        {
            throw new GatewaySettingException($"the file of Stripe's secret key must hold one line, not {secret.Length}");
        }

        var read = new StripeKeys(secret[0], Lines(webhookSecretsFile, "the signing secrets of Stripe's webhook"));
        read.Check();
        return read;
    }

    private static string[] Lines(string file, string what)
    {
        try
        {
            return new FileInfo(file).Length > MaxFile
                ? throw new GatewaySettingException($"the file of {what} is longer than {MaxFile} bytes")
                : [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GatewaySettingException($"the file of {what} cannot be read ({error.GetType().Name})");
        }
    }
}
