using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Refill.Browser.Tests;

/// <summary>One credit in the sandbox carrier's own books.</summary>
public sealed record Credit(string Number, string CustomIdentifier, string Status);

/// <summary>One trade in the sandbox gateway's own books; amounts in fen.</summary>
public sealed record Trade(string Order, string Status, long Amount, long Refunded, int Refunds)
{
    /// <summary>Money came, whether or not it has gone back since.</summary>
    public bool IsPaid => Status is "TRADE_SUCCESS" or "TRADE_FINISHED" || Refunds > 0;
}

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

    /// <summary>All trades at the sandbox gateway.</summary>
    public async Task<IReadOnlyList<Trade>> TradesAsync(CancellationToken cancellation)
    {
        var rows = await client.GetFromJsonAsync<JsonElement[]>("control/books/alipay/trades", cancellation);
        return [.. rows!.Select(row => new Trade(
            Text(row, "order"),
            Text(row, "status"),
            Fen(row.GetProperty("amount")),
            row.GetProperty("refunds").EnumerateArray().Sum(refund => Fen(refund.GetProperty("amount"))),
            row.GetProperty("refunds").GetArrayLength()))];
    }

    /// <summary>Sends the last notification of an order again.</summary>
    public Task NotifyAgainAsync(string order, CancellationToken cancellation) => PostAsync("control/alipay/renotify", new { order }, cancellation);

    /// <summary>Switches a fault on.</summary>
    /// <param name="fault">As the sandbox's control wants it: target, point, match, fault, seconds, times.</param>
    public Task SetFaultAsync(object fault, CancellationToken cancellation) => PostAsync("control/faults", fault, cancellation);

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
