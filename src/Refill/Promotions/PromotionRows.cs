using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Refill.Promotions;

/// <summary>A promotion as it is kept: the same for all cells, changed by the import and by who stops it. It is never deleted: top-ups name it for ever.</summary>
public sealed class PromotionRow : IEntityTypeConfiguration<PromotionRow>
{
    private const char Separator = ',';

    public string Code { get; set; } = "";
    public short Kind { get; set; }
    public long Value { get; set; }
    public string NameEn { get; set; } = "";
    public string? NameZh { get; set; }
    public string? NameEs { get; set; }

    /// <summary>Codes, as the four lists are, with commas between; empty: any.</summary>
    public string Plans { get; set; } = "";
    public string Carriers { get; set; } = "";
    public string Gateways { get; set; } = "";
    public string Shops { get; set; } = "";
    public string? Coupon { get; set; }
    public bool FirstPurchase { get; set; }
    public long LeastSpendCents { get; set; }
    public DateTimeOffset? StartsAt { get; set; }
    public DateTimeOffset? EndsAt { get; set; }
    public string TimeZone { get; set; } = "";
    public long? LimitUses { get; set; }
    public int? LimitPerCard { get; set; }
    public bool Combinable { get; set; }
    public DateTimeOffset? StoppedAt { get; set; }

    /// <summary>What the ledger has been told of <see cref="LimitUses"/>. They differ only after a crash in an import; the next one tells it.</summary>
    public long IssuedUses { get; set; }

    /// <summary>How often the ledger has been told: with the two numbers, the key of the next time.</summary>
    public int Tellings { get; set; }

    public void Configure(EntityTypeBuilder<PromotionRow> builder)
    {
        builder.ToTable("promotion");
        builder.HasKey(row => row.Code);
    }

    public Promotion ToPromotion() => new(Code, new PromotionName(NameEn, NameZh, NameEs), (PromotionKind)Kind, Value)
    {
        Plans = Split(Plans),
        Carriers = Split(Carriers),
        Gateways = Split(Gateways),
        Shops = Split(Shops),
        Coupon = Coupon,
        IsFirstPurchaseOnly = FirstPurchase,
        LeastSpendCents = LeastSpendCents,
        From = StartsAt,
        Until = EndsAt,
        TimeZone = TimeZone,
        Limit = LimitUses,
        LimitPerCard = LimitPerCard,
        IsCombinable = Combinable,
        StoppedAt = StoppedAt,
    };

    /// <summary>Without what only the ledger and who stops it may change.</summary>
    internal static PromotionRow From(Promotion promotion) => new()
    {
        Code = promotion.Code,
        Kind = (short)promotion.Kind,
        Value = promotion.Value,
        NameEn = promotion.Name.English,
        NameZh = promotion.Name.Chinese,
        NameEs = promotion.Name.Spanish,
        Plans = string.Join(Separator, promotion.Plans),
        Carriers = string.Join(Separator, promotion.Carriers),
        Gateways = string.Join(Separator, promotion.Gateways),
        Shops = string.Join(Separator, promotion.Shops),
        Coupon = promotion.Coupon,
        FirstPurchase = promotion.IsFirstPurchaseOnly,
        LeastSpendCents = promotion.LeastSpendCents,
        StartsAt = promotion.From,
        EndsAt = promotion.Until,
        TimeZone = promotion.TimeZone,
        LimitUses = promotion.Limit,
        LimitPerCard = promotion.LimitPerCard,
        Combinable = promotion.IsCombinable,
    };

    private static ImmutableArray<string> Split(string codes) => codes.Length == 0 ? [] : [.. codes.Split(Separator)];
}
