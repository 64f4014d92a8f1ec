using System.IO.Compression;
using System.Net.Mime;
using System.Security.Cryptography;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.WeChatPay;

/// <summary>
/// /v3/bill: statements, to be had from 10:00 on the day after and for three months. The answer names an address that is good for five minutes and a SHA-1 of the file as
/// it is when unpacked; the request for the file is signed like any other, the file is not.
/// </summary>
internal sealed class WeChatPayStatements(
    WeChatPayBooksOptions options, SandboxBooks books, WeChatPayKeys keys, WeChatPayGateway gateway, TimeProvider time)
{
    internal const string FilePath = "/v3/billdownload/file";
    private const int MonthsKept = 3;
    private static readonly TimeSpan MadeAfter = TimeSpan.FromHours(10);
    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(5);

    internal Task TradesAsync(HttpContext context) => gateway.HandleAsync(context, "bill", _ => null, (entry, call, fault, now) => (call.Query("bill_type") ?? "ALL") == "ALL"
        ? Make(entry, call, fault, now, of => of.Movements.Count == 0 ? null : Statement.OfTrades(of.Movements, options, fault?.Kind == FaultKind.ChangedHeader))
        : WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("bill_type", "the sandbox has ALL only", "query")));

    internal Task FundsAsync(HttpContext context) => gateway.HandleAsync(context, "bill", _ => null, (entry, call, fault, now) => (call.Query("account_type") ?? "BASIC") == "BASIC"
        ? Make(entry, call, fault, now, of =>
        {
            var withdrawals = Withdrawal.Before(entry, of.End);
            return of.Movements.Count == 0 && withdrawals.All(withdrawal => withdrawal.At < of.Start) ? null : Statement.OfFunds(of, withdrawals, options, fault?.Kind == FaultKind.ChangedHeader);
        })
        : WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("account_type", "the sandbox has BASIC only", "query")));

    /// <summary>GET /v3/billdownload/file?token=…: the bytes, without a signature.</summary>
    internal async Task DownloadAsync(HttpContext context)
    {
        var call = await WeChatPayCall.ReadAsync(context.Request, context.RequestAborted);
        var now = time.GetUtcNow();
        var refusal = call.Objection(options, keys, now);
        var fault = refusal is null ? gateway.TakeFault("download", null) : null;
        refusal ??= fault?.Kind switch
        {
            FaultKind.Error500 => WeChatPayRefusal.SystemError,
            FaultKind.Reject => WeChatPayRefusal.NotPermitted,
            _ => null,
        };
        var file = books.Enter(entry => entry.Rows(
            "SELECT bytes, is_gzip FROM wechat_statements WHERE token = $1 AND expires_at > $2", row => (Bytes: row.GetFieldValue<byte[]>(0), IsGzip: row.GetBoolean(1)), call.Query("token") ?? "", now)).FirstOrDefault();
        refusal ??= file.Bytes is null ? WeChatPayRefusal.Invalid("token已失效，请重新申请账单") : null;
        if (!await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            return;
        }

        var bytes = refusal is null ? file.Bytes! : WeChatPayAnswer.Failed(refusal).Body;
        context.Response.StatusCode = refusal?.Status ?? StatusCodes.Status200OK;
        context.Response.ContentType = refusal is not null ? MediaTypeNames.Application.Json : file.IsGzip ? MediaTypeNames.Application.GZip : "text/plain; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private WeChatPayAnswer Make(
        BooksEntry entry, WeChatPayCall call, Fault? fault, DateTimeOffset now, Func<StatementDay, byte[]?> file)
    {
        if (call.Query("bill_date") is not { } text || WeChatPayWords.Day(text) is not { } day)
        {
            return WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("bill_date", "yyyy-MM-dd", "query"));
        }

        if (call.Query("tar_type") is not (null or "GZIP"))
        {
            return WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("tar_type", "GZIP, or nothing", "query"));
        }

        var (start, end) = (WeChatPayWords.StartOf(day), WeChatPayWords.StartOf(day.AddDays(1)));
        if (day < WeChatPayWords.Today(now).AddMonths(-MonthsKept) || (day > WeChatPayWords.Today(now)))
        {
            return WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("bill_date", $"a day of the last {MonthsKept} months", "query"));
        }

        if (!options.StatementsAtOnce && now < end + MadeAfter)
        {
            return WeChatPayAnswer.Failed(WeChatPayRefusal.StatementLater);
        }

        // Asked again later it is the same: refunds are told as they stood when it was made.
        var asOf = now < end + MadeAfter ? now : end + MadeAfter;
        var all = Statement.Movements(entry, end, asOf, options.FeePercent);
        var movements = Spoiled(all.Where(movement => movement.At >= start).ToList(), fault?.Kind, start);
        return fault?.Kind != FaultKind.Never && file(new StatementDay(start, end, all.Where(movement => movement.At < start).ToList(), movements)) is { } content
            ? Keep(entry, call, content, fault?.Kind, now)
            : WeChatPayAnswer.Failed(WeChatPayRefusal.NoStatement);
    }

    private static WeChatPayAnswer Keep(BooksEntry entry, WeChatPayCall call, byte[] content, FaultKind? fault, DateTimeOffset now)
    {
        var isGzip = call.Query("tar_type") is not null;
        var bytes = isGzip ? Packed(content) : content;
        var token = RandomNumberGenerator.GetHexString(64, lowercase: true);
        entry.Change("DELETE FROM wechat_statements WHERE expires_at <= $1", now);
        entry.Change(
            "INSERT INTO wechat_statements (token, bytes, is_gzip, expires_at) VALUES ($1, $2, $3, $4)",
            token, fault == FaultKind.Truncated ? bytes[..(bytes.Length / 2)] : bytes, isGzip, now + LinkLife);
        return WeChatPayAnswer.Ok(new
        {
            hash_type = "SHA1",
            hash_value = Convert.ToHexStringLower(Hash(fault == FaultKind.BadHash ? [.. content, (byte)' '] : content)),
            download_url = $"{call.Origin}{FilePath}?token={token}{(isGzip ? "&tartype=gzip" : "")}",
        });
    }

    /// <summary>Rows that are missing, too many or false; the file is well-formed, and its last line agrees with what stands in it.</summary>
    private static List<Movement> Spoiled(List<Movement> movements, FaultKind? fault, DateTimeOffset start)
    {
        switch (fault)
        {
            case FaultKind.MissingRow when movements.Count > 0:
                return movements[..^1];
            case FaultKind.WrongAmount when movements is [var first, ..]:
                var trade = first.Trade with { Fen = Spoiling.Smaller(first.Trade.Fen) };
                var refund = first.Refund is { } given ? given with { Fen = Spoiling.Smaller(given.Fen) } : null;
                return [first with { Trade = trade, Refund = refund }, .. movements.Skip(1)];
            case FaultKind.ExtraRow:
                var at = start + TimeSpan.FromHours(23);
                return
                [
                    .. movements,
                    new Movement(
                        at,
                        new WeChatTrade(
                            $"stranger_{WeChatPayWords.Digits(8)}", "", "", WeChatPayWords.NewTransactionId(at), TradeType.Native, "wx0000000000000000", 100, "stranger", null, WeChatTrades.SomePayer,
                            TradeState.Success, null, at, at, at, null, null, at, null, 0),
                        null, null, 1),
                ];
            default:
                return movements;
        }
    }

    private static byte[] Packed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

#pragma warning disable CA5350 // The protocol says SHA-1.
    private static byte[] Hash(byte[] content) => SHA1.HashData(content);
#pragma warning restore CA5350
}
