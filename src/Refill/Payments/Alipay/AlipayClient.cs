using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Refill.Payments.Alipay;

/// <summary>Alipay's gateway v2 on the wire (payments-protocols, 1A): signs what is asked, and believes an answer only if its signature holds.</summary>
/// <param name="http">Follows no redirects, has no time limit of its own.</param>
internal sealed class AlipayClient(HttpClient http, AlipayKeyRing ring, TimeProvider time, ILogger log)
{
    private const int MaxAnswer = 1024 * 1024;
    private const string DownloadMethod = "alipay.open.app.alipaycert.download";

    // Chinese subjects stay readable; nothing here is ever put into HTML.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public HttpClient Http => http;

    public AlipayOptions Options => ring.Keys().Options;

    /// <summary>A signed address for a browser.</summary>
    /// <param name="content">Texts, and dictionaries of them.</param>
    public Uri Address(string method, Dictionary<string, object> content, Uri returnUrl)
    {
        var keys = ring.Keys();
        var parameters = Parameters(keys, method, content, keys.Options.NotifyUrl);
        parameters["return_url"] = returnUrl.ToString();
        parameters["sign"] = AlipaySignature.Sign(keys.Ours, AlipaySignature.TextOf(parameters));
        return new Uri($"{keys.Options.GatewayUrl}?{string.Join('&', parameters.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"))}");
    }

    /// <param name="notifyUrl">Where Alipay is to post what becomes of it; null for calls that nothing comes of.</param>
    public async Task<AlipayCall> CallAsync(string method, Dictionary<string, object> content, Uri? notifyUrl, CancellationToken cancellation)
    {
        var keys = ring.Keys();
        if (keys.Trust?.WhyAppNotNow(time.GetUtcNow()) is { } expired)
        {
            return Silent(method, expired);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(keys.Options.Timeout);
        try
        {
            var (body, silence) = await SendAsync(keys, method, content, notifyUrl, limit.Token);
            if (body is null)
            {
                return Silent(method, silence!);
            }

            if (AlipayAnswer.Cut(body, Root(method)) is not { } cut)
            {
                return Silent(method, "an answer without the expected root, or with two");
            }

            if (await WhyForgedAsync(keys, key => AlipaySignature.Verify(key, body.AsSpan(cut.Value), cut.Sign), cut.Certificate, forStranger: false, limit.Token) is { } forged)
            {
                return Silent(method, cut.Sign is null ? "an answer without a signature" : $"an answer that is not proven: {forged}") with { Unproven = AlipayAnswer.Parse(body.AsSpan(cut.Value)) };
            }

            return AlipayAnswer.Parse(body.AsSpan(cut.Value)) is { } value ? new AlipayCall(value, null) : Silent(method, "an answer that is no JSON object");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Silent(method, "no answer in time");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return Silent(method, $"no answer: {error.GetType().Name}");
        }
    }

    /// <summary>Whether what a stranger posted is signed by Alipay; null: it is.</summary>
    public async ValueTask<string?> WhyForgedAsync(Func<RSA, bool> holds, string? certificateNumber, CancellationToken cancellation)
    {
        var keys = ring.Keys();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(keys.Options.Timeout);
        try
        {
            return await WhyForgedAsync(keys, holds, certificateNumber, forStranger: true, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return "its certificate could not be fetched in time";
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return $"its certificate could not be fetched: {error.GetType().Name}";
        }
    }

    private async ValueTask<string?> WhyForgedAsync(AlipayKeys keys, Func<RSA, bool> holds, string? number, bool forStranger, CancellationToken cancellation)
    {
        const string Broken = "the signature does not hold";
        if (keys.Trust is not { } trust)
        {
            return keys.Theirs.Any(holds) ? null : Broken;
        }

        if (string.IsNullOrEmpty(number))
        {
            var reasons = trust.Known.Select(known => known.WhyNotNow(time.GetUtcNow()) ?? (holds(known.Key) ? null : Broken)).ToList();
            return reasons.Contains(null) ? null : reasons[0];
        }

        if (trust.Find(number) is null && await WhyNotFetchedAsync(keys, trust, number, forStranger, cancellation) is { } missing)
        {
            return missing;
        }

        return trust.Find(number) is not { } certificate ? "a certificate that is not known" : certificate.WhyNotNow(time.GetUtcNow()) ?? (holds(certificate.Key) ? null : Broken);
    }

    /// <summary>Failure case 12: an unknown certificate is asked for once, and believed if it leads to the root file. Null: it is known now.</summary>
    private async Task<string?> WhyNotFetchedAsync(AlipayKeys keys, AlipayTrust trust, string number, bool forStranger, CancellationToken cancellation)
    {
        if (!AlipayCertificateNumber.IsOne(number))
        {
            return "a certificate number that is none";
        }

        await ring.Downloading.WaitAsync(cancellation);
        try
        {
            if (trust.Find(number) is not null)
            {
                return null; // Another answer has brought it meanwhile.
            }

            if (!ring.MayDownload(forStranger))
            {
                return "a certificate that is not known, and one was asked for less than a minute ago";
            }

            var (certificate, why) = await FetchAsync(keys, trust, number, cancellation);
            if (certificate is null)
            {
                log.LogError("Alipay signs with a certificate that is not known and cannot be had: {Why}", why);
                return why;
            }

            trust.Add(certificate);
            log.LogInformation("Alipay's certificate {Number}, good until {Until}, leads to the root file and counts from now on", number, certificate.Until);
            return null;
        }
        finally
        {
            ring.Downloading.Release();
        }
    }

    private async Task<(AlipayCertificate? Certificate, string? Why)> FetchAsync(AlipayKeys keys, AlipayTrust trust, string number, CancellationToken cancellation)
    {
        var (body, silence) = await SendAsync(keys, DownloadMethod, new() { ["alipay_cert_sn"] = number }, null, cancellation);
        if (body is null || AlipayAnswer.Cut(body, Root(DownloadMethod)) is not { } cut || AlipayAnswer.Parse(body.AsSpan(cut.Value)) is not { } value)
        {
            return (null, silence ?? "an answer without a certificate");
        }

        var answer = new AlipayCall(value, null);
        if (answer.Code != "10000")
        {
            return (null, $"Alipay does not give the certificate: {answer.Refusal}");
        }

        var (certificate, why) = trust.Check(number, answer.Text("alipay_cert_content"), time.GetUtcNow());
        if (certificate is null)
        {
            return (null, why);
        }

        // The answer may be signed with the very key that it brings: the chain to the root file has shown whose that is.
        var keysOfAnswer = cut.Certificate == number ? [certificate.Key] : trust.Known.Where(known => cut.Certificate is null || known.Number == cut.Certificate).Select(known => known.Key);
        return keysOfAnswer.Any(key => AlipaySignature.Verify(key, body.AsSpan(cut.Value), cut.Sign)) ? (certificate, null) : (null, "an answer with a certificate whose signature does not hold");
    }

    private async Task<(byte[]? Body, string? Silence)> SendAsync(AlipayKeys keys, string method, Dictionary<string, object> content, Uri? notifyUrl, CancellationToken limit)
    {
        var parameters = Parameters(keys, method, content, notifyUrl);
        parameters["sign"] = AlipaySignature.Sign(keys.Ours, AlipaySignature.TextOf(parameters));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{keys.Options.GatewayUrl}?charset=utf-8") { Content = new FormUrlEncodedContent(parameters) };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit);
        if ((int)response.StatusCode != 200)
        {
            return (null, $"HTTP status {(int)response.StatusCode}");
        }

        await response.Content.LoadIntoBufferAsync(MaxAnswer, limit); // A longer one is an HttpRequestException.
        return (await response.Content.ReadAsByteArrayAsync(limit), null);
    }

    private SortedDictionary<string, string> Parameters(AlipayKeys keys, string method, Dictionary<string, object> content, Uri? notifyUrl)
    {
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["app_id"] = keys.Options.AppId,
            ["biz_content"] = JsonSerializer.Serialize(content, Json),
            ["charset"] = "utf-8",
            ["format"] = "JSON",
            ["method"] = method,
            ["sign_type"] = "RSA2",
            ["timestamp"] = AlipayTime.Format(time.GetUtcNow()),
            ["version"] = "1.0",
        };
        if (notifyUrl is not null)
        {
            parameters["notify_url"] = notifyUrl.ToString();
        }

        if (keys.Trust is { } trust)
        {
            parameters["app_cert_sn"] = trust.AppNumber;
            parameters["alipay_root_cert_sn"] = trust.RootNumber;
        }

        return parameters;
    }

    private static string Root(string method) => method.Replace('.', '_') + "_response";

    private AlipayCall Silent(string method, string why)
    {
        log.LogWarning("Alipay {Method}: {Why}", method, why);
        return new AlipayCall(default, why);
    }
}
