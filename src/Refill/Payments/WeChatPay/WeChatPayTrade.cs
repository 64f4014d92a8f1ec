using System.Text.Json;
using Refill.Units;

namespace Refill.Payments.WeChatPay;

/// <summary>What a trade says of itself, in the answer to a query and in a notification: the same words in both.</summary>
internal static class WeChatPayTrade
{
    private const int MaxNumber = 32;

    /// <summary>Failure case 7: genuine is not enough, it must be ours.</summary>
    public static bool IsOurs(JsonElement trade, WeChatPayOptions options) => trade.Text("mchid") == options.MerchantId && trade.Text("appid") == options.AppId;

    /// <summary>The total counts, not what the payer had to pay of it (payer_total): WeChat's own coupons are WeChat's to pay (failure case 6).</summary>
    public static PaymentStatus Status(JsonElement trade) => trade.Text("trade_state") switch
    {
        "SUCCESS" => Paid(trade, allBack: false),

        // Something of it has gone back, past us; how much is not said. For what may be left nothing is delivered (failure case 24).
        "REFUND" => Paid(trade, allBack: true),

        // A bank that refused may be asked again by the payer, and a scanned code is still to be reversed: it is the close that ends it.
        "NOTPAY" or "USERPAYING" or "ACCEPT" or "PAYERROR" => new PaymentStatus.Waiting(),
        "CLOSED" or "REVOKED" => new PaymentStatus.Closed(),

        // Failure case 15.
        var other => new PaymentStatus.Unknown($"trade_state {WeChatPayJson.Plain(other)}"),
    };

    private static PaymentStatus Paid(JsonElement trade, bool allBack)
    {
        var number = trade.Text("transaction_id");
        var amount = trade.Member("amount");
        if (number is not { Length: > 0 and <= MaxNumber } || amount?.Number("total") is not > 0 || amount?.Text("currency") is not { } currency)
        {
            return new PaymentStatus.Unknown("paid, but without number, amount or currency");
        }

        if (currency != Currency.Cny.Code)
        {
            return new PaymentStatus.WrongCurrency(number, WeChatPayJson.Plain(currency));
        }

        var total = Money.Cny(amount.Value.Number("total")!.Value);
        return new PaymentStatus.Paid(number, total, WeChatPayTime.Parse(trade.Text("success_time")), allBack ? total : Money.Cny(0));
    }
}
