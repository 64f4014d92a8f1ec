using System.Globalization;
using System.Text.Json;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Reloadly;

/// <summary>
/// Reloadly's Airtime API by its published contract, with a prepaid balance of its own. A top-up is done and committed to the books before a fault
/// or a number's behaviour spoils the answer.
/// </summary>
internal sealed class ReloadlyApi(ReloadlyBooksOptions options, SandboxBooks books, FaultBook faults, ReloadlyTokens tokens, Courier courier, TimeProvider time)
{
    private const int LongestIdentifier = 128;
    private const int LargestPage = 200;

    internal Task BalanceAsync(HttpContext context) => CallAsync(context, null, _ =>
    {
        var (cents, updatedAt) = Enter(ReloadlyTransactions.Balance);
        return ReloadlyAnswer.Success(new { balance = cents / 100m, currencyCode = "USD", currencyName = "US Dollar", updatedAt = ReloadlyWords.Time(updatedAt) });
    });

    internal Task OperatorAsync(HttpContext context, long id) => CallAsync(context, null, _ =>
        ReloadlyOperators.Find(id) is { } found ? ReloadlyAnswer.Success(ReloadlyOperators.Describe(found)) : NotFound(context, "OPERATOR_NOT_FOUND", "Operator not found for given id"));

    internal Task OperatorsAsync(HttpContext context, string country) => CallAsync(context, null, _ =>
        country == "US"
            ? ReloadlyAnswer.Success(ReloadlyOperators.All.Select(ReloadlyOperators.Describe))
            : NotFound(context, "COUNTRY_NOT_SUPPORTED", "Country not found and/or not currently supported"));

    /// <summary>Both auto-detect and mnp-lookup: here they cannot differ.</summary>
    internal Task DetectAsync(HttpContext context, string phone, string country, string unknownMessage)
    {
        var number = ReloadlyOperators.Normalise(phone);
        return CallAsync(context, () => faults.Take("reloadly", "lookup", null, number), fault => country switch
        {
            _ when fault?.Kind == FaultKind.Reject => NotFound(context, "COULD_NOT_AUTO_DETECT_OPERATOR", unknownMessage),
            { Length: not 2 } => NotFound(context, "COUNTRY_NOT_SUPPORTED", "Country code must be 2 characters ISO-Alpha-2 country code. See https://www.iban.com/country-codes"),
            not "US" => NotFound(context, "COUNTRY_NOT_SUPPORTED", "Country not found and/or not currently supported"),
            _ when number is not null && ReloadlyOperators.OfNumber(number) is { } found => ReloadlyAnswer.Success(ReloadlyOperators.Describe(found)),
            _ => NotFound(context, "COULD_NOT_AUTO_DETECT_OPERATOR", unknownMessage),
        });
    }

    internal async Task TopUpAsync(HttpContext context, bool asynchronous)
    {
        var asked = await ReloadlyWords.ReadAsync(context);
        var identifier = ReloadlyWords.Text(asked, "customIdentifier");
        var number = asked.ValueKind == JsonValueKind.Object && asked.TryGetProperty("recipientPhone", out var phone)
            && ReloadlyWords.Text(phone, "countryCode") is null or "US" ? ReloadlyOperators.Normalise(ReloadlyWords.Text(phone, "number")) : null;

        // A fault that was asked for comes before the number's own ways.
        await CallAsync(context, () => faults.Take("reloadly", asynchronous ? "topup-async" : "topup", identifier, number) ?? ReloadlyOperators.WayOf(number), fault =>
            Read(asked, number, out var refusal) is { } ask
                ? Do(context, ask, fault, asynchronous)
                : ReloadlyWords.Error(context, time, StatusCodes.Status400BadRequest, refusal.Code, refusal.Message));
    }

    /// <summary>One transaction by its number, as its status or as a line of the report.</summary>
    internal Task FindAsync(HttpContext context, long id, bool asReport)
    {
        var transaction = Enter(entry => ReloadlyTransactions.Find(entry, id));
        return CallAsync(context, () => faults.Take("reloadly", asReport ? "report" : "status", transaction?.CustomIdentifier, transaction?.Number), fault =>
            transaction is null || fault?.Kind is FaultKind.Never or FaultKind.Reject
                ? NotFound(context, "TRANSACTION_NOT_FOUND", "Transaction not found")
                : ReloadlyAnswer.Success(ReloadlyWords.Describe(transaction, withBalance: !asReport, fault)));
    }

    internal Task ReportAsync(HttpContext context)
    {
        var filter = ReportFilter.Read(context.Request.Query);
        var about = filter.CustomIdentifier is { } identifier ? Enter(entry => ReloadlyTransactions.FindByIdentifier(entry, identifier)) : null;
        return CallAsync(context, () => faults.Take("reloadly", "report", filter.CustomIdentifier, about?.Number), fault => fault?.Kind switch
        {
            FaultKind.Reject => NotFound(context, "TRANSACTION_NOT_FOUND", "Transaction not found"),
            FaultKind.Never => ReloadlyAnswer.Success(new { content = Array.Empty<object>() }),
            _ => ReloadlyAnswer.Success(new { content = Enter(filter.Rows).Select(row => ReloadlyWords.Describe(row, withBalance: false, fault)) }),
        });
    }

