using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Refill.Catalogue;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Api;

/// <summary>A top-up to order.</summary>
internal sealed record OrderBody(
    [property: Description("The card: a US mobile number in any common way of writing, or an ICCID of 18 to 20 digits."), MaxLength(64)] string Card,
    [property: Description("The plan's code, as in the seller's catalogue."), MaxLength(64)] string Plan,
    [property: Description("What pays: \"wallet\", the wallet of the API key."), MaxLength(20)] string PayWith);

/// <summary>A line of a batch.</summary>
internal sealed record BatchLine(
    [property: Description("The card: a US mobile number in any common way of writing, or an ICCID of 18 to 20 digits."), MaxLength(64)] string Card,
    [property: Description("The plan's code, as in the seller's catalogue."), MaxLength(64)] string Plan,
    [property: Description("This order's own idempotency key; without it, the batch's key and the line's number are its key."), MaxLength(255)] string? Key = null);

internal sealed record MoneyBody([property: Description("Minor units (cents).")] long Minor, [property: Description("ISO 4217.")] string Currency)
{
    public static MoneyBody Of(Money money) => new(money.Minor, money.Currency.Code);
}

internal sealed record PlanBody(string Code, string Name);

/// <summary>What was put on the card. Null: the plan does not state an amount, gives it anew each day, or it is unlimited (see the flags).</summary>
internal sealed record AddedBody(long? DataBytes, bool DataUnlimited, long? VoiceSeconds, bool VoiceUnlimited, long? Messages, bool MessagesUnlimited)
{
    /// <param name="sale">What offers have added; null: nothing.</param>
    public static AddedBody Of(Plan plan, SalePrice? sale)
    {
        return new(
            plan.IsDaily ? null : Amount(plan.FullSpeed) + (sale?.BonusBytes ?? 0), plan.FullSpeed.Kind == AllowanceKind.Unlimited, Amount(plan.Voice), plan.Voice.Kind == AllowanceKind.Unlimited,
            Amount(plan.Sms), plan.Sms.Kind == AllowanceKind.Unlimited);

        long? Amount(Allowance allowance) => allowance.Kind == AllowanceKind.Limited ? allowance.Amount * (sale?.Quantity ?? 1) : null;
    }
}

/// <summary>A top-up.</summary>
internal sealed record TopUpBody(
    [property: Description("22 characters; a capability: keep it from others.")] string Id,
    [property: Description("What a person reads out, such as 7KQ4-M2XD-9TPA.")] string OrderCode,
    [property: Description("delivering, completed, refunding, refunded, or needs-review.")] string State,
    [property: Description("The card, masked: its last four digits.")] string Card,
    string Carrier,
    PlanBody Plan,
    [property: Description("What is charged: the plan's price, less what an offer takes off it.")] MoneyBody Price,
    [property: Description("What was put on the card; null until completed.")] AddedBody? Added,
    [property: Description("The exclusive end of the validity; null until completed, or until the first use of a plan that starts with it.")] DateTimeOffset? ValidUntil,
    [property: Description("The carrier's own number of the credit.")] string? CarrierReference,
    [property: Description("Why it was refused or is looked at; null if all is well.")] string? Trouble,
    DateTimeOffset CreatedAt,
    DateTimeOffset? CompletedAt,
    [property: Description("Of the wallet, right after this order; only in the answer to the order."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] MoneyBody? WalletBalance = null)
{
    public static TopUpBody Of(TopUpView t, Money? balance = null)
    {
        var done = t.State == TopUpState.Completed;
        return new(
            CellId.ToText(t.Id), t.OrderCode, StateOf(t.State), t.Card.Masked, t.Carrier.Code, new PlanBody(t.Plan.Code, t.Plan.Name), MoneyBody.Of(t.Price), done ? AddedBody.Of(t.Plan, t.Sale?.Present) : null,
            done ? t.ValidUntil : null, t.CarrierReference, t.Trouble == TopUpTrouble.None ? null : ApiJson.Word(t.Trouble), t.CreatedAt, t.CompletedAt, balance is { } left ? MoneyBody.Of(left) : null);
    }

    private static string StateOf(TopUpState state) => state is TopUpState.Paid or TopUpState.Fulfilling ? "delivering" : ApiJson.Word(state);
}

internal sealed record TopUpPage(IReadOnlyList<TopUpBody> TopUps, [property: Description("The cursor of the next page; null at the end.")] string? Next);

internal sealed record WalletBody(string Id, string Name, MoneyBody Balance);

/// <summary>A line of a wallet's account.</summary>
internal sealed record EntryBody(
    [property: Description("1 for the first entry of the wallet; no gaps.")] long Sequence,
    [property: Description("credit, top-up, or refund.")] string Kind,
    [property: Description("The top-up that it is about.")] string? TopUp,
    MoneyBody Amount,
    MoneyBody BalanceAfter,
    DateTimeOffset At);

internal sealed record EntryPage(IReadOnlyList<EntryBody> Entries, [property: Description("The cursor of the next page; null at the end.")] string? Next);

/// <summary>A refusal (RFC 9457).</summary>
internal sealed record ProblemBody(
    [property: Description("/problems/ and a stable code.")] string Type,
    string Title,
    int Status,
    [property: Description("What is wrong with this request, in words."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null,
    [property: Description("A stable word that says more, where there are several reasons."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null);

/// <summary>What became of one line of a batch.</summary>
internal sealed record BatchResult(
    [property: Description("The line's number, from 1.")] int Line,
    [property: Description("What the same order alone would have been answered.")] int Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TopUpBody? TopUp = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ProblemBody? Problem = null);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false, NumberHandling = JsonNumberHandling.Strict, MaxDepth = 8)]
[JsonSerializable(typeof(OrderBody))]
[JsonSerializable(typeof(BatchLine))]
[JsonSerializable(typeof(TopUpBody))]
[JsonSerializable(typeof(TopUpPage))]
[JsonSerializable(typeof(WalletBody))]
[JsonSerializable(typeof(EntryPage))]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(BatchResult))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>A name of ours as the API writes it: NeedsReview becomes needs-review.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
