using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Refill.Server;

namespace Refill.Bench.Notifications;

/// <summary>Alipay's notification of a payment, as it is posted: a form whose parameters in the order of their names are signed (payments-protocols, 1A).</summary>
internal static class Notice
{
    public static byte[] Of(OpenOrder order, int number, RSA alipay)
    {
        var now = TimeProvider.System.GetUtcNow().ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var amount = order.Amount.ToDecimalString();
        var trade = string.Create(CultureInfo.InvariantCulture, $"2026{number:D24}");
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["app_id"] = DemoSecrets.AppId,
            ["auth_app_id"] = DemoSecrets.AppId,
            ["buyer_id"] = "2088102146225135",
            ["buyer_logon_id"] = "159****5620",
            ["buyer_pay_amount"] = amount,
            ["charset"] = "utf-8",
            ["fund_bill_list"] = $$"""[{"amount":"{{amount}}","fundChannel":"ALIPAYACCOUNT"}]""",
            ["gmt_create"] = now,
            ["gmt_payment"] = now,
            ["invoice_amount"] = amount,
            ["notify_id"] = $"{trade}n",
            ["notify_time"] = now,
            ["notify_type"] = "trade_status_sync",
            ["out_trade_no"] = order.PaymentId.ToString("N"),
            ["point_amount"] = "0.00",
            ["receipt_amount"] = amount,
            ["seller_id"] = DemoSecrets.SellerId,
            ["subject"] = "Refill Mobile 24 小时 1 GB",
            ["total_amount"] = amount,
            ["trade_no"] = trade,
            ["trade_status"] = "TRADE_SUCCESS",
            ["version"] = "1.0",
        };
        var text = string.Join('&', parameters.Select(parameter => $"{parameter.Key}={parameter.Value}"));
        parameters["sign"] = Convert.ToBase64String(alipay.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        parameters["sign_type"] = "RSA2";
        return Encoding.ASCII.GetBytes(string.Join('&', parameters.Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}")));
    }
}
