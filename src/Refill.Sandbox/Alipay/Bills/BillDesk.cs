using System.Net.Mime;
using System.Security.Cryptography;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay.Bills;

/// <summary>Statements: where a bill can be had (alipay.data.dataservice.bill.downloadurl.query), and the file behind that address, which is good for 30 seconds.</summary>
internal sealed class BillDesk(AlipayBooksOptions options, SandboxBooks books, FaultBook faults, TimeProvider time)
{
    internal const string Route = "/alipay/bill/downloadBillFile.resource";

    /// <summary>Faults of the file; all others are of the call for its address.</summary>
    private static readonly FaultKind[] OfTheFile = [FaultKind.MissingRow, FaultKind.ExtraRow, FaultKind.WrongAmount, FaultKind.ChangedHeader, FaultKind.Truncated];

    internal static readonly FaultKind[] OfTheCall =
        [FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Reject, FaultKind.Error500, FaultKind.BadSignature, FaultKind.UnknownSerial, FaultKind.Never];

    private static readonly TimeSpan AddressLives = TimeSpan.FromSeconds(30);

    /// <summary>A day's bill is there from nine in the morning of the day after it on.</summary>
    private static readonly TimeSpan ReadyAt = TimeSpan.FromHours(9);

    private string Account => $"{options.SellerId}0156";

    internal AlipayAnswer Ask(BooksEntry entry, AlipayVisit visit)
    {
        var (type, date) = (visit.Call.Text("bill_type"), visit.Call.Text("bill_date"));
        if (Period(date) is not { } period)
        {
            return AlipayAnswer.Failed(new("INVAILID_ARGUMENTS", "bill_date: yyyy-MM-dd or yyyy-MM"));
        }

        if (type is not ("trade" or "signcustomer"))
        {
            return AlipayAnswer.Failed(new("TYPE_NOT_SUPPORTED", "bill_type: trade or signcustomer"));
        }

        if (visit.Has(FaultKind.Never) || (options.BillsAtOnce ? period.From > visit.Now : period.Until + ReadyAt > visit.Now))
        {
            return AlipayAnswer.Failed(new("BILL_NOT_EXIST", "a bill is there from 09:00 of the day after its time on"));
        }

        var isEmpty = BillRow.Read(entry, period.From, period.Until, options.ServiceFeeRate).Count == 0;
        if (isEmpty && !options.EmptyBills)
        {
            return AlipayAnswer.Failed(new("NO_BILL_DATA", "nothing happened in this time"));
        }

        var ticket = RandomNumberGenerator.GetHexString(32, lowercase: true);
        entry.Change("DELETE FROM bill_tickets WHERE expires_at < $1", visit.Now);
        entry.Change("INSERT INTO bill_tickets (ticket, bill_type, bill_date, expires_at) VALUES ($1, $2, $3, $4)", ticket, type, date, visit.Now + AddressLives);
        var days = Days(date!);
        return AlipayAnswer.Success(
            ("bill_download_url", $"{visit.Host}{Route}?bizType={type}&userId={Account}&fileType=csv.zip&bizDates={days}&downloadFileName={Account}_{days}.csv.zip&fileId={ticket}"),
            ("bill_file_code", isEmpty ? "EMPTY_DATA_WITH_BILL_FILE" : null));
    }

    /// <summary>GET: the file. It is made of the books as they stand now.</summary>
    internal async Task DownloadAsync(HttpContext context)
    {
        var now = time.GetUtcNow();
        var bill = books.Enter(entry =>
        {
            AlipayTrades.Settle(entry, now);
            return entry.Rows(
                "SELECT bill_type, bill_date FROM bill_tickets WHERE ticket = $1 AND expires_at > $2", row => (Type: row.GetString(0), Date: row.GetString(1)),
                context.Request.Query["fileId"].ToString(), now) is [var (type, date)]
                ? Read(entry, type, date)
                : null;
        });
        if (bill is null)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            context.Response.ContentType = "text/plain;charset=utf-8";
            await context.Response.WriteAsync("this address is no address of a bill, or its 30 seconds are over", context.RequestAborted);
            return;
        }

        var fault = TakeFault(bill.Rows);
        var rows = Spoil(bill.Rows, fault, bill.Until);
        var table = bill.Type == "trade" ? BillTable.OfTrades(rows) : BillTable.OfAccount(bill.Before, rows);
        var file = BillFile.Zip(table, Account, Days(bill.Date), bill.From, bill.Until, now, fault?.Kind);
        context.Response.ContentType = MediaTypeNames.Application.Zip;
        context.Response.Headers.ContentDisposition = $"attachment; filename={Account}_{Days(bill.Date)}.csv.zip";
        context.Response.ContentLength = file.Length;
        await context.Response.Body.WriteAsync(file, context.RequestAborted);
    }

    private Bill Read(BooksEntry entry, string type, string date)
    {
        var (from, until) = Period(date)!.Value;
        return new Bill(
            type, date, from, until, BillRow.Read(entry, from, until, options.ServiceFeeRate),
            type == "trade" ? [] : BillRow.Read(entry, DateTimeOffset.UnixEpoch, from, options.ServiceFeeRate));
    }

    /// <summary>The oldest that is for any order, or for one in this bill.</summary>
    private Fault? TakeFault(List<BillRow> rows) =>
        faults.All().Find(fault => (fault.Target, fault.Point) == ("alipay", "bill") && OfTheFile.Contains(fault.Kind) && (fault.Order is null || rows.Exists(row => row.Order == fault.Order))) is { } next
            ? faults.Take("alipay", "bill", next.Order, null, next.Kind)
            : null;

    /// <summary>The row that a fault is about is the first of its order, or the first of all.</summary>
    private static List<BillRow> Spoil(List<BillRow> rows, Fault? fault, DateTimeOffset until)
    {
        var at = rows.FindIndex(row => fault?.Order is null || row.Order == fault.Order);
        switch (fault?.Kind)
        {
            case FaultKind.MissingRow when at >= 0:
                return [.. rows[..at], .. rows[(at + 1)..]];
            case FaultKind.WrongAmount when at >= 0:
                return [.. rows[..at], rows[at] with { Fen = Math.Sign(rows[at].Fen) * Spoiling.Smaller(Math.Abs(rows[at].Fen)) }, .. rows[(at + 1)..]];
            case FaultKind.ExtraRow:
                var last = until.AddSeconds(-1);
                var day = AlipayWords.Time(last)[..10].Replace("-", "", StringComparison.Ordinal);
                return [.. rows, new BillRow($"{day}22001000000000000000", "order_of_nobody", null, "nobody has ordered this", 1234, -7, last, last)];
            default:
                return rows;
        }
    }

    private static string Days(string date) => date.Replace("-", "", StringComparison.Ordinal);

    /// <summary>A day or a month of Beijing.</summary>
    private static (DateTimeOffset From, DateTimeOffset Until)? Period(string? date)
    {
        if (AlipayWords.Day(date) is { } day)
        {
            return (AlipayWords.BeginOf(day), AlipayWords.BeginOf(day.AddDays(1)));
        }

        return date is { Length: 7 } && AlipayWords.Day($"{date}-01") is { } first ? (AlipayWords.BeginOf(first), AlipayWords.BeginOf(first.AddMonths(1))) : null;
    }

    private sealed record Bill(string Type, string Date, DateTimeOffset From, DateTimeOffset Until, List<BillRow> Rows, List<BillRow> Before);
}
