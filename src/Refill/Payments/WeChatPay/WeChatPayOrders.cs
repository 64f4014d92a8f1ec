using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Refill.Payments.WeChatPay;

/// <summary>Puts orders to WeChat Pay, one call for each way to pay. The same order is put in the same words (failure case 16).</summary>
internal sealed class WeChatPayOrders(WeChatPayCalls calls, WeChatPayOptions options, WeChatPayKeyRing keys, TimeProvider time, ILogger log)
{
    private const int MaxDescriptionBytes = 127;
    private const int MaxCode = 1024;
    private const int MaxPrepayId = 128;

    /// <summary>WeChat Pay takes no shorter time to pay than a minute; the second more is the way there.</summary>
    private static readonly TimeSpan LeastTimeToPay = TimeSpan.FromSeconds(61);

    /// <summary>18 digits that begin with 10 to 15.</summary>
    public static bool IsPayerCode(string code) => code.Length == 18 && code.All(char.IsAsciiDigit) && code[0] == '1' && code[1] <= '5';

    /// <summary>To be shown as a code: code_url.</summary>
    public async Task<PaymentStart> ShowAsync(PaymentOrder order, CancellationToken cancellation) =>
        await PutAsync("native", Ask(order), call => call.Text("code_url") is { Length: > 0 and <= MaxCode } code ? new PaymentStart.ShowCode(code) : null, cancellation);

    /// <summary>For a phone's browser outside WeChat: h5_url, which works for five minutes and only from the payer's own address.</summary>
    public async Task<PaymentStart> SendAsync(PaymentOrder order, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(order.Payer.Address, out var address))
        {
            return new PaymentStart.Rejected("the payer's address is not known, and H5 wants it");
        }

        var payer = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (payer.AddressFamily == AddressFamily.InterNetworkV6)
        {
            payer.ScopeId = 0;
        }

        var ask = Ask(order);
        ask["scene_info"] = new JsonObject { ["payer_client_ip"] = payer.ToString(), ["h5_info"] = new JsonObject { ["type"] = "Wap" } };
        return await PutAsync("h5", ask, call => Page(call.Text("h5_url"), order.ReturnUrl), cancellation);
    }

    /// <summary>Within WeChat: what the page calls getBrandWCPayRequest with.</summary>
    public async Task<PaymentStart> CallAsync(PaymentOrder order, CancellationToken cancellation)
    {
        if (order.Payer.Account is not { Length: > 0 and <= 128 } openId)
        {
            return new PaymentStart.Rejected("the payer's openid is not known, and paying within WeChat wants it");
        }

        var ask = Ask(order);
        ask["payer"] = new JsonObject { ["openid"] = openId };
        return await PutAsync("jsapi", ask, call => call.Text("prepay_id") is { Length: > 0 and <= MaxPrepayId } number ? new PaymentStart.CallApp(Parameters(number)) : null, cancellation);
    }

    /// <summary>
    /// Charges the payer by the code that a scanner read. WeChat Pay may have to ask the payer first, and it may have charged though its answer was lost
    /// (failure case 17): unless it certainly refused, only a query tells.
    /// </summary>
    public async Task<PaymentStart> ChargeAsync(PaymentOrder order, CancellationToken cancellation)
    {
        if (order.Payer.Code is not { } code || !IsPayerCode(code))
        {
            return new PaymentStart.Rejected("what was scanned is no payment code of WeChat");
        }

        var ask = Ask(order);
        ask.Remove("notify_url"); // There are no notifications of it.
        ask.Remove("time_expire");
        ask["payer"] = new JsonObject { ["auth_code"] = code };
        ask["scene_info"] = new JsonObject { ["store_info"] = new JsonObject { ["out_id"] = options.StoreId } };
        var call = await calls.PostAsync("/v3/pay/transactions/codepay", ask, cancellation);
        return call switch
        {
            // TRADE_ERROR is not among them: it is said of payers who have not typed their password yet, too.
            { IsDefinite: true, Code: not ("USERPAYING" or "ORDERPAID" or "OUTTRADENOUSED" or "TRADEERROR") } or { Silence: null, Status: 429 } => Refused(call),
            _ => new PaymentStart.Submitted(),
        };
    }

    /// <summary>Control characters and what the statement's cells are set off with are left out; cut between characters.</summary>
    public static string Cut(string text, int maxBytes)
    {
        var (clean, bytes) = (new StringBuilder(), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var next = Rune.IsControl(rune) || rune.Value == '`' ? new Rune(' ') : rune;
            if ((bytes += next.Utf8SequenceLength) > maxBytes)
            {
                break;
            }

            clean.Append(next.ToString());
        }

        return clean.ToString();
    }

    private JsonObject Ask(PaymentOrder order)
    {
        var earliest = time.GetUtcNow() + LeastTimeToPay;
        return new JsonObject
        {
            ["appid"] = options.AppId,
            ["mchid"] = options.MerchantId,
            ["description"] = Cut(order.Subject, MaxDescriptionBytes),
            ["out_trade_no"] = order.OrderNumber,
            ["time_expire"] = WeChatPayTime.Format(order.ExpiresAt > earliest ? order.ExpiresAt : earliest),
            ["notify_url"] = options.NotifyUrl.AbsoluteUri,
            ["amount"] = new JsonObject { ["total"] = order.Amount.Minor, ["currency"] = order.Amount.Currency.Code },
        };
    }

    private async Task<PaymentStart> PutAsync(string product, JsonObject ask, Func<WeChatPayCall, PaymentStart?> read, CancellationToken cancellation)
    {
        var call = await calls.PostAsync($"/v3/pay/transactions/{product}", ask, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentStart.Unknown(silence),
            { Succeeded: true } => read(call) ?? new PaymentStart.Unknown("an answer without what the payer needs"),

            // Paid already, in another window: a query tells.
            { Code: "ORDERPAID" } => new PaymentStart.Submitted(),
            { IsDefinite: true } => Refused(call),
            _ => new PaymentStart.Unknown(call.Refusal),
        };
    }

    private PaymentStart.Rejected Refused(WeChatPayCall call)
    {
        log.LogError("WeChat Pay refuses an order: {Refusal}", call.Refusal);
        return new PaymentStart.Rejected(call.Refusal);
    }

    private PaymentStart.Redirect? Page(string? h5Url, Uri returnUrl)
    {
        if (h5Url is not { Length: <= MaxCode } || !Uri.TryCreate(h5Url, UriKind.Absolute, out var page) || page.GetLeftPart(UriPartial.Authority) != options.PagesUrl.GetLeftPart(UriPartial.Authority))
        {
            return null;
        }

        return new PaymentStart.Redirect(new Uri($"{page.AbsoluteUri}{(page.Query.Length > 0 ? '&' : '?')}redirect_url={Uri.EscapeDataString(returnUrl.AbsoluteUri)}"));
    }

    private Dictionary<string, string> Parameters(string prepayId)
    {
        var (seconds, nonce, package) = (time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), WeChatPaySignature.Nonce(), $"prepay_id={prepayId}");
        return new Dictionary<string, string>
        {
            ["appId"] = options.AppId,
            ["timeStamp"] = seconds,
            ["nonceStr"] = nonce,
            ["package"] = package,
            ["signType"] = "RSA",
            ["paySign"] = WeChatPaySignature.Sign(keys.Current.PrivateKey, WeChatPaySignature.Page(options.AppId, seconds, nonce, package)),
        };
    }
}
