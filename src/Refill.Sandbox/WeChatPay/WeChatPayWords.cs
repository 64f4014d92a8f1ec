using System.Globalization;
using System.Security.Cryptography;

namespace Refill.Sandbox.WeChatPay;

/// <summary>How WeChat Pay writes amounts, times and numbers: fen in the API, yuan in statements, the clock of Beijing.</summary>
internal static class WeChatPayWords
{
    internal const string Currency = "CNY";
    internal const long MostFen = 100_000_000_00;
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    internal static string Yuan(long fen) => string.Create(CultureInfo.InvariantCulture, $"{(fen < 0 ? "-" : "")}{Math.Abs(fen) / 100}.{Math.Abs(fen) % 100:00}");

    /// <summary>As the last line of a statement of trades has it: 45.0, 0.4, 0.47.</summary>
    internal static string Sum(long fen) => Yuan(fen) is var yuan && yuan.EndsWith('0') ? yuan[..^1] : yuan;

    /// <summary>RFC 3339 in Beijing, as the API writes it: 2018-06-08T10:34:56+08:00.</summary>
    internal static string Time(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);

    /// <summary>Null unless it is RFC 3339 with an offset.</summary>
    internal static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant : null;

    /// <summary>As statements write it: 2019-02-19 05:01:46.</summary>
    internal static string StatementTime(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    internal static DateOnly Today(DateTimeOffset now) => DateOnly.FromDateTime(now.ToOffset(Beijing).DateTime);

    /// <summary>The instant at which a day begins in Beijing.</summary>
    internal static DateTimeOffset StartOf(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), Beijing);

    internal static DateOnly? Day(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    internal static string NewTransactionId(DateTimeOffset now) => $"4200000{Digits(3)}{Day(now)}{Digits(10)}";

    internal static string NewRefundId(DateTimeOffset now) => $"50300{Digits(5)}{Day(now)}{Digits(11)}";

    internal static string NewPrepayId(DateTimeOffset now) =>
        $"wx{now.ToOffset(Beijing).ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}{RandomNumberGenerator.GetHexString(20, lowercase: true)}";

    internal static string Digits(int count) => RandomNumberGenerator.GetString("0123456789", count);

    private static string Day(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}

/// <summary>trade_state. REFUND stands for SUCCESS as soon as a refund has been accepted.</summary>
internal static class TradeState
{
    internal const string Success = "SUCCESS";
    internal const string Refund = "REFUND";
    internal const string NotPaid = "NOTPAY";
    internal const string Closed = "CLOSED";

    /// <summary>Reversed by the merchant: codepay only.</summary>
    internal const string Revoked = "REVOKED";

    /// <summary>The payer is asked for a password: codepay only.</summary>
    internal const string UserPaying = "USERPAYING";
    internal const string PayError = "PAYERROR";

    /// <summary>A word that no documentation has (failure case 15).</summary>
    internal const string Unknown = "SETTLING";

    internal static string Describe(string state) => state switch
    {
        Success => "支付成功",
        Refund => "转入退款",
        NotPaid => "订单未支付",
        Closed => "订单已关闭",
        Revoked => "订单已撤销",
        UserPaying => "用户支付中",
        PayError => "支付失败",
        _ => "其他",
    };
}

/// <summary>trade_type, as answers and statements have it.</summary>
internal static class TradeType
{
    internal const string Native = "NATIVE";
    internal const string H5 = "MWEB";
    internal const string JsApi = "JSAPI";
    internal const string CodePay = "MICROPAY";
}

/// <summary>status of a refund.</summary>
internal static class RefundState
{
    internal const string Processing = "PROCESSING";
    internal const string Success = "SUCCESS";

    /// <summary>It has failed and never will be made; the money is the merchant's again.</summary>
    internal const string Closed = "CLOSED";

    /// <summary>The payer's bank does not take it: to be handled by hand (failure case 23).</summary>
    internal const string Abnormal = "ABNORMAL";
}
