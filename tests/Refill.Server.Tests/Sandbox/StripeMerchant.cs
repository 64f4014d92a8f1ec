using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Refill.Sandbox.Stripe;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What the sandbox's Stripe answered to one call.</summary>
internal sealed record StripeReply(HttpStatusCode Status, JsonElement Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>A member's text by its path, such as error.code; null if it is not there or null.</summary>
    internal string? this[string path] => path.Split('.').Aggregate((JsonElement?)Body, (within, name) =>
        within is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null)?.ToString();

    internal List<string> Ids => [.. Body.GetProperty("data").EnumerateArray().Select(each => each.GetProperty("id").GetString()!)];
}

/// <summary>A merchant's side of Stripe, written for these tests alone.</summary>
internal sealed partial class StripeMerchant(HttpClient http)
{
    internal const string SecretKey = "sk_test_ofThisTestAndNoOther";
    internal const string WebhookSecret = "whsec_ofThisTest";
    internal const string SuccessUrl = "http://127.0.0.1:9/paid?session={CHECKOUT_SESSION_ID}";
    internal const string CancelUrl = "http://127.0.0.1:9/canceled";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static StripeBooksOptions Options(Uri? webhookUrl) => new(SecretKey, webhookUrl, WebhookSecret);

    internal async Task<StripeReply> SendAsync(HttpMethod method, string path, IEnumerable<(string Name, string Value)>? fields = null, string? key = null, string? secret = SecretKey, string? version = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
        {
            request.Content = new FormUrlEncodedContent((fields ?? []).Select(field => KeyValuePair.Create(field.Name, field.Value)));
        }

        foreach (var (name, value) in new[] { ("Authorization", secret is null ? null : $"Bearer {secret}"), ("Idempotency-Key", key), ("Stripe-Version", version) })
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var answer = await http.SendAsync(request, Cancellation);
        var headers = answer.Headers.ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        return new StripeReply(answer.StatusCode, JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Cancellation)), headers);
    }

    internal Task<StripeReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    internal Task<StripeReply> PostAsync(string path, params (string Name, string Value)[] fields) => SendAsync(HttpMethod.Post, path, fields);

    /// <summary>The usual parameters of a session; what is in `more` replaces them, an empty value takes one away.</summary>
    internal static List<(string Name, string Value)> SessionFields(string order = "order_1", long amount = 1234, params (string Name, string Value)[] more)
    {
        var fields = new Dictionary<string, string>
        {
            ["mode"] = "payment",
            ["success_url"] = SuccessUrl,
            ["cancel_url"] = CancelUrl,
            ["client_reference_id"] = order,
            ["line_items[0][quantity]"] = "1",
            ["line_items[0][price_data][currency]"] = "usd",
            ["line_items[0][price_data][unit_amount]"] = amount.ToString(CultureInfo.InvariantCulture),
            ["line_items[0][price_data][product_data][name]"] = "5 GB for 30 days",
        };
        foreach (var (name, value) in more)
        {
            fields[name] = value;
        }

        return [.. fields.Where(field => field.Value.Length > 0).Select(field => (field.Key, field.Value))];
    }

    internal Task<StripeReply> SessionAsync(string order = "order_1", long amount = 1234, params (string Name, string Value)[] more) =>
        SendAsync(HttpMethod.Post, "/v1/checkout/sessions", SessionFields(order, amount, more));

    /// <summary>A session that a payer has paid on its page; the intent's id.</summary>
    internal async Task<string> PaidAsync(string order = "order_1", long amount = 1234)
    {
        var session = (await SessionAsync(order, amount))["id"];
        await PressAsync($"/stripe/checkout/{session}", "pay");
        return (await GetAsync($"/v1/checkout/sessions/{session}"))["payment_intent"]!;
    }

    /// <summary>A customer who has left a card on the page.</summary>
    internal async Task<(string Customer, string Method)> SavedAsync(string card = "pays")
    {
        var customer = (await PostAsync("/v1/customers", ("email", "someone@example.org")))["id"]!;
        var session = await PostAsync("/v1/checkout/sessions", ("mode", "setup"), ("customer", customer), ("success_url", SuccessUrl));
        var next = await PressAsync(new Uri(session["url"]!).AbsolutePath, "pay", card);
        if (next.AbsolutePath.StartsWith("/stripe/authenticate/", StringComparison.Ordinal))
        {
            await PressAsync(next.AbsolutePath, "approve");
        }

        var setup = (await GetAsync($"/v1/checkout/sessions/{session["id"]}"))["setup_intent"];
        return (customer, (await GetAsync($"/v1/setup_intents/{setup}"))["payment_method"]!);
    }

    /// <summary>Charges a saved card while nobody is there.</summary>
    internal Task<StripeReply> ChargeAsync(string customer, string method, long amount = 1234, string? key = null) => SendAsync(
        HttpMethod.Post, "/v1/payment_intents",
        [
            ("amount", amount.ToString(CultureInfo.InvariantCulture)), ("currency", "usd"), ("customer", customer), ("payment_method", method), ("off_session", "true"), ("confirm", "true"),
            ("metadata[order]", "renewal_1"),
        ],
        key);

    /// <summary>Presses a button of a page's own form and says where the browser is sent.</summary>
    internal async Task<Uri> PressAsync(string page, string action, string card = "pays")
    {
        var html = await http.GetStringAsync(page, Cancellation);
        Assert.Matches($"<button id=\"{action}\" name=\"action\" value=\"{action}\">", html);
        using var body = new FormUrlEncodedContent([new("action", action), new("card", card)]);
        using var answer = await http.PostAsync(FormAddress().Match(html).Groups[1].Value, body, Cancellation);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return new Uri(http.BaseAddress!, answer.Headers.Location!);
    }

    /// <summary>Whether one of the v1 signatures of Stripe-Signature is right.</summary>
    internal static bool IsSigned(Received received, string secret = WebhookSecret)
    {
        var parts = received.Headers["Stripe-Signature"].Split(',').Select(part => part.Split('=', 2)).ToLookup(part => part[0], part => part[1]);
        var text = Encoding.UTF8.GetBytes($"{parts["t"].Single()}.{received.Body}");
        return parts["v1"].Contains(Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), text)));
    }

    [GeneratedRegex("<form method=\"post\" action=\"([^\"]+)\">")]
    private static partial Regex FormAddress();
}
