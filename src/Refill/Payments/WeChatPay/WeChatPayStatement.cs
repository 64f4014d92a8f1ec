using System.Globalization;
using System.Runtime.CompilerServices;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// WeChat Pay's trade bill of a day, then its fund flow for what went to the bank. For each an address and a hash in a signed answer, then the file itself, whose answer is not signed.
/// Rows are given as they come; that a file was whole is known at its end, when its hash and its sums have been compared.
/// </summary>
public sealed class WeChatPayStatement(WeChatPayGateway gateway) : IStatementSource
{
    private static readonly TimeOnly Ready = new(10, 0);

    public string Name => gateway.Name;

    public string TimeZone => "Asia/Shanghai";

    /// <summary>Ten in the morning after.</summary>
    public DateTimeOffset ReadyAt(DateOnly day) => new DateTimeOffset(day.AddDays(1).ToDateTime(Ready), WeChatPayTime.Beijing).ToUniversalTime();

    /// <exception cref="StatementException">No statement can be had, or it is unfit.</exception>
    public async IAsyncEnumerable<StatementRow> ReadAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Before that the answer may be that there is none, though there will be.
        if (gateway.Time.GetUtcNow() < ReadyAt(day))
        {
            throw new StatementException("WeChat Pay's statement is not ready before ten in the morning after") { MayPass = true };
        }

        var date = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var bill = new WeChatPayBill(gateway.Options.MerchantId);
        await foreach (var row in RowsAsync($"/v3/bill/tradebill?bill_date={date}&bill_type=ALL", bill.Read, bill.End, cancellation))
        {
            yield return row;
        }

        var flow = new WeChatPayFlow();
        await foreach (var row in RowsAsync($"/v3/bill/fundflowbill?bill_date={date}&account_type=BASIC", flow.Read, flow.End, cancellation))
        {
            yield return row;
        }
    }

    private async IAsyncEnumerable<StatementRow> RowsAsync(string target, Func<string, StatementRow?> read, Action end, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await AskAsync(target, cancellation) is not var (address, hash))
        {
            yield break;
        }

        using var response = await OpenAsync(address, cancellation);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var lines = new WeChatPayBillLines(stream, gateway.Options.Timeout);
        while (await lines.NextAsync(cancellation) is { } line)
        {
            if (read(line) is { } row)
            {
                yield return row;
            }
        }

        end();
        if (lines.Hash() != hash)
        {
            throw new StatementException("WeChat Pay's statement is unfit: its hash is not the one that was named");
        }
    }

    /// <summary>Where the file is, and its SHA-1; null: nothing moved on that day.</summary>
    private async Task<(Uri Address, string Hash)?> AskAsync(string target, CancellationToken cancellation)
    {
        var call = await gateway.Calls.GetAsync(target, cancellation);
        switch (call)
        {
            case { Succeeded: true }:
                // The file is asked for with our signature: nowhere but where WeChat Pay is.
                return call.Text("hash_type") == "SHA1" && call.Text("hash_value") is { Length: 40 } hash && Uri.TryCreate(call.Text("download_url"), UriKind.Absolute, out var address) && IsTheirs(address)
                    ? (address, hash.ToLowerInvariant())
                    : throw new StatementException("WeChat Pay does not say where its statement is, or that place is not WeChat Pay's");
            case { Code: "NOSTATEMENTEXIST" }:
                return null;
            default:
                throw new StatementException($"WeChat Pay gives no statement: {call.Silence ?? call.Refusal}") { MayPass = !call.IsDefinite || call.Code == "STATEMENTCREATING" };
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(Uri address, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(gateway.Options.Timeout);
        try
        {
            using var request = gateway.Wire.Request(HttpMethod.Get, address, []);
            var response = await gateway.Wire.OpenAsync(request, limit.Token);
            if ((int)response.StatusCode == 200)
            {
                return response;
            }

            // The address works for five minutes: another one may be had.
            response.Dispose();
            throw new StatementException($"WeChat Pay does not give the statement's file: HTTP {(int)response.StatusCode}") { MayPass = true };
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new StatementException($"WeChat Pay does not give the statement's file: {error.GetType().Name}") { MayPass = true };
        }
    }

    /// <summary>The API's own origin, or another of WeChat Pay's hosts (api2 stands in for api).</summary>
    private bool IsTheirs(Uri address) => address.GetLeftPart(UriPartial.Authority) == gateway.Options.ApiUrl.GetLeftPart(UriPartial.Authority)
        || (address.Scheme == Uri.UriSchemeHttps && address.IsDefaultPort && address.Host.EndsWith(".mch.weixin.qq.com", StringComparison.Ordinal));
}
