using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// WeChat Pay's own certificates, kept in memory: fetched at first need, every day, and when one is needed that is not known (failure case 12), but at most
/// once a minute. Old and new count side by side for as long as WeChat Pay lists both and both are in their time (case 13).
/// </summary>
internal sealed class WeChatPayCertificates(WeChatPayWire wire, WeChatPayOptions options, WeChatPayKeyRing keys, TimeProvider time, ILogger log) : IDisposable
{
    public const string Path = "/v3/certificates";
    private const int MaxCertificates = 20;
    private const int LeastKeyBits = 2048;

    /// <summary>WeChat Pay's rule: never slower than two days.</summary>
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromHours(24);

    private static readonly TimeSpan LeastBetweenTries = TimeSpan.FromMinutes(1);

    /// <summary>While there is none at all, no answer can be believed.</summary>
    private static readonly TimeSpan LeastBetweenFirstTries = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim oneAtATime = new(1);
    private volatile FrozenDictionary<string, Platform> held = FrozenDictionary<string, Platform>.Empty;
    private long? triedAt;
    private long? soughtAt;
    private long? fetchedAt;

    public void Dispose() => oneAtATime.Dispose();

    /// <summary>The key of a serial number (or of a public key's id), if it counts now; else null and why not.</summary>
    public async ValueTask<(RSA? Key, string? Why)> FindAsync(string serial, CancellationToken cancellation)
    {
        if (keys.Current.PublicKeys.TryGetValue(serial, out var known))
        {
            return (known, null);
        }

        if (serial.StartsWith(WeChatPayKeySet.PublicKeyPrefix, StringComparison.Ordinal))
        {
            return (null, "it is signed by a public key that we do not hold");
        }

        var name = WeChatPayKeySet.SerialText(serial);
        if (!held.ContainsKey(name) || IsOld)
        {
            await RefreshAsync(name, cancellation);
        }

        if (!held.TryGetValue(name, out var platform))
        {
            return (null, "it is signed by a certificate that WeChat Pay does not list");
        }

        return IsInTime(platform.Certificate) ? (platform.Key, null) : (null, "it is signed by a certificate that is not valid now");
    }

    /// <summary>Fetches them now, whenever that was done last. Null: they are in force; else what is wrong, for a person.</summary>
    public async Task<WeChatPayRefusal?> FetchAsync(CancellationToken cancellation)
    {
        triedAt = time.GetTimestamp();
        var received = await wire.SendAsync(HttpMethod.Get, Path, null, cancellation);
        if (received.Silence is not null || received.Status != 200)
        {
            return WeChatPayRefusal.Of(received);
        }

        if (Read(received, out var why) is not { } fresh)
        {
            return new WeChatPayRefusal(received, null, why);
        }

        held = fresh;
        fetchedAt = time.GetTimestamp();
        log.LogInformation("WeChat Pay lists {Count} certificates", fresh.Count);
        return null;
    }

    private bool IsOld => fetchedAt is not { } at || time.GetElapsedTime(at) >= RefreshEvery;

    private async Task RefreshAsync(string name, CancellationToken cancellation)
    {
        await oneAtATime.WaitAsync(cancellation);
        try
        {
            // Who waited here finds what the one before has fetched.
            if (held.ContainsKey(name) && !IsOld)
            {
                return;
            }

            // A list that is fresh and does not name the serial is asked for again, but for strangers' serials no more than once a minute.
            var isSought = held.Count > 0 && !IsOld;
            var least = held.Count == 0 && keys.Current.AskFor is null ? LeastBetweenFirstTries : LeastBetweenTries;
            if ((isSought ? soughtAt : triedAt) is { } last && time.GetElapsedTime(last) < least)
            {
                return;
            }

            soughtAt = isSought ? time.GetTimestamp() : soughtAt;
            if (await FetchAsync(cancellation) is { } refusal)
            {
                log.LogError("WeChat Pay's certificates could not be fetched: {Why}", refusal.Fault);
            }
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private FrozenDictionary<string, Platform>? Read(WeChatPayReceived received, out string? why)
    {
        var fresh = new Dictionary<string, Platform>(StringComparer.Ordinal);
        if (WeChatPayJson.Read(received.Body)?.Member("data") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > MaxCertificates)
        {
            why = "the list of WeChat Pay's certificates cannot be read";
            return null;
        }

        foreach (var entry in list.EnumerateArray())
        {
            if (entry.Member("encrypt_certificate") is not { } box || WeChatPaySeal.Open(keys.Current.ApiV3Keys, box) is not { } plain)
            {
                why = "the APIv3 key does not open WeChat Pay's certificates: it is not the one that is set on the merchant platform";
                return null;
            }

            if (Certificate(plain) is { } certificate && certificate.GetRSAPublicKey() is { KeySize: >= LeastKeyBits } key && LeadsToRoots(certificate))
            {
                fresh[WeChatPayKeySet.SerialText(certificate.SerialNumber)] = new Platform(certificate, key);
            }
        }

        // The very first list vouches for itself: its seal is one that only WeChat Pay and we can make, and roots are asked if they are named.
        why = fresh.Count == 0 ? "none of WeChat Pay's certificates leads to the roots that are named, in its time" : Fault(received, fresh);
        return why is null ? fresh.ToFrozenDictionary(StringComparer.Ordinal) : null;
    }

    private string? Fault(WeChatPayReceived received, Dictionary<string, Platform> fresh)
    {
        if (received.Mark.Fault(time.GetUtcNow()) is { } fault)
        {
            return $"the list of WeChat Pay's certificates is not believed: {fault}";
        }

        var text = WeChatPaySignature.Answer(received.Mark.Seconds!, received.Mark.Nonce!, received.Body.Span);
        if (keys.Current.PublicKeys.TryGetValue(received.Mark.Serial!, out var known))
        {
            return WeChatPaySignature.Verify(known, text, received.Mark.Signature!) ? null : "the public key of WeChat Pay that is set does not verify its answer";
        }

        var serial = WeChatPayKeySet.SerialText(received.Mark.Serial!);
        var signer = fresh.GetValueOrDefault(serial) ?? held.GetValueOrDefault(serial);
        return signer is not null && WeChatPaySignature.Verify(signer.Key, text, received.Mark.Signature!) ? null : "the list of WeChat Pay's certificates is not signed by one of them";
    }

    private static X509Certificate2? Certificate(byte[] plain)
    {
        try
        {
            return X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(plain));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private bool IsInTime(X509Certificate2 certificate)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return certificate.NotBefore.ToUniversalTime() <= now && now <= certificate.NotAfter.ToUniversalTime();
    }

    private bool LeadsToRoots(X509Certificate2 certificate)
    {
        if (options.PlatformRootsPem is null)
        {
            return true;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;

        // A new certificate is listed before its time begins, so that the change is no surprise: its time is looked at when it is used.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        foreach (var one in options.Roots())
        {
            (one.SubjectName.RawData.AsSpan().SequenceEqual(one.IssuerName.RawData) ? chain.ChainPolicy.CustomTrustStore : chain.ChainPolicy.ExtraStore).Add(one);
        }

        return chain.Build(certificate);
    }

    /// <summary>What is no longer listed may still verify in another thread; the collector frees it.</summary>
    private sealed record Platform(X509Certificate2 Certificate, RSA Key);
}
