using System.Text.Json.Nodes;

namespace Refill.Sandbox.Stripe;

/// <summary>Why a request was not done, in the words of the API.</summary>
internal sealed record StripeRefusal(int Status, string Type, string? Code, string Message, string? Param = null)
{
    private const string Invalid = "invalid_request_error";

    /// <summary>The intent that it is about: callers go on with it.</summary>
    internal StripeObject? Intent { get; init; }

    internal string? DeclineCode { get; init; }

    internal string? Charge { get; init; }

    internal static readonly StripeRefusal NoKey = new(
        StatusCodes.Status401Unauthorized, Invalid, null, "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.");

    internal static readonly StripeRefusal ExpiredKey = new(StatusCodes.Status401Unauthorized, Invalid, "api_key_expired", "Expired API Key provided.");

    internal static readonly StripeRefusal NoPermission = new(StatusCodes.Status403Forbidden, Invalid, null, "The provided key does not have the required permissions for this endpoint.");

    internal static readonly StripeRefusal Broken = new(StatusCodes.Status500InternalServerError, "api_error", null, "An unknown error occurred: the sandbox was asked to fail.");

    /// <summary>The key is shown by its last four characters, as Stripe does.</summary>
    internal static StripeRefusal WrongKey(string key) => new(
        StatusCodes.Status401Unauthorized, Invalid, null, $"Invalid API Key provided: {(key.Length > 12 ? $"{new string('*', 8)}{key[^4..]}" : "****")}");

    internal static StripeRefusal WrongVersion(string version) => new(StatusCodes.Status400BadRequest, Invalid, null, $"Invalid Stripe API version: {version}");

    internal static StripeRefusal KeyInUse(string key) => new(
        StatusCodes.Status409Conflict, Invalid, "idempotency_key_in_use", $"There is currently another in-progress request using this Idempotent Key: {key}. Please try again later.");

    internal static StripeRefusal KeyUsedElsewhere(string key, string path, string firstPath) => new(
        StatusCodes.Status400BadRequest, "idempotency_error", null,
        $"Keys for idempotent requests can only be used for the same endpoint they were first used for ('{path}' vs '{firstPath}'). Try using a key other than '{key}' if you meant to execute a different request.");

    internal static StripeRefusal KeyUsedOtherwise(string key) => new(
        StatusCodes.Status400BadRequest, "idempotency_error", null,
        $"Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request.");

    internal static StripeRefusal Missing(string kind, string id, string param = "id") => new(StatusCodes.Status404NotFound, Invalid, "resource_missing", $"No such {kind}: '{id}'", param);

    /// <summary>A parameter names something that is not there: 400, not 404.</summary>
    internal static StripeRefusal MissingNamed(string kind, string id, string param) => Missing(kind, id, param) with { Status = StatusCodes.Status400BadRequest };

    internal static StripeRefusal Parameter(string param, string message, string? code = null) => new(StatusCodes.Status400BadRequest, Invalid, code, message, param);

    internal static StripeRefusal State(string message, string? code = null) => new(StatusCodes.Status400BadRequest, Invalid, code, message);

    internal static StripeRefusal Card(string code, string? declineCode, string message) => new(StatusCodes.Status402PaymentRequired, "card_error", code, message) { DeclineCode = declineCode };

    /// <summary>The error as a member of something else, such as last_payment_error.</summary>
    internal JsonObject Describe()
    {
        var error = new JsonObject();
        foreach (var (name, value) in new[] { ("charge", Charge), ("code", Code), ("decline_code", DeclineCode), ("message", Message), ("param", Param), ("type", Type) })
        {
            if (value is not null)
            {
                error[name] = value;
            }
        }

        return error;
    }
}

/// <summary>An answer before it is written.</summary>
/// <param name="Executed">False: the endpoint has not begun, so that nothing is stored under the idempotency key.</param>
internal sealed record StripeAnswer(int Status, JsonObject Body, bool Executed = true)
{
    internal static StripeAnswer Of(StripeObject thing) => new(StatusCodes.Status200OK, StripeShelf.Show(thing));

    internal static StripeAnswer Of<T>(StripePage<T> page, string url) where T : StripeObject => new(StatusCodes.Status200OK, new JsonObject
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. page.Rows.Select(StripeShelf.Show)]),
        ["has_more"] = page.HasMore,
        ["url"] = url,
    });

    internal static StripeAnswer Refused(StripeRefusal refusal, bool executed = true)
    {
        var error = refusal.Describe();
        if (refusal.Intent is { } intent)
        {
            error[intent.Object] = StripeShelf.Show(intent);
        }

        return new StripeAnswer(refusal.Status, new JsonObject { ["error"] = error }, executed);
    }
}
