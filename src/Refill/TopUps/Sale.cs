using System.Collections.Immutable;
using Refill.Promotions;

namespace Refill.TopUps;

/// <summary>Where the limited uses of a top-up's offers stand.</summary>
public enum SaleUses
{
    /// <summary>Not taken yet, or given back.</summary>
    None = 0,

    /// <summary>Taken by a quote that may still be paid.</summary>
    Reserved = 1,

    /// <summary>Paid with.</summary>
    Used = 2,
}

/// <summary>An offer in a price, as it was quoted: a copy, whatever becomes of the offer.</summary>
/// <param name="IsLimited">Its uses in all are counted.</param>
/// <param name="PerCard">How often one card may use it; null: that is not counted.</param>
public sealed record SaleLine(string Code, PromotionName Name, long OffCents, long BonusBytes, bool IsLimited, int? PerCard)
{
    internal bool IsCounted => IsLimited || PerCard is not null;
}

/// <param name="TotalCents">What is charged, in the currency of the plan's price.</param>
/// <param name="Quantity">Periods delivered.</param>
public sealed record SalePrice(long TotalCents, int Quantity, long BonusBytes, ImmutableArray<SaleLine> Lines)
{
    internal static SalePrice Of(Priced priced) => new(
        priced.TotalCents, priced.Quantity, priced.BonusBytes,
        [.. priced.Lines.Select(line => new SaleLine(line.Promotion.Code, line.Promotion.Name, line.OffCents, line.BonusBytes, line.Promotion.Limit is not null, line.Promotion.UsesPerCard))]);
}

/// <summary>The price of one way of paying, where it is another.</summary>
public sealed record WayPrice(string Gateway, SalePrice Price);

/// <summary>What offers make of a top-up's price, frozen with its quote; a top-up without any has none.</summary>
/// <param name="Plain">Where no other is named.</param>
public sealed record Sale(SalePrice Plain, ImmutableArray<WayPrice> ByGateway)
{
    /// <summary>The coupon that the quote was made with, normalised.</summary>
    public string? Coupon { get; init; }

    /// <summary>The gateway that it was paid through; null: it is not paid yet.</summary>
    public string? PaidThrough { get; init; }

    public SaleUses Uses { get; init; }

    /// <summary>What it costs as things stand.</summary>
    public SalePrice Present => At(PaidThrough);

    public SalePrice At(string? gateway) => ByGateway.FirstOrDefault(way => way.Gateway == gateway)?.Price ?? Plain;

    /// <summary>Every counted offer that any way of paying shows, once.</summary>
    internal IEnumerable<SaleLine> Counted => ByGateway.Select(way => way.Price).Prepend(Plain).SelectMany(price => price.Lines).Where(line => line.IsCounted).DistinctBy(line => line.Code);

    /// <summary>Null: no offer holds, in whatever way it is paid.</summary>
    internal static Sale? Of(PriceAnswer answer, string? coupon) => answer.Plain.Lines.IsEmpty && answer.ByGateway.IsEmpty
        ? null
        : new Sale(SalePrice.Of(answer.Plain), [.. answer.ByGateway.Select(way => new WayPrice(way.Key, SalePrice.Of(way.Value)))]) { Coupon = coupon };
}
