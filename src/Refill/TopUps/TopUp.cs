using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Cards;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>
/// One purchase of one plan for one card, as it stands. Immutable: <c>TopUpSteps</c> makes the next one, and nothing else may.
/// </summary>
/// <param name="Version">0 until it is first committed.</param>
/// <param name="IdentifierKind">How the visitor named the card; the identifier itself is kept, encrypted, with the card.</param>
/// <param name="Plan">A copy of the plan as quoted: what is sold later or withdrawn changes nothing here.</param>
/// <param name="Charge">What is to be paid, in the gateway's currency.</param>
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
    DateTimeOffset CreatedAt,
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

    /// <summary>How long after the quote's end a payment is still honoured at the quoted price; later it goes back (failure case 20).</summary>
    public static readonly TimeSpan HonourLateFor = TimeSpan.FromHours(24);

    public Cell Cell => CellId.CellOf(Id);

    public Money Price => Plan.Price;

    public static readonly VersionedTable Table = new(
        "top_up",
        new Column("order_code", ColumnType.Text),
        new Column("state", ColumnType.Smallint),
        new Column("card_id", ColumnType.Uuid),
        new Column("last_four", ColumnType.Text),
        new Column("price_minor", ColumnType.Bigint),
        new Column("charge_minor", ColumnType.Bigint),
        new Column("charge_currency", ColumnType.Text),
        new Column("created_at", ColumnType.Bigint),
        new Column("updated_at", ColumnType.Bigint),
        new Column("completed_at", ColumnType.Bigint),
        new Column("valid_until", ColumnType.Bigint),
        new Column("trouble", ColumnType.Smallint),
        new Column("wallet_id", ColumnType.Uuid),
        new Column("terms_id", ColumnType.Uuid),
        new Column("detail", ColumnType.Text));

    /// <summary>The compare-and-set that stores this as the successor of <paramref name="expectedVersion"/>.</summary>
    /// <param name="termsId">Of its carrier and plan (TermsBook).</param>
    internal RowChange Store(long expectedVersion, Guid termsId) => new(Table, Cell, Id, expectedVersion,
    [
        OrderCode, (short)State, CardId, LastFour, Price.Minor, Charge.Minor, Charge.Currency.Code,
        CreatedAt.ToUnixTimeMilliseconds(), UpdatedAt.ToUnixTimeMilliseconds(), CompletedAt?.ToUnixTimeMilliseconds(), ValidUntil?.ToUnixTimeMilliseconds(),
        (short)Trouble, WalletId, termsId, JsonSerializer.Serialize(Detail.Of(this), TopUpJson.Compiled.Detail),
    ]);

    internal static async ValueTask<TopUp> ReadAsync(TopUpRow row, TermsBook book, CancellationToken cancellation)
    {
        var detail = JsonSerializer.Deserialize(row.Detail, TopUpJson.Compiled.Detail) ?? throw new InvalidOperationException($"top-up {row.Id} has no detail");
        var terms = row.TermsId is { } id ? await book.ReadAsync(id, cancellation) : new Terms(detail.Carrier!, detail.Plan!);
        return new TopUp(
            row.Id, row.Version, row.OrderCode, (TopUpState)row.State, row.CardId, detail.IdentifierKind, row.LastFour,
            terms.Carrier, detail.CurrentPlan, detail.CurrentExpiresAt, terms.Plan, new Money(row.ChargeMinor, Currency.Of(row.ChargeCurrency)), detail.Rate, detail.Reference,
            row.CreatedAt, row.UpdatedAt, detail.QuoteExpiresAt, detail.DeliveryStartedAt, detail.LastCallAt, row.CompletedAt, row.ValidUntil,
            detail.CarrierNumber, detail.CarrierReference, (TopUpTrouble)row.Trouble, row.WalletId);
    }

    /// <summary>What no query asks for by column stands in one JSON text: fewer columns, a leaner row.</summary>
    /// <param name="Carrier">With <paramref name="Plan"/>, in rows from before there were terms.</param>
    internal sealed record Detail(
        CardIdentifierKind IdentifierKind,
        Carrier? Carrier,
        string? CurrentPlan,
        DateTimeOffset? CurrentExpiresAt,
        Plan? Plan,
        FxRate Rate,
        string Reference,
        DateTimeOffset QuoteExpiresAt,
        DateTimeOffset? DeliveryStartedAt,
        DateTimeOffset? LastCallAt,
        string? CarrierNumber,
        string? CarrierReference)
    {
        public static Detail Of(TopUp t) => new(
            t.IdentifierKind, null, t.CurrentPlan, t.CurrentExpiresAt, null, t.Rate, t.Reference, t.QuoteExpiresAt, t.DeliveryStartedAt, t.LastCallAt, t.CarrierNumber, t.CarrierReference);
    }
}

public sealed class TopUpRow : IEntityTypeConfiguration<TopUpRow>
{
    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public string OrderCode { get; set; } = "";
    public short State { get; set; }
    public Guid CardId { get; set; }
    public string LastFour { get; set; } = "";
    public long PriceMinor { get; set; }
    public long ChargeMinor { get; set; }
    public string ChargeCurrency { get; set; } = "";
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public DateTimeOffset? CompletedAt { get; set; }
    public DateTimeOffset? ValidUntil { get; set; }
    public short Trouble { get; set; }
    public Guid? WalletId { get; set; }
    public Guid? TermsId { get; set; }
    public string Detail { get; set; } = "";

    public void Configure(EntityTypeBuilder<TopUpRow> builder)
    {
        builder.ToTable("top_up");
        builder.HasKey(row => new { row.Cell, row.Id });
        builder.HasIndex(row => new { row.Cell, row.OrderCode }).IsUnique();

        // The sweep looks for what has stood still; final states are most rows and are left out.
        builder.HasIndex(row => new { row.State, row.UpdatedAt }).HasFilter("state IN (2, 3, 4, 8)");
    }
}
