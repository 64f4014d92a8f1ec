using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Cards;
using Refill.Catalogue;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>
/// One purchase of one plan for one card, as it stands. Immutable: <c>TopUpSteps</c> makes the next one, and nothing else may.
/// </summary>
/// <param name="Version">0 until it is first committed.</param>
/// <param name="OrderCode">What a person reads out (OrderCode).</param>
/// <param name="IdentifierKind">How the visitor named the card; the identifier itself is kept, encrypted, with the card.</param>
/// <param name="Plan">A copy of the plan as quoted: what is sold later or withdrawn changes nothing here.</param>
/// <param name="Charge">What is to be paid at a gateway that takes another currency than the price's; the price itself if no rate held.</param>
/// <param name="Reference">What the connector wants to be given back for this card.</param>
/// <param name="LastCallAt">When the carrier was last called to credit; null: it has not been, or the call certainly never left.</param>
/// <param name="ValidUntil">The exclusive end of the validity; null while a plan waits for its first use.</param>
/// <param name="CarrierNumber">The carrier's number of a pending delivery, to ask with.</param>
/// <param name="WalletId">The wallet that paid in the very commit that made and completed the top-up. Such a one is its own payment and its own first step: nothing is written twice of it.</param>
public sealed record TopUp(
    Guid Id,
    long Version,
    string OrderCode,
    TopUpState State,
    Guid CardId,
    CardIdentifierKind IdentifierKind,
    string LastFour,
    Carrier Carrier,
    string? CurrentPlan,
    DateTimeOffset? CurrentExpiresAt,
    Plan Plan,
    Money Charge,
    FxRate Rate,
    string Reference,
    DateTimeOffset UpdatedAt,
    DateTimeOffset QuoteExpiresAt,
    DateTimeOffset? DeliveryStartedAt,
    DateTimeOffset? LastCallAt,
    DateTimeOffset? CompletedAt,
    DateTimeOffset? ValidUntil,
    string? CarrierNumber,
    string? CarrierReference,
    TopUpTrouble Trouble,
    Guid? WalletId = null)
{
    /// <summary>How long a quote's price, rate and validity are frozen.</summary>
    public static readonly TimeSpan QuoteLifetime = TimeSpan.FromMinutes(15);

    /// <summary>How many days ahead a top-up may be bought.</summary>
    public const int MostDaysAhead = 60;

    /// <summary>How long a bank transfer may take, at the quoted price: weekends and holidays on both sides (docs/decisions/bank-transfer.md).</summary>
    public static readonly TimeSpan TransferLifetime = TimeSpan.FromDays(7);

    /// <summary>How long after the quote's end (of a transfer: after the payment's) a payment is still honoured at the quoted price; later it goes back (failure case 20).</summary>
    public static readonly TimeSpan HonourLateFor = TimeSpan.FromHours(24);

    /// <summary>What offers make of the price; null: it is the list price.</summary>
    public Sale? Sale { get; init; }

    /// <summary>When it is to be delivered: paid in advance, started later. Null: as soon as it is paid.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    public Cell Cell => CellId.CellOf(Id);

    /// <summary>What is to be earned: of the way that it was paid in, once it is paid.</summary>
    public Money Price => Sale is null ? Plan.Price : Plan.Price with { Minor = Sale.Present.TotalCents };

    /// <summary>What this gateway asks, in its currency; null: it cannot be paid in that.</summary>
    public Money? ChargeAt(string gateway, Currency currency) => ChargeAt(Plan, Charge, Rate, Sale, gateway, currency);

    internal static Money? ChargeAt(Plan plan, Money charge, FxRate rate, Sale? sale, string gateway, Currency currency) => (sale is null, currency == plan.Price.Currency) switch
    {
        (true, true) => plan.Price,
        (true, false) => currency == charge.Currency ? charge : null,
        (false, true) => plan.Price with { Minor = sale!.At(gateway).TotalCents },
        _ => currency == rate.To && rate.From != rate.To ? rate.Convert(plan.Price with { Minor = sale!.At(gateway).TotalCents }) : null,
    };

    /// <summary>When it was made: its id says so.</summary>
    public DateTimeOffset CreatedAt => CellId.TimeOf(Id);

    public static readonly VersionedTable Table = new(
        "top_up",
        new Column("state", ColumnType.Smallint),
        new Column("updated_at", ColumnType.Bigint),
        new Column("card_id", ColumnType.Uuid),
        new Column("charge_minor", ColumnType.Bigint),
        new Column("charge_currency", ColumnType.Text),
        new Column("order_code", ColumnType.Text),
        new Column("wallet_id", ColumnType.Uuid),
        new Column("terms_id", ColumnType.Uuid),
        new Column("detail", ColumnType.Text));

    /// <summary>The compare-and-set that stores this as the successor of <paramref name="expectedVersion"/>.</summary>
    /// <param name="termsId">Of its carrier and plan (TermsBook).</param>
    internal RowChange Store(long expectedVersion, Guid termsId) => new(Table, Cell, Id, expectedVersion,
    [
        (short)State, UpdatedAt.ToUnixTimeMilliseconds(), CardId, Charge.Minor, Charge.Currency.Code, OrderCode.Length == KeptCode ? OrderCode : null, WalletId, termsId,
        JsonSerializer.Serialize(Detail.Of(this), TopUpJson.Compiled.Detail),
    ]);

    internal static async ValueTask<TopUp> ReadAsync(TopUpRow row, TermsBook book, CancellationToken cancellation)
    {
        var detail = JsonSerializer.Deserialize(row.Detail, TopUpJson.Compiled.Detail) ?? throw new InvalidOperationException($"top-up {row.Id} has no detail");
        var (terms, charge) = (await book.ReadAsync(row.TermsId, cancellation), new Money(row.ChargeMinor, Currency.Of(row.ChargeCurrency)));
        return new TopUp(
            row.Id, row.Version, row.OrderCode ?? TopUps.OrderCode.Of(row.Id), (TopUpState)row.State, row.CardId, detail.IdentifierKind, detail.LastFour,
            terms.Carrier, detail.CurrentPlan, detail.CurrentExpiresAt, terms.Plan, charge, detail.Rate ?? NoExchange(charge.Currency, CellId.TimeOf(row.Id)), detail.Reference,
            row.UpdatedAt, detail.QuoteExpiresAt ?? CellId.TimeOf(row.Id), detail.DeliveryStartedAt, detail.LastCallAt, detail.CompletedAt, detail.ValidUntil,
            detail.CarrierNumber, detail.CarrierReference, detail.Trouble, row.WalletId)
        {
            Sale = detail.Sale,
            StartsAt = detail.StartsAt,
        };
    }

    /// <summary>Paid in the currency of the price: by a wallet, or because no rate held.</summary>
    internal static FxRate NoExchange(Currency currency, DateTimeOffset at) => new(currency, currency, FxRate.One, WalletGateway.GatewayName, at);

    /// <summary>Codes of this length are kept beside their top-up; longer ones are read off its id (OrderCode).</summary>
    private const int KeptCode = 14;

    /// <summary>What no query asks for by column stands in one JSON text, without what is not there: fewer columns, a leaner row.</summary>
    /// <param name="Rate">Null: nothing is exchanged.</param>
    /// <param name="QuoteExpiresAt">Null: there was no quote; it was ordered and paid in one step.</param>
    internal sealed record Detail(
        CardIdentifierKind IdentifierKind,
        string LastFour,
        string? CurrentPlan,
        DateTimeOffset? CurrentExpiresAt,
        FxRate? Rate,
        string Reference,
        DateTimeOffset? QuoteExpiresAt,
        DateTimeOffset? DeliveryStartedAt,
        DateTimeOffset? LastCallAt,
        DateTimeOffset? CompletedAt,
        DateTimeOffset? ValidUntil,
        string? CarrierNumber,
        string? CarrierReference,
        TopUpTrouble Trouble,
        Sale? Sale = null,
        DateTimeOffset? StartsAt = null)
    {
        public static Detail Of(TopUp t) => new(
            t.IdentifierKind, t.LastFour, t.CurrentPlan, t.CurrentExpiresAt, t.Rate == NoExchange(t.Charge.Currency, t.CreatedAt) ? null : t.Rate, t.Reference, t.QuoteExpiresAt == t.CreatedAt ? null : t.QuoteExpiresAt,
            t.DeliveryStartedAt, t.LastCallAt, t.CompletedAt, t.ValidUntil, t.CarrierNumber, t.CarrierReference, t.Trouble, t.Sale, t.StartsAt);
    }
}

public sealed class TopUpRow : IEntityTypeConfiguration<TopUpRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public short State { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public Guid CardId { get; set; }
    public long ChargeMinor { get; set; }
    public string ChargeCurrency { get; set; } = "";

    /// <summary>Null: it is read off the id.</summary>
    public string? OrderCode { get; set; }
    public Guid? WalletId { get; set; }
    public Guid TermsId { get; set; }
    public string Detail { get; set; } = "";

    public void Configure(EntityTypeBuilder<TopUpRow> builder)
    {
        builder.ToTable("top_up");
        builder.HasKey(row => new { row.Cell, row.Id });

        // Not unique: 52 random bits are, and `refill verify` looks. PostgreSQL has no unique index over the months of this table that lacks what tells them apart.
        builder.HasIndex(row => new { row.Cell, row.OrderCode }).HasFilter("order_code IS NOT NULL");

        // The sweep looks for what has stood still; final states are most rows and are left out.
        builder.HasIndex(row => new { row.State, row.UpdatedAt }).HasFilter("state IN (2, 3, 4, 8)");
    }
}
