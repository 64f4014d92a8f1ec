using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Refill.Payments;
using Refill.Storage;

namespace Refill.Reconciliation;

/// <summary>Where the row-by-row reports stand: one gzip'd CSV for each gateway's day, made anew by each run. What must not be lost (the sums, what differs) is in the database; this can be made again from the gateway's statement.</summary>
public sealed class ReconciliationReports(string folder)
{
    /// <summary>The CSV of a day; null: it was not reconciled here.</summary>
    public FileInfo? Find(string gateway, DateOnly day) => IsName(gateway) && new FileInfo(PathOf(gateway, day)) is { Exists: true } file ? file : null;

    internal ReportFile Begin(string gateway, DateOnly day)
    {
        Directory.CreateDirectory(folder);
        return new ReportFile(PathOf(gateway, day));
    }

    private string PathOf(string gateway, DateOnly day) => Path.Combine(folder, $"{gateway}-{Reconciler.Text(day)}.csv.gz");

    private static bool IsName(string gateway) => gateway.Length is > 0 and <= 20 && gateway.All(char.IsAsciiLetterLower);
}

/// <summary>A report while it is written; it takes its place when it is whole.</summary>
internal sealed class ReportFile : IAsyncDisposable
{
    private static readonly SearchValues<char> OfAmounts = SearchValues.Create("0123456789.");

    private readonly string path;
    private readonly string fresh;
    private readonly FileStream file;
    private readonly StreamWriter text;
    private bool isOver;

    public ReportFile(string path)
    {
        (this.path, fresh) = (path, $"{path}.{Guid.NewGuid():N}");
        file = new FileStream(fresh, DurableFile.New());
        text = new StreamWriter(new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 64 * 1024);
        text.Write("line,kind,outcome,order_number,refund_number,gateway_number,amount,ours,fee,currency,at,text\r\n");
    }

    public async ValueTask WriteAsync(StatementRow row, Verdict verdict, CancellationToken cancellation)
    {
        var (outcome, why, ours) = verdict switch
        {
            Verdict.Matched => ("matched", row.Text, null),
            Verdict.Booking => (row.Kind == StatementKind.Fee ? "fee" : "settlement", row.Text, null),
            Verdict.PaidThere => ("only-theirs", "paid there, not booked here", null),
            Verdict.RefundedThere => ("matched", row.Text, null),
            Verdict.OnlyTheirs only => ("only-theirs", only.Why, null),
            Verdict.AmountDiffers differs => ("amount-differs", row.Text, differs.Ours.ToDecimalString()),
            Verdict.Unexplained unexplained => ("unexplained", unexplained.Why, null),
            _ => throw new System.Diagnostics.UnreachableException(verdict.GetType().Name),
        };
        await LineAsync(
            cancellation, row.Line.ToString(CultureInfo.InvariantCulture), row.Kind.ToString().ToLowerInvariant(), outcome, row.OrderNumber, row.RefundNumber, row.GatewayNumber, row.Amount.ToDecimalString(), ours,
            row.Fee.ToDecimalString(), row.Amount.Currency.Code, At(row.At), why);
    }

    public ValueTask WriteOursAsync(Difference only, CancellationToken cancellation) => LineAsync(
        cancellation, "", only.Subject[..only.Subject.IndexOf(' ')], "only-ours", only.PaymentId?.ToString("N"), null, only.GatewayNumber, null, only.Ours?.ToDecimalString(), null, only.Ours?.Currency.Code, At(only.At), only.Text);

    /// <summary>The report takes the place of the one before it.</summary>
    public async Task FinishAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await text.DisposeAsync();
        DurableFile.Flush(file);
        await file.DisposeAsync();
        File.Move(fresh, path, overwrite: true);
        isOver = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!isOver)
        {
            await text.DisposeAsync();
            await file.DisposeAsync();
            File.Delete(fresh);
        }
    }

    private static string At(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private ValueTask LineAsync(CancellationToken cancellation, params ReadOnlySpan<string?> cells)
    {
        cancellation.ThrowIfCancellationRequested();
        for (var cell = 0; cell < cells.Length; cell++)
        {
            if (cell > 0)
            {
                text.Write(',');
            }

            Write(cells[cell]);
        }

        text.Write("\r\n");
        return ValueTask.CompletedTask;
    }

    /// <summary>Quoted where it must be; and what a spreadsheet would take for a formula is shown as text (CSV injection).</summary>
    private void Write(string? cell)
    {
        if (cell is not { Length: > 0 })
        {
            return;
        }

        var formula = cell[0] is '=' or '+' or '@' or '\t' || (cell[0] == '-' && cell.AsSpan(1).ContainsAnyExcept(OfAmounts));
        if (!formula && !cell.AsSpan().ContainsAny(",\"\r\n"))
        {
            text.Write(cell);
            return;
        }

        text.Write('"');
        text.Write(formula ? "'" : "");
        text.Write(cell.Replace("\"", "\"\"", StringComparison.Ordinal));
        text.Write('"');
    }
}
