using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Mvc;
using Refill.Customers;
using Refill.TopUps;

namespace Refill.Server.Api;

/// <summary>Many orders in one request: a line each, and a line of answer to each, in order, as soon as it is known.</summary>
internal static class BatchApi
{
    private const string Ndjson = "application/x-ndjson";
    private const int MaxLines = 10_000;
    private const int MaxLine = 4 * 1024;

    /// <summary>A line's own key is the batch's, a colon and up to five digits.</summary>
    private const int MaxKey = 200;

    /// <summary>Lines of one batch that are worked on at once: enough to fill a group, too few to keep others waiting.</summary>
    private const int AtOnce = 64;

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost("/top-ups/batch", OrderAsync).Needs(ApiScope.TopUpsWrite).WithName("orderTopUps").WithTags("Top-ups").WithSummary("Order up to 10,000 top-ups")
            .WithDescription("NDJSON: a line per order (`BatchLine`), a line of answer each (`BatchResult`), in the same order, while the batch is still being sent. A bad line fails alone. "
                + "If the line breaks, send the whole batch again with the same Idempotency-Key: what was ordered is not ordered twice. All orders pay from the key's wallet.")
            .Takes<BatchLine>(Ndjson).Produces<BatchResult>(200, Ndjson).WithProblems(ApiProblem.NoIdempotencyKey, ApiProblem.NotTaken)
            .WithMetadata(new RequestSizeLimitAttribute((long)MaxLines * MaxLine));

    private static async Task<IResult> OrderAsync(HttpContext context, WalletOrders orders, [FromHeader(Name = "Idempotency-Key")] string? key, CancellationToken cancellation)
    {
        if (!TopUpsApi.IsKey(key, MaxKey))
        {
            return ApiProblem.NoIdempotencyKey.Answer(context);
        }

        if (!TopUpsApi.IsSentAs(context.Request, Ndjson))
        {
            return ApiProblem.NotTaken.Answer(context);
        }

        context.Response.ContentType = Ndjson;
        var (walletId, answers) = (context.WalletId(), Channel.CreateBounded<Task<byte[]>>(AtOnce));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = ReadAsync(context.Request.BodyReader, (line, number) => AnswerAsync(orders, walletId, key!, line, number, stop.Token), answers.Writer, stop.Token);
        try
        {
            await foreach (var answer in answers.Reader.ReadAllAsync(stop.Token))
            {
                await context.Response.Body.WriteAsync(await answer, stop.Token);
                if (!answers.Reader.TryPeek(out var next) || !next.IsCompleted)
                {
                    await context.Response.Body.FlushAsync(stop.Token);
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return Results.Empty;
    }

    /// <summary>Cuts the body into lines and starts each; waits while as many as may are under way.</summary>
    private static async Task ReadAsync(PipeReader body, Func<byte[], int, Task<byte[]>> start, ChannelWriter<Task<byte[]>> answers, CancellationToken cancellation)
    {
        var number = 0;
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellation);
                var rest = read.Buffer;
                while (TryTakeLine(ref rest, read.IsCompleted, out var line))
                {
                    if (line.IsEmpty || IsBlank(line))
                    {
                        continue; // Between lines, and after the last.
                    }

                    if (++number > MaxLines)
                    {
                        await answers.WriteAsync(Task.FromResult(Refused(number, ApiProblem.TooLong, $"a batch has at most {MaxLines} lines; this one and those after it were not read")), cancellation);
                        body.AdvanceTo(read.Buffer.End);
                        return;
                    }

                    await answers.WriteAsync(line.Length > MaxLine ? Task.FromResult(Refused(number, ApiProblem.TooLong, null)) : start(line.ToArray(), number), cancellation);
                }

                if (rest.Length > MaxLine && !read.IsCompleted)
                {
                    // No end in sight: what follows cannot be told apart from it.
                    await answers.WriteAsync(Task.FromResult(Refused(number + 1, ApiProblem.TooLong, $"a line has at most {MaxLine} bytes; nothing after it was read")), cancellation);
                    body.AdvanceTo(read.Buffer.End);
                    return;
                }

                body.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (BadHttpRequestException)
        {
            await answers.WriteAsync(Task.FromResult(Refused(number + 1, ApiProblem.TooLong, "the batch is too large, or its end is missing; nothing after the last answered line was read")), cancellation);
        }
        finally
        {
            answers.Complete();
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, bool last, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }

        line = rest;
        rest = rest.Slice(rest.End);
        if (last)
        {
            return !line.IsEmpty;
        }

        (rest, line) = (line, default);
        return false;
    }

    private static bool IsBlank(ReadOnlySequence<byte> line)
    {
        foreach (var part in line)
        {
            if (part.Span.ContainsAnyExcept(" \t\r"u8))
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<byte[]> AnswerAsync(WalletOrders orders, Guid walletId, string batchKey, byte[] text, int number, CancellationToken cancellation)
    {
        if (TopUpsApi.Parse(text, ApiJson.Default.BatchLine, out var fault) is not { } line)
        {
            return Refused(number, ApiProblem.NotJson, fault);
        }

        var key = line.Key ?? $"{batchKey}:{number.ToString(CultureInfo.InvariantCulture)}";
        try
        {
            var outcome = await orders.OrderAsync(new WalletOrder(walletId, key, TopUpsApi.HashOf(line.Card, line.Plan), line.Card, line.Plan), TopUpsApi.Write, cancellation);
            if (outcome is WalletOrderOutcome.Ordered ordered)
            {
                return Ordered(number, ordered);
            }

            var (problem, detail, reason) = TopUpsApi.Refusal(outcome);
            return Refused(number, problem, detail, reason);
        }
        catch (Exception failure) when (ApiEndpoints.Problem(failure) is { } problem)
        {
            return Refused(number, problem, null);
        }
    }

    /// <summary>The order's own answer as it stands behind its key, in its place: the bytes are those that the order alone would have been answered with.</summary>
    private static byte[] Ordered(int number, WalletOrderOutcome.Ordered ordered)
    {
        var line = new ArrayBufferWriter<byte>(ordered.Body.Length + 64);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteNumber("line"u8, number);
            json.WriteNumber("status"u8, TopUpsApi.StatusOf(ordered));
            json.WritePropertyName("topUp"u8);
            json.WriteRawValue(ordered.Body.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        return line.WrittenSpan.ToArray();
    }

    private static byte[] Refused(int number, ApiProblem problem, string? detail, string? reason = null) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(new BatchResult(number, problem.Status, null, problem.Body(detail, reason)), ApiJson.Default.BatchResult), (byte)'\n'];
}
