using System.Net;
using System.Text.RegularExpressions;

namespace Refill.Sandbox.WeChatPay;

/// <summary>Reads what a merchant wants, or says which field cannot be taken.</summary>
internal static partial class WeChatPayAsks
{
    private const int LongestDescription = 127;
    private const int LongestAttach = 128;
    private const int LongestUrl = 255;
    private const int LongestOpenId = 128;
    private const int LongestReason = 80;
    private static readonly TimeSpan LeastExpiry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UsualLink = TimeSpan.FromHours(2);
    private static readonly TimeSpan H5Link = TimeSpan.FromMinutes(5);

    internal static (WeChatAsk? Ask, WeChatPayRefusal? Refusal) Read(WeChatPayCall call, string type, WeChatPayBooksOptions options, DateTimeOffset now)
    {
        if (Objection(call, type, options) is { } objection)
        {
            return (null, objection);
        }

        var expiry = call.Text("time_expire") is { } text ? WeChatPayWords.Time(text) : null;
        if (call.Has("time_expire") && (expiry is null || expiry < now + LeastExpiry))
        {
            return (null, WeChatPayRefusal.Parameter("/time_expire", "RFC 3339, a minute from now or later"));
        }

        return (new WeChatAsk(
            type, call.Text("out_trade_no")!, call.Text("appid")!, call.Number("amount", "total")!.Value, call.Text("description")!, call.Text("attach"),
            type == TradeType.JsApi ? call.Text("payer", "openid") : null, type == TradeType.CodePay ? call.Text("payer", "auth_code") : null,
            type == TradeType.CodePay ? null : call.Text("notify_url"), type == TradeType.H5 ? H5Link : UsualLink, expiry), null);
    }

    internal static (WeChatRefundAsk? Ask, WeChatPayRefusal? Refusal) ReadRefund(WeChatPayCall call)
    {
        var (order, transactionId) = (call.Text("out_trade_no"), call.Text("transaction_id"));
        if (order is null && transactionId is null)
        {
            return (null, WeChatPayRefusal.Parameter("/out_trade_no", "one of out_trade_no, transaction_id"));
        }

        if (call.Text("out_refund_no") is not { } number || !RefundNumber().IsMatch(number))
        {
            return (null, WeChatPayRefusal.Parameter("/out_refund_no", "1 to 64 of 0-9 A-Z a-z _ - | * @"));
        }

        if (call.Number("amount", "refund") is not (>= 1 and <= WeChatPayWords.MostFen) || call.Number("amount", "total") is not (>= 1 and <= WeChatPayWords.MostFen))
        {
            return (null, WeChatPayRefusal.Parameter("/amount", "refund and total: whole numbers of fen from 1"));
        }

        return call switch
        {
            _ when call.Text("amount", "currency") != WeChatPayWords.Currency => (null, WeChatPayRefusal.Parameter("/amount/currency", "CNY only")),
            _ when call.Text("reason") is { Length: > LongestReason } => (null, WeChatPayRefusal.Parameter("/reason", $"at most {LongestReason} characters")),
            _ when call.Has("notify_url") && !IsNotifyUrl(call.Text("notify_url")) => (null, WeChatPayRefusal.Parameter("/notify_url", NotifyUrlRule)),
            _ => (new WeChatRefundAsk(order, transactionId, number, call.Number("amount", "refund")!.Value, call.Number("amount", "total")!.Value, call.Text("notify_url")), null),
        };
    }

    /// <summary>Printable ASCII, http or https: it goes into a header of the redirect as it is.</summary>
    internal static bool IsAddress(string? url) =>
        url is { Length: <= 1024 } && url.All(character => character is > ' ' and <= '~') && Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https";

    private static string NotifyUrlRule => $"https (http on loopback only), without a query, at most {LongestUrl} characters";

    private static WeChatPayRefusal? Objection(WeChatPayCall call, string type, WeChatPayBooksOptions options) => call switch
    {
        _ when call.Text("mchid") != options.MerchantId => WeChatPayRefusal.Parameter("/mchid", "not the merchant who has signed"),
        _ when call.Text("appid") != options.AppId => new WeChatPayRefusal(StatusCodes.Status400BadRequest, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"),
        _ when call.Text("out_trade_no") is not { } order || !OrderNumber().IsMatch(order) => WeChatPayRefusal.Parameter("/out_trade_no", "6 to 32 of 0-9 A-Z a-z _ - | *"),
        _ when call.Number("amount", "total") is not (>= 1 and <= WeChatPayWords.MostFen) => WeChatPayRefusal.Parameter("/amount/total", "a whole number of fen from 1"),
        _ when call.Has("amount", "currency") && call.Text("amount", "currency") != WeChatPayWords.Currency => WeChatPayRefusal.Parameter("/amount/currency", "CNY only"),
        _ when call.Text("description") is not { Length: <= LongestDescription } => WeChatPayRefusal.Parameter("/description", $"1 to {LongestDescription} characters"),
        _ when call.Text("attach") is { Length: > LongestAttach } => WeChatPayRefusal.Parameter("/attach", $"at most {LongestAttach} characters"),
        _ when type == TradeType.CodePay => CodePayObjection(call),
        _ when !IsNotifyUrl(call.Text("notify_url")) => WeChatPayRefusal.Parameter("/notify_url", NotifyUrlRule),
        _ when type == TradeType.JsApi && call.Text("payer", "openid") is not { Length: <= LongestOpenId } => WeChatPayRefusal.Parameter("/payer/openid", "must be given"),
        _ when type == TradeType.H5 && !IPAddress.TryParse(call.Text("scene_info", "payer_client_ip"), out var _) => WeChatPayRefusal.Parameter("/scene_info/payer_client_ip", "an IP address"),
        _ when type == TradeType.H5 && call.Text("scene_info", "h5_info", "type") is not { Length: <= 32 } => WeChatPayRefusal.Parameter("/scene_info/h5_info/type", "such as iOS, Android, Wap"),
        _ => null,
    };

    private static WeChatPayRefusal? CodePayObjection(WeChatPayCall call) => call switch
    {
        _ when call.Text("payer", "auth_code") is not { } code || !AuthCode().IsMatch(code) => WeChatPayRefusal.Parameter("/payer/auth_code", "18 digits, the first two 10 to 15"),
        _ when call.Text("scene_info", "store_info", "id") is null && call.Text("scene_info", "store_info", "out_id") is null =>
            WeChatPayRefusal.Parameter("/scene_info/store_info", "id or out_id must be given"),
        _ => null,
    };

    private static bool IsNotifyUrl(string? text) =>
        text is { Length: <= LongestUrl } && Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        && !text.AsSpan().ContainsAny("?#");

    [GeneratedRegex(@"^[0-9A-Za-z_\-|*]{6,32}\z", RegexOptions.CultureInvariant)]
    private static partial Regex OrderNumber();

    [GeneratedRegex(@"^[0-9A-Za-z_\-|*@]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex RefundNumber();

    [GeneratedRegex(@"^1[0-5][0-9]{16}\z", RegexOptions.CultureInvariant)]
    private static partial Regex AuthCode();
}
