using Refill.Sandbox.Control;

namespace Refill.Sandbox.WeChatPay;

/// <summary>Trades and refunds as answers and notifications tell them. What has no value is left out. Faults spoil what is told, never the books.</summary>
internal static class WeChatPayJson
{
    /// <param name="state">What it is told to be; the faults "pending" and "unknown-state" tell something else.</param>
    internal static object Of(WeChatTrade trade, WeChatPayBooksOptions options, string state, FaultKind? fault)
    {
        var told = fault switch
        {
            FaultKind.Pending => TradeState.UserPaying,
            FaultKind.UnknownState => TradeState.Unknown,
            _ => state,
        };
        var paid = trade.PaidAt is not null && told is not (TradeState.NotPaid or TradeState.UserPaying);
        var total = fault == FaultKind.WrongAmount ? Spoiling.Smaller(trade.Fen) : trade.Fen;
        var currency = fault == FaultKind.WrongCurrency ? Spoiling.OtherCurrency : WeChatPayWords.Currency;
        return new
        {
            mchid = Seller(options.MerchantId, fault),
            appid = Seller(trade.AppId, fault),
            out_trade_no = trade.Order,
            transaction_id = paid ? trade.TransactionId : null,
            trade_type = paid ? trade.Type : null,
            trade_state = told,
            trade_state_desc = TradeState.Describe(told),
            bank_type = paid ? "OTHERS" : null,
            attach = trade.Attach,
            success_time = paid ? WeChatPayWords.Time(trade.PaidAt!.Value) : null,
            payer = paid ? new { openid = trade.OpenId } : null,
            amount = new { total, payer_total = paid ? total : (long?)null, currency, payer_currency = currency },
        };
    }

    /// <summary>The answer to a refund and to the question about one.</summary>
    internal static object Of(WeChatTrade trade, WeChatRefund refund, FaultKind? fault)
    {
        var status = fault switch
        {
            FaultKind.Pending => RefundState.Processing,
            FaultKind.UnknownState => TradeState.Unknown,
            _ => refund.State,
        };
        var fen = fault == FaultKind.WrongAmount ? Spoiling.Smaller(refund.Fen) : refund.Fen;
        return new
        {
            refund_id = refund.RefundId,
            out_refund_no = refund.RefundNumber,
            transaction_id = trade.TransactionId,
            out_trade_no = trade.Order,
            channel = "ORIGINAL",
            user_received_account = "支付用户零钱",
            success_time = status == RefundState.Success ? WeChatPayWords.Time(refund.SettledAt!.Value) : null,
            create_time = WeChatPayWords.Time(refund.CreatedAt),
            status,
            funds_account = "AVAILABLE",
            amount = new
            {
                total = trade.Fen,
                refund = fen,
                payer_total = trade.Fen,
                payer_refund = fen,
                settlement_refund = fen,
                settlement_total = trade.Fen,
                discount_refund = 0,
                currency = fault == FaultKind.WrongCurrency ? Spoiling.OtherCurrency : WeChatPayWords.Currency,
            },
        };
    }

    /// <summary>A refund in a notification: other names than in the answers, and no appid.</summary>
    internal static object OfNotice(WeChatTrade trade, WeChatRefund refund, string state, WeChatPayBooksOptions options, FaultKind? fault)
    {
        var fen = fault == FaultKind.WrongAmount ? Spoiling.Smaller(refund.Fen) : refund.Fen;
        return new
        {
            mchid = Seller(options.MerchantId, fault),
            out_trade_no = trade.Order,
            transaction_id = trade.TransactionId,
            out_refund_no = refund.RefundNumber,
            refund_id = refund.RefundId,
            refund_status = fault == FaultKind.UnknownState ? TradeState.Unknown : state,
            success_time = state == RefundState.Success ? WeChatPayWords.Time(refund.SettledAt ?? refund.SettlesAt) : null,
            user_received_account = "支付用户零钱",
            amount = new { total = trade.Fen, refund = fen, payer_total = trade.Fen, payer_refund = fen, currency = fault == FaultKind.WrongCurrency ? Spoiling.OtherCurrency : null },
        };
    }

    private static string Seller(string name, FaultKind? fault) => fault == FaultKind.WrongSeller ? $"{name}9" : name;
}
