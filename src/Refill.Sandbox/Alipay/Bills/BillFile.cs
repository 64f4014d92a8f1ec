using System.Globalization;
using System.IO.Compression;
using System.Text;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay.Bills;

/// <summary>Writes a bill as it is downloaded: a zip of two files of GBK, the details and the summary, whose very names are GBK.</summary>
internal static class BillFile
{
    private static readonly Encoding Gbk = CodePagesEncodingProvider.Instance.GetEncoding("GBK")!;

    /// <param name="account">The merchant's account, as the files name it.</param>
    /// <param name="days">As in the files' names: yyyyMMdd, or yyyyMM for a month.</param>
    /// <param name="fault">"changed-header" or "truncated", which spoil the file of details; others have been done to the rows.</param>
    internal static byte[] Zip(BillTable table, string account, string days, DateTimeOffset from, DateTimeOffset until, DateTimeOffset now, FaultKind? fault)
    {
        var columns = fault == FaultKind.ChangedHeader ? [.. table.Columns.Select(column => column == "商户订单号" ? "商家订单号" : column)] : table.Columns;
        var details = Text(table.Name, "明细", account, columns, table.Rows, table.Closing, from, until, now);
        if (fault == FaultKind.Truncated)
        {
            details = details[..(details.Length / 2)];
        }

        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true, Gbk))
        {
            Add(zip, $"{account}_{days}_{table.Name}明细.csv", details);
            Add(zip, $"{account}_{days}_{table.Name}明细(汇总).csv", Text(table.Name, "汇总", account, table.SummaryColumns, table.Summary, [], from, until, now));
        }

        return buffer.ToArray();
    }

    private static void Add(ZipArchive zip, string name, string text)
    {
        using var entry = zip.CreateEntry(name).Open();
        entry.Write(Gbk.GetBytes(text));
    }

    private static string Text(
        string name, string part, string account, string[] columns, List<string[]> rows, List<string> closing, DateTimeOffset from, DateTimeOffset until, DateTimeOffset now)
    {
        var line = new string('-', 41);
        return string.Concat(new[]
        {
            $"#支付宝{name}{part}查询",
            $"#账号：[{account}]",
            $"#起始日期：[{Chinese(from)}]   终止日期：[{Chinese(until)}]",
            $"#{line}{name}{part}列表{line}",
            string.Join(',', columns),
        }
            .Concat(rows.Select(row => string.Join(',', row.Select(Cell))))
            .Append($"#{line}{name}{part}列表结束{line}")
            .Concat(closing.Select(text => $"#{text}"))
            .Append($"#导出时间：[{Chinese(now)}]")
            .Select(text => text + "\r\n"));
    }

    /// <summary>Line breaks become spaces; a comma is put in quotation marks, of which nobody says what the real one does.</summary>
    private static string Cell(string text)
    {
        var plain = text.ReplaceLineEndings(" ");
        return plain.AsSpan().ContainsAny(",\"") ? $"\"{plain.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : plain;
    }

    private static string Chinese(DateTimeOffset instant) => instant.ToOffset(TimeSpan.FromHours(8)).ToString("yyyy年MM月dd日 HH:mm:ss", CultureInfo.InvariantCulture);
}
