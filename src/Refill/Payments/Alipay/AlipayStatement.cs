using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Refill.Payments.Alipay.Bills;

namespace Refill.Payments.Alipay;

/// <summary>
/// What Alipay says of a day, for reconciliation: its bill of trades, and of its bill of the account the money that left to the bank. A bill is fetched by an address that
/// lives for 30 seconds, kept in a file without a name, and read row by row: a million rows take no more memory than a thousand.
/// </summary>
/// <param name="http">Follows no redirects, has no time limit of its own; may be the gateway's.</param>
/// <param name="ring">The gateway's.</param>
public sealed class AlipayStatement(HttpClient http, AlipayKeyRing ring, TimeProvider time, ILogger<AlipayStatement> log) : IStatementSource
{
    /// <summary>Alipay makes them by about nine in the morning (payments-protocols, 1A).</summary>
    private static readonly TimeOnly Ready = new(9, 30);

    private readonly AlipayClient client = new(http, ring, time, log);

    public string Name => AlipayGateway.GatewayName;

    public string TimeZone => AlipayTime.Zone;

    /// <summary>Whether the bill of the account (signcustomer) is read, too. Its columns can be chosen at Alipay; with others than the default ones it cannot be read, and this turns it off.</summary>
    public bool WithWithdrawals { get; init; } = true;

    internal BillLimits Limits { get; init; } = BillLimits.Default;

    public DateTimeOffset ReadyAt(DateOnly day) => AlipayTime.At(day.AddDays(1), Ready);

    public async IAsyncEnumerable<StatementRow> ReadAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (time.GetUtcNow() < ReadyAt(day))
        {
            throw new StatementException($"Alipay's bill of {AlipayTime.Format(day)} is not ready yet") { MayPass = true };
        }

        if (await OpenAsync("trade", day, cancellation) is { } trades)
        {
            await using (trades)
            {
                await foreach (var row in TradeBill.ReadAsync(trades, client.Options.SellerId, day, cancellation))
                {
                    yield return row;
                }
            }
        }

        if (WithWithdrawals && await OpenAsync("signcustomer", day, cancellation) is { } account)
        {
            await using (account)
            {
                await foreach (var row in AccountBill.WithdrawalsAsync(account, client.Options.SellerId, day, cancellation))
                {
                    yield return row;
                }
            }
        }
    }

    /// <summary>Null: nothing happened on that day.</summary>
    private async Task<BillFile?> OpenAsync(string type, DateOnly day, CancellationToken cancellation)
    {
        var content = new Dictionary<string, object> { ["bill_type"] = type, ["bill_date"] = AlipayTime.Format(day) };
        var call = await client.CallAsync("alipay.data.dataservice.bill.downloadurl.query", content, null, cancellation);
        return call switch
        {
            { Silence: { } silence } => throw new StatementException(silence) { MayPass = true },
            { Code: "10000" } when call.Text("bill_file_code") == "EMPTY_DATA_WITH_BILL_FILE" => null,
            { Code: "10000" } => await BillFile.OpenAsync(await BillSpool.FetchAsync(client.Http, call.Text("bill_download_url"), Limits, cancellation), Limits, cancellation),

            // What is published as BILL_NOT_EXIST comes from the real gateway as isp.bill_not_exist, for a day without business.
            { SubCode: "isp.bill_not_exist" or "NO_BILL_DATA" } => null,
            { SubCode: "BILL_NOT_EXIST" } => throw new StatementException($"Alipay's bill of {AlipayTime.Format(day)} is not there yet: {call.Refusal}") { MayPass = true },
            _ => throw new StatementException($"Alipay does not give the bill: {call.Refusal}") { MayPass = call.IsInDoubt || call.SubCode?.StartsWith("isp.", StringComparison.Ordinal) == true },
        };
    }
}
