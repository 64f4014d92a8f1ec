using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Refill.Browser.Tests;

/// <summary>One credit in the sandbox carrier's own books.</summary>
public sealed record Credit(string Number, string CustomIdentifier, string Status);

/// <summary>One trade in a sandbox gateway's own books; amounts in minor units of the gateway's currency.</summary>
public sealed record Trade(string Gateway, string Order, bool IsPaid, long Amount, long Refunded, int Refunds);

/// <summary>What the other side wrote down: the truth about credits and payments, which the server cannot colour. And its faults, to be switched.</summary>
public sealed class Books(Uri sandboxUrl) : IDisposable
{
    private readonly HttpClient client = new() { BaseAddress = sandboxUrl, Timeout = TimeSpan.FromSeconds(20) };

    public void Dispose() => client.Dispose();

    /// <summary>The real credits of a number at the sandbox carrier.</summary>
    public async Task<IReadOnlyList<Credit>> CreditsAsync(string number, CancellationToken cancellation)
    {
        var rows = await client.GetFromJsonAsync<JsonElement[]>($"control/books/reloadly/credits?number={Uri.EscapeDataString(number)}", cancellation);
        return [.. rows!.Select(row => new Credit(Text(row, "number"), Text(row, "customIdentifier"), Text(row, "status")))];
    }

    /// <summary>All trades at the sandbox's gateways; at Stripe, where a session is no trade yet, all charges.</summary>
    public async Task<IReadOnlyList<Trade>> TradesAsync(CancellationToken cancellation)
    {
        var alipay = await RowsAsync("alipay/trades", cancellation);
        var weChatPay = await RowsAsync("wechatpay/trades", cancellation);
        var stripe = await RowsAsync("stripe/charges", cancellation);
        return
        [
            .. alipay.Select(row => Trade("alipay", row, refund => true, status => status is "TRADE_SUCCESS" or "TRADE_FINISHED")),
            .. weChatPay.Select(row => Trade("wechatpay", row, refund => Text(refund, "status") == "SUCCESS", status => status is "SUCCESS" or "REFUND")),
            .. stripe.Select(row => new Trade("stripe", Text(row, "order"), true, row.GetProperty("amount").GetInt64(), row.GetProperty("refunded").GetInt64(), row.GetProperty("refunds").GetArrayLength())),
        ];
    }

    /// <summary>Money came, whether or not it has gone back since.</summary>
    public async Task<IReadOnlyList<Trade>> PaidAsync(CancellationToken cancellation) => [.. (await TradesAsync(cancellation)).Where(trade => trade.IsPaid)];

    /// <summary>Sends the last notification of an order again.</summary>
    public Task NotifyAgainAsync(string order, CancellationToken cancellation) => PostAsync("control/alipay/renotify", new { order }, cancellation);

    /// <summary>Switches a fault on.</summary>
    /// <param name="fault">As the sandbox's control wants it: target, point, match, fault, seconds, times.</param>
    public Task SetFaultAsync(object fault, CancellationToken cancellation) => PostAsync("control/faults", fault, cancellation);

    private async Task<JsonElement[]> RowsAsync(string book, CancellationToken cancellation) =>
        (await client.GetFromJsonAsync<JsonElement[]>("control/books/" + book, cancellation))!;

    private static Trade Trade(string gateway, JsonElement row, Func<JsonElement, bool> isDone, Func<string, bool> isPaid)
    {
        var refunds = row.GetProperty("refunds").EnumerateArray().Where(isDone).ToList();
        return new Trade(gateway, Text(row, "order"), isPaid(Text(row, "status")) || refunds.Count > 0, Fen(row.GetProperty("amount")), refunds.Sum(refund => Fen(refund.GetProperty("amount"))), refunds.Count);
    }

    private async Task PostAsync(string path, object body, CancellationToken cancellation)
    {
        using var answer = await client.PostAsJsonAsync(path, body, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString() ?? "";

    /// <summary>Amounts are texts with two decimal places, or JSON numbers.</summary>
    private static long Fen(JsonElement amount) =>
        (long)(decimal.Parse(amount.ToString(), NumberStyles.Number, CultureInfo.InvariantCulture) * 100);
}
