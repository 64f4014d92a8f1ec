using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Reloadly;

/// <summary>An answer of the Airtime API.</summary>
internal sealed record ReloadlyAnswer(int Status, object Body)
{
    internal static ReloadlyAnswer Success(object body) => new(StatusCodes.Status200OK, body);
}

/// <summary>How the contract writes times, amounts, errors and top-ups. Where its schemas and its examples differ, the schemas are followed.</summary>
internal static class ReloadlyWords
{
    internal static string Time(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    internal static string Amount(long cents) => string.Create(CultureInfo.InvariantCulture, $"{cents / 100}.{cents % 100:00}");

    /// <summary>Cents; null unless it is a whole number of them, above nothing. Written as a JSON number or as text.</summary>
    internal static long? Cents(JsonElement value) =>
        (value.ValueKind is JsonValueKind.Number ? value.GetRawText() : value.ValueKind is JsonValueKind.String ? value.GetString() : null) is { Length: <= 20 } text
        && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var dollars)
        && dollars < 1_000_000 && dollars * 100 is var cents && cents >= 1 && cents == decimal.Truncate(cents)
            ? (long)cents
            : null;

    /// <summary>The contract's error form. infoLink is left out: its schema wants a text, its examples have null.</summary>
    internal static ReloadlyAnswer Error(HttpContext context, TimeProvider time, int status, string errorCode, string message) => new(status, new
    {
        timeStamp = Time(time.GetUtcNow()),
        message,
        path = context.Request.Path.Value,
        errorCode,
        details = Array.Empty<object>(),
    });

    /// <summary>A top-up as the customer is told of it.</summary>
    /// <param name="withBalance">The answers to a top-up and to a question about its status tell the balance; the report does not.</param>
    /// <param name="fault">"pending", "wrong-amount" and "wrong-currency" tell something that is not so.</param>
    internal static Dictionary<string, object?> Describe(ReloadlyTransaction it, bool withBalance, Fault? fault)
    {
        var status = fault?.Kind == FaultKind.Pending ? TopUpStatus.Processing : it.Status;
        var amount = Amount(fault?.Kind == FaultKind.WrongAmount ? Spoiling.Smaller(it.Cents) : it.Cents);
        var currency = fault?.Kind == FaultKind.WrongCurrency ? "CAD" : "USD";
        var answer = new Dictionary<string, object?>
        {
            ["transactionId"] = it.Id,
            ["status"] = status,
            ["operatorTransactionId"] = status == TopUpStatus.Successful ? $"SBX{it.Id}:OrderConfirmed" : null,
            ["customIdentifier"] = it.CustomIdentifier,
            ["recipientPhone"] = it.Number.TrimStart('+'),
            ["countryCode"] = "US",
            ["operatorId"] = it.OperatorId.ToString(CultureInfo.InvariantCulture),
            ["operatorName"] = ReloadlyOperators.Find(it.OperatorId)!.Name,
            ["discount"] = Amount(it.DiscountCents),
            ["discountCurrencyCode"] = currency,
            ["requestedAmount"] = amount,
            ["requestedAmountCurrencyCode"] = currency,
            ["deliveredAmount"] = amount,
            ["deliveredAmountCurrencyCode"] = currency,
            ["transactionDate"] = Time(it.CreatedAt),
        };
        if (withBalance)
        {
            answer["balanceInfo"] = new
            {
                oldBalance = it.OldBalanceCents / 100m,
                newBalance = (it.OldBalanceCents - it.CostCents) / 100m,
                currencyCode = "USD",
                currencyName = "US Dollar",
                updatedAt = Time(it.CreatedAt),
            };
        }

        return answer;
    }

    internal static async Task WriteAsync(HttpContext context, ReloadlyAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = MediaTypeNames.Application.Json;
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(answer.Body), context.RequestAborted);
    }

    /// <summary>The request's body; an undefined element if it is no JSON object.</summary>
    internal static async Task<JsonElement> ReadAsync(HttpContext context)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(
                context.Request.Body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 }, context.RequestAborted);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : default;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>A member's text; null if it is missing or none.</summary>
    internal static string? Text(JsonElement within, string name) =>
        within.ValueKind == JsonValueKind.Object && within.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
