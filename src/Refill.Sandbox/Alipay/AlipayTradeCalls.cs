using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>Calls about a trade, whatever way it is paid: query, close, refund, refund query.</summary>
internal static class AlipayTradeCalls
{
    internal static AlipayAnswer Query(BooksEntry entry, AlipayVisit visit)
    {
        if (NamesNone(visit.Call) is { } objection)
        {
            return objection;
        }

        if (visit.Has(FaultKind.Never) || AlipayTrades.FindOpened(entry, visit.Call.Order, visit.Call.TradeNumber) is not { } trade)
        {
            return AlipayAnswer.Failed(AlipayRefusal.TradeNotExist);
        }

        var paid = trade.PaidAt is not null && !visit.Has(FaultKind.Pending);
        return AlipayAnswer.Success([
            .. Paid(trade, paid, visit.Fault),
            ("send_pay_date", paid ? AlipayWords.Time(trade.PaidAt!.Value) : null),
            ("trade_status", visit.Fault?.Kind switch { FaultKind.Pending => TradeStatus.Waiting, FaultKind.UnknownState => TradeStatus.NobodyKnows, _ => trade.Status }),
        ]);
    }

    internal static AlipayAnswer Close(BooksEntry entry, AlipayVisit visit) =>
        NamesNone(visit.Call) ?? AlipayTrades.Close(entry, visit.Call.Order, visit.Call.TradeNumber, visit.Now) switch
        {
            (_, { } refusal) => AlipayAnswer.Failed(refusal),
            var (trade, _) => AlipayAnswer.Success(("out_trade_no", trade!.Order), ("trade_no", trade.TradeNumber)),
        };

    internal static AlipayAnswer Refund(BooksEntry entry, AlipayVisit visit)
    {
        var call = visit.Call;
        if (NamesNone(call) is { } objection)
        {
            return objection;
        }

        if (AlipayWords.Fen(call.Text("refund_amount")) is not { } fen)
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("refund_amount", "0.01 to 100000000 with at most two decimal places"));
        }

        if (call.Text("out_request_no") is { Length: > 64 })
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("out_request_no", "at most 64 characters"));
        }

        TimeSpan? effectAfter = visit.Has(FaultKind.Pending) ? visit.Fault!.Wait : null;
        return AlipayTrades.RefundOf(entry, call.Order, call.TradeNumber, call.Text("out_request_no"), fen, visit.Now, effectAfter) switch
        {
            (_, { } refusal) => AlipayAnswer.Failed(refusal),
            var (done, _) => AlipayAnswer.Success(
                ("buyer_logon_id", SandboxBuyer.Logon),
                ("buyer_user_id", SandboxBuyer.Id),
                ("fund_change", done!.Moved ? "Y" : "N"),
                ("gmt_refund_pay", done.Refund.RefundedAt is { } moved ? AlipayWords.Time(moved) : null),
                ("out_trade_no", done.Trade.Order),
                ("refund_fee", AlipayWords.Yuan(done.RefundedFen)),
                ("send_back_fee", AlipayWords.Yuan(done.Moved ? done.Refund.Fen : 0)),
                ("trade_no", done.Trade.TradeNumber)),
        };
    }

    /// <summary>A refund that has not moved money is not shown at all: absent, as the real one does it.</summary>
    internal static AlipayAnswer QueryRefund(BooksEntry entry, AlipayVisit visit)
    {
        if (NamesNone(visit.Call) is { } objection)
        {
            return objection;
        }

        if (visit.Call.Text("out_request_no") is not { } number)
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("out_request_no", "must be given"));
        }

        if (AlipayTrades.FindOpened(entry, visit.Call.Order, visit.Call.TradeNumber) is not { } trade)
        {
            return AlipayAnswer.Failed(AlipayRefusal.TradeNotExist);
        }

        var refund = AlipayTrades.RefundsOf(entry, trade.Order).Find(candidate => candidate.RefundNumber == number && candidate.RefundedAt is not null);
        return refund is null || visit.Has(FaultKind.Never)
            ? AlipayAnswer.Success()
            : AlipayAnswer.Success(
                ("gmt_refund_pay", AlipayWords.Time(refund.RefundedAt!.Value)),
                ("out_request_no", refund.RefundNumber),
                ("out_trade_no", trade.Order),
                ("refund_amount", AlipayWords.Yuan(visit.Has(FaultKind.WrongAmount) ? Spoiling.Smaller(refund.Fen) : refund.Fen)),
                ("refund_status", "REFUND_SUCCESS"),
                ("total_amount", AlipayWords.Yuan(trade.Fen)),
                ("trade_no", trade.TradeNumber));
    }

    /// <summary>What an answer says of a trade's money.</summary>
    internal static (string Name, string? Value)[] Paid(Trade trade, bool paid, Fault? fault)
    {
        var total = AlipayWords.Yuan(fault?.Kind == FaultKind.WrongAmount ? Spoiling.Smaller(trade.Fen) : trade.Fen);
        var currency = fault?.Kind == FaultKind.WrongCurrency ? Spoiling.OtherCurrency : null;
        return
        [
            ("buyer_logon_id", SandboxBuyer.Logon),
            ("buyer_pay_amount", paid ? total : "0.00"),
            ("buyer_user_id", SandboxBuyer.Id),
            ("invoice_amount", paid ? total : "0.00"),
            ("out_trade_no", trade.Order),
            ("pay_currency", currency),
            ("point_amount", "0.00"),
            ("receipt_amount", paid ? total : "0.00"),
            ("settle_currency", currency),
            ("total_amount", total),
            ("trade_no", trade.TradeNumber),
            ("trans_currency", currency),
        ];
    }

    /// <summary>Why a call that has to name a trade by one of its numbers cannot be done; null if it can.</summary>
    internal static AlipayAnswer? NamesNone(AlipayCall call) =>
        call.Order is null && call.TradeNumber is null ? AlipayAnswer.Failed(AlipayRefusal.Parameter("out_trade_no, trade_no", "one of them must be given")) : null;
}
