using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Refill.Ledger;
using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Archive;

/// <summary>
/// A line of an archive: one thing, as JSON, that somebody with zcat and grep can read in ten years. Every column of the rows is in it; the cell is the last byte of each id.
/// A top-up's line is followed by those of its transfers.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Header), "archive")]
[JsonDerivedType(typeof(Terms), "terms")]
[JsonDerivedType(typeof(TopUp), "top-up")]
[JsonDerivedType(typeof(Transfer), "transfer")]
[JsonDerivedType(typeof(Trailer), "end")]
internal abstract record ArchiveLine
{
    private ArchiveLine()
    {
    }

    /// <summary>The first line.</summary>
    public sealed record Header(int Format, string Month, DateTimeOffset Created) : ArchiveLine;

    /// <summary>Carrier and plan as the top-ups after it were sold. It stays in the database, and is here so that the file is understood without it.</summary>
    public sealed record Terms(Guid Id, JsonElement Detail) : ArchiveLine;

    public sealed record TopUp(
        Guid Id, long Version, TopUpState State, DateTimeOffset UpdatedAt, Guid CardId, long ChargeMinor, string ChargeCurrency, string? OrderCode, Guid? WalletId, Guid TermsId, JsonElement Detail,
        IReadOnlyList<PaymentEntry> Payments, IReadOnlyList<StepEntry> Steps) : ArchiveLine
    {
        public static TopUp Of(TopUpRow row, IEnumerable<PaymentRow> payments, IEnumerable<TopUpStepRow> steps)
        {
            using var detail = JsonDocument.Parse(row.Detail);
            return new TopUp(
                row.Id, row.Version, (TopUpState)row.State, row.UpdatedAt, row.CardId, row.ChargeMinor, row.ChargeCurrency, row.OrderCode, row.WalletId, row.TermsId, detail.RootElement.Clone(),
                [.. payments.Select(PaymentEntry.Of)], [.. steps.Select(StepEntry.Of)]);
        }

        public TopUpRow ToRow() => new()
        {
            Cell = CellId.CellOf(Id).Number,
            Id = Id,
            Version = Version,
            State = (short)State,
            UpdatedAt = UpdatedAt,
            CardId = CardId,
            ChargeMinor = ChargeMinor,
            ChargeCurrency = ChargeCurrency,
            OrderCode = OrderCode,
            WalletId = WalletId,
            TermsId = TermsId,
            Detail = Detail.GetRawText(),
        };
    }

    /// <param name="Name">What happened: the ledger's kind.</param>
    public sealed record Transfer(Guid Id, string Name, Guid Subject, IReadOnlyList<PostingEntry> Postings) : ArchiveLine
    {
        /// <exception cref="InvalidDataException">Its postings cannot be read.</exception>
        public static Transfer Of(TransferRow row) => new(row.Id, row.Kind, row.Subject, [.. PackedPostings.Read(row.Postings).Select(PostingEntry.Of)]);

        public TransferRow ToRow() => new() { Cell = CellId.CellOf(Id).Number, Id = Id, Kind = Name, Subject = Subject, Postings = PackedPostings.Pack([.. Postings.Select(posting => posting.ToLine())]) };
    }

    /// <summary>The last line: without it, the file is not whole.</summary>
    public sealed record Trailer(long TopUps, long Transfers) : ArchiveLine;
}

/// <summary>One posting of a transfer, in the account's unit.</summary>
/// <param name="Sequence">Null, as the two after it: the account has no floor, and its postings no order.</param>
/// <param name="Previous">The transfer of the account's posting before; null for its first.</param>
/// <param name="Opens">The purpose of an account that had no row because nothing else was posted to it; null: it had one.</param>
/// <param name="Floor">Of that account.</param>
internal sealed record PostingEntry(Guid Account, string Unit, long Amount, long? Sequence, long? BalanceAfter, Guid? Previous, string? Opens = null, long? Floor = null)
{
    public static PostingEntry Of(PostingLine line) => line.Sequence == 0
        ? new PostingEntry(line.AccountId, line.Unit, line.Amount, null, null, null)
        : new PostingEntry(line.AccountId, line.Unit, line.Amount, line.Sequence, line.BalanceAfter, line.Sequence > 1 ? line.Previous : null, line.Opens?.Purpose, line.Opens?.Floor);

    public PostingLine ToLine() => new(Account, Unit, Amount, Sequence ?? 0, BalanceAfter ?? 0, Previous ?? default, Opens is null ? null : new Opening(Opens, Floor ?? 0));
}

internal sealed record PaymentEntry(
    Guid Id, long Version, string Gateway, PaymentWay Way, PaymentState State, long AmountMinor, string Currency, long? PaidMinor, string? Code, string? GatewayNumber,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? PaidAt, DateTimeOffset? RefundRequestedAt, DateTimeOffset? RefundedAt, string? StartNumber = null)
{
    public static PaymentEntry Of(PaymentRow row) => new(
        row.Id, row.Version, row.Gateway, (PaymentWay)row.Way, (PaymentState)row.State, row.AmountMinor, row.Currency, row.PaidMinor, row.Code, row.GatewayNumber,
        row.CreatedAt, row.ExpiresAt, row.PaidAt, row.RefundRequestedAt, row.RefundedAt, row.StartNumber);

    public PaymentRow ToRow(Guid topUpId) => new()
    {
        Cell = CellId.CellOf(Id).Number,
        Id = Id,
        Version = Version,
        TopUpId = topUpId,
        Gateway = Gateway,
        Way = (short)Way,
        State = (short)State,
        AmountMinor = AmountMinor,
        Currency = Currency,
        PaidMinor = PaidMinor,
        Code = Code,
        GatewayNumber = GatewayNumber,
        StartNumber = StartNumber,
        CreatedAt = CreatedAt,
        ExpiresAt = ExpiresAt,
        PaidAt = PaidAt,
        RefundRequestedAt = RefundRequestedAt,
        RefundedAt = RefundedAt,
    };
}

/// <summary>One step of a top-up's history.</summary>
/// <param name="Version">The row's own; <paramref name="TopUpVersion"/> is the top-up's after the step.</param>
/// <param name="From">Null: the beginning.</param>
internal sealed record StepEntry(Guid Id, long Version, long TopUpVersion, TopUpState? From, TopUpState To, string Name, DateTimeOffset At)
{
    public static StepEntry Of(TopUpStepRow row) => new(row.Id, row.Version, row.TopUpVersion, row.FromState == 0 ? null : (TopUpState)row.FromState, (TopUpState)row.ToState, row.Name, row.At);

    public TopUpStepRow ToRow(Guid topUpId) => new()
    {
        Cell = CellId.CellOf(Id).Number,
        Id = Id,
        Version = Version,
        TopUpId = topUpId,
        TopUpVersion = TopUpVersion,
        FromState = (short)(From ?? 0),
        ToState = (short)To,
        Name = Name,
        At = At,
    };
}

/// <summary>How the lines are written: states as words, instants in UTC as ISO 8601 has them, money in minor units, nothing that is not there.</summary>
[JsonSerializable(typeof(ArchiveLine))]
internal sealed partial class ArchiveJson : JsonSerializerContext
{
    public static readonly ArchiveJson Compiled = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.Strict,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { Words<TopUpState>(), Words<PaymentState>(), Words<PaymentWay>() },
    });

    private static JsonStringEnumConverter<TEnum> Words<TEnum>()
        where TEnum : struct, Enum => new(JsonNamingPolicy.KebabCaseLower);
}
