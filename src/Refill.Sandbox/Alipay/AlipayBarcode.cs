using System.Text.RegularExpressions;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>Paying by the barcode on a buyer's telephone (alipay.trade.pay), and taking back what nobody knows the result of (alipay.trade.cancel).</summary>
internal static partial class AlipayBarcode
{
    private static readonly TimeSpan UsualWait = TimeSpan.FromHours(3);

    /// <summary>The cashier has read a code. It is paid at once; by the fault "pending" the buyer is still to confirm it.</summary>
    internal static AlipayAnswer Pay(BooksEntry entry, AlipayVisit visit)
    {
        var call = visit.Call;
        if (call.Text("scene") != "bar_code")
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("scene", "bar_code"));
        }

        if (call.Text("product_code") is not (null or "FACE_TO_FACE_PAYMENT"))
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("product_code", "FACE_TO_FACE_PAYMENT"));
        }

        if (call.Text("auth_code") is not { } code || !AuthCode().IsMatch(code) || UsedByAnother(entry, code, call.Order))
        {
            return AlipayAnswer.Failed(AlipayRefusal.AuthCodeInvalid);
        }

        return call.ReadAsk(call.Method, productCode: null, UsualWait, visit.Now) switch
        {
            ({ } ask, _) => Take(entry, visit, ask, code, agreement: null),
            var (_, refusal) => AlipayAnswer.Failed(refusal!),
        };
    }

    /// <summary>Makes the trade and takes the money, which no page is needed for. Asked for again while its payer hesitates, it waits on.</summary>
    internal static AlipayAnswer Take(BooksEntry entry, AlipayVisit visit, TradeAsk ask, string? code, string? agreement)
    {
        var hesitates = AlipayTrades.Find(entry, ask.Order) is { OpenedAt: not null, Product: AlipayGateway.Pay };
        var (trade, refusal) = AlipayTrades.Ask(entry, ask, visit.Now);
        if (refusal is not null)
        {
            return AlipayAnswer.Failed(refusal);
        }

        if (!hesitates)
        {
            trade = AlipayTrades.Open(entry, trade!, visit.Now);
            entry.Change(
                "INSERT INTO trade_payers (order_number, auth_code, agreement_number) VALUES ($1, $2, $3) ON CONFLICT (order_number) DO UPDATE SET auth_code = $2, agreement_number = $3",
                ask.Order, code, agreement);
            hesitates = visit.Has(FaultKind.Pending);
            if (!hesitates || visit.Fault!.Seconds > 0)
            {
                AlipayTrades.Pay(entry, trade, visit.Now, hesitates ? visit.Fault!.Wait : null);
            }

            trade = AlipayTrades.Find(entry, ask.Order);
        }

        return visit.Has(FaultKind.Unavailable) ? AlipayAnswer.Unavailable
            : hesitates ? AlipayAnswer.Waiting(AlipayTradeCalls.Paid(trade!, paid: false, visit.Fault))
            : AlipayAnswer.Success([.. AlipayTradeCalls.Paid(trade!, paid: true, visit.Fault), ("gmt_payment", AlipayWords.Time(trade!.PaidAt!.Value))]);
    }

    /// <summary>
    /// Closes what is not paid and sends all of it back where it is (failure case 17). Without a trade there is nothing to be done, which is no failure: then no action is named.
    /// Said again, it does nothing more and answers the same.
    /// </summary>
    internal static AlipayAnswer Cancel(BooksEntry entry, AlipayVisit visit)
    {
        var call = visit.Call;
        if (AlipayTradeCalls.NamesNone(call) is { } objection)
        {
            return objection;
        }

        if (visit.Has(FaultKind.Pending))
        {
            return AlipayAnswer.Failed(new("ACQ.SYSTEM_ERROR", "the sandbox was asked to have this call repeated"), ("out_trade_no", call.Order), ("retry_flag", "Y"));
        }

        var (action, refusal) = AlipayTrades.FindOpened(entry, call.Order, call.TradeNumber) switch
        {
            null => (null, null),
            { Status: TradeStatus.Waiting } trade => ("close", AlipayTrades.Close(entry, trade.Order, null, visit.Now).Refusal),
            { Status: TradeStatus.Closed } trade => (trade.PaidAt is null ? "close" : "refund", null),
            { Status: TradeStatus.Finished } => (null, AlipayRefusal.TradeHasFinished),
            var trade => ("refund", AlipayTrades.RefundRest(entry, trade, visit.Now)),
        };
        return (visit.Fault?.Kind, refusal) switch
        {
            (_, { } reason) => AlipayAnswer.Failed(reason, ("out_trade_no", call.Order), ("retry_flag", "N")),
            (FaultKind.Unavailable, _) => AlipayAnswer.Unavailable,
            _ => AlipayAnswer.Success(
                ("action", action),
                ("out_trade_no", call.Order),
                ("retry_flag", "N"),
                ("trade_no", AlipayTrades.FindOpened(entry, call.Order, call.TradeNumber)?.TradeNumber)),
        };
    }

    private static bool UsedByAnother(BooksEntry entry, string code, string? order) =>
        entry.Number("SELECT count(*) FROM trade_payers WHERE auth_code = $1 AND order_number <> $2", code, order ?? "") > 0;

    [GeneratedRegex(@"^(2[5-9]|30)[0-9]{14,22}\z", RegexOptions.CultureInvariant)]
    private static partial Regex AuthCode();
}