    /// <summary>Any path that there is not.</summary>
    internal Task NothingHereAsync(HttpContext context) => ReloadlyWords.WriteAsync(context, NotFound(context, "NOT_FOUND", "No message available"));

    /// <summary>Makes a call: token, fault, work, answer.</summary>
    /// <param name="take">What is to go wrong, if anything: asked only when the caller has been let in.</param>
    private async Task CallAsync(HttpContext context, Func<Fault?>? take, Func<Fault?, ReloadlyAnswer> work)
    {
        if (tokens.Objection(context) is { } objection)
        {
            await ReloadlyWords.WriteAsync(context, objection);
            return;
        }

        var fault = take?.Invoke();
        var answer = fault?.Kind == FaultKind.Error500
            ? ReloadlyWords.Error(context, time, StatusCodes.Status500InternalServerError, "INTERNAL_SERVER_ERROR", "the sandbox was asked to fail")
            : work(fault);
        courier.Ring();
        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            await ReloadlyWords.WriteAsync(context, answer);
        }
    }

    private static ReloadlyAsk? Read(JsonElement asked, string? number, out (string Code, string Message) refusal)
    {
        refusal = default;
        if (asked.ValueKind != JsonValueKind.Object || !asked.TryGetProperty("operatorId", out var id) || !asked.TryGetProperty("amount", out var amount))
        {
            refusal = ("INVALID_INPUT_PROVIDED", "operatorId, amount and recipientPhone must be given");
        }
        else if (!long.TryParse(id.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var operatorId) || ReloadlyOperators.Find(operatorId) is not { } found)
        {
            refusal = ("OPERATOR_NOT_FOUND", "Operator not found for given id");
        }
        else if (number is null || ReloadlyOperators.OfNumber(number)?.Id != operatorId)
        {
            refusal = ("INVALID_RECIPIENT_PHONE", "Recipient phone number is not valid");
        }
        else if (ReloadlyWords.Cents(amount) is not { } cents || !found.Takes(cents) || (asked.TryGetProperty("useLocalAmount", out var local) && local.ValueKind == JsonValueKind.True))
        {
            refusal = ("INVALID_AMOUNT_FOR_OPERATOR", "The operator takes its fixed amounts of USD only");
        }
        else if (ReloadlyWords.Text(asked, "customIdentifier") is { Length: 0 or > LongestIdentifier })
        {
            refusal = ("INVALID_INPUT_PROVIDED", $"customIdentifier must have 1 to {LongestIdentifier} characters");
        }
        else
        {
            return new ReloadlyAsk(found, number, cents, ReloadlyWords.Text(asked, "customIdentifier") ?? Guid.NewGuid().ToString());
        }

        return null;
    }

    private ReloadlyAnswer Do(HttpContext context, ReloadlyAsk ask, Fault? fault, bool asynchronous)
    {
        var now = time.GetUtcNow();
        var settlement = fault?.Kind switch
        {
            FaultKind.Never => new Settlement(null, Successful: true),
            FaultKind.Pending => new Settlement(now + fault.Wait, Successful: true),
            FaultKind.Reject => new Settlement(now + fault.Wait, Successful: false),
            _ => new Settlement(now, Successful: true),
        };

        // Refused at once, nothing is written down; but a used identifier is told as such, for its credit stands.
        var atOnce = fault is { Kind: FaultKind.Reject, Seconds: 0 };
        var (transaction, errorCode) = Enter(entry =>
            atOnce && !ReloadlyTransactions.IsUsed(entry, ask.CustomIdentifier)
                ? (null, "TRANSACTION_REFUSED_BY_OPERATOR")
                : ReloadlyTransactions.Begin(entry, ask, settlement, options.WebhookUrl?.AbsoluteUri, now));
        if (transaction is null)
        {
            return ReloadlyWords.Error(context, time, StatusCodes.Status400BadRequest, errorCode!, errorCode switch
            {
                "CUSTOM_IDENTIFIER_ALREADY_USED" => "The custom identifier has already been used",
                "INSUFFICIENT_BALANCE" => "The account's balance is too low",
                _ => "The operator has refused the transaction",
            });
        }

        return ReloadlyAnswer.Success(asynchronous ? new { transactionId = transaction.Id } : ReloadlyWords.Describe(transaction, withBalance: true, fault: null));
    }

    private ReloadlyAnswer NotFound(HttpContext context, string errorCode, string message) =>
        ReloadlyWords.Error(context, time, StatusCodes.Status404NotFound, errorCode, message);

    private T Enter<T>(Func<BooksEntry, T> work) => books.Enter(entry =>
    {
        ReloadlyTransactions.Settle(entry, options.WebhookUrl?.AbsoluteUri, time.GetUtcNow());
        return work(entry);
    });
}
