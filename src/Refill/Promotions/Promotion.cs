using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Refill.Ledger;
using Refill.Units;

namespace Refill.Promotions;

public enum PromotionKind
{
    /// <summary><see cref="Promotion.Value"/> is in basis points (hundredths of a percent) of the list price, 1 to 10,000.</summary>
    Percentage = 1,

    /// <summary>Cents off the list price.</summary>
    AmountOff = 2,

    /// <summary>Bytes beside the plan's own.</summary>
    BonusData = 3,

    /// <summary>Of <see cref="Promotion.Value"/> + 1 periods one costs nothing. Only who asks for so many gets it: nobody pays for more than was chosen.</summary>
    BuyGetOne = 4,
}

/// <summary>What customers read; the English stands in for what is not given.</summary>
public sealed record PromotionName(string English, string? Chinese = null, string? Spanish = null)
{
    /// <param name="language">A tag of the storefront: "zh-Hans", "en", "es".</param>
    public string In(string language) => language switch { "zh-Hans" => Chinese, "es" => Spanish, _ => null } ?? English;
}

/// <summary>An offer: what it gives, to whom, when, and how often. What it means for a price, <see cref="Pricing"/> alone decides.</summary>
/// <param name="Code">Ours, stable: lower-case letters, digits and hyphens, at most 40. Among equals the first by code is taken.</param>
/// <param name="Value">As its kind says.</param>
public sealed record Promotion(string Code, PromotionName Name, PromotionKind Kind, long Value)
{
    /// <summary>Codes of plans; empty: any plan.</summary>
    public ImmutableArray<string> Plans { get; init; } = [];

    /// <summary>Made of the code: what its uses are counted under.</summary>
    public Guid Id => PromotionAccounts.IdOf(Code);

    /// <summary>Codes of carriers; empty: any carrier.</summary>
    public ImmutableArray<string> Carriers { get; init; } = [];

    /// <summary>Ways of paying, by the gateway's name; empty: any, also none chosen yet.</summary>
    public ImmutableArray<string> Gateways { get; init; } = [];

    /// <summary>Codes of shops; empty: sold anywhere.</summary>
    public ImmutableArray<string> Shops { get; init; } = [];

    /// <summary>As <see cref="CouponText"/> normalises it: only who names it gets the offer. Null: everybody does.</summary>
    public string? Coupon { get; init; }

    /// <summary>Only for a card that has never been topped up here.</summary>
    public bool IsFirstPurchaseOnly { get; init; }

    /// <summary>The list price must be at least this, in cents.</summary>
    public long LeastSpendCents { get; init; }

    /// <summary>Null: since always.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Exclusive; null: for ever.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>IANA name of the zone that the window was given in.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>Uses in all; null: any number.</summary>
    public long? Limit { get; init; }

    /// <summary>Uses by one card (a person, until there are customers); null: any number.</summary>
    public int? LimitPerCard { get; init; }

    /// <summary>True: it adds up with all others that are; false: it stands alone.</summary>
    public bool IsCombinable { get; init; }

    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>How many periods are delivered.</summary>
    public int Quantity => Kind == PromotionKind.BuyGetOne ? (int)Value + 1 : 1;

    /// <summary>What a first purchase is taken for cannot be taken twice, whoever asks at the same moment.</summary>
    public int? UsesPerCard => IsFirstPurchaseOnly ? 1 : LimitPerCard;

    public bool RunsAt(DateTimeOffset at) => (From is not { } from || at >= from) && (Until is not { } until || at < until) && (StoppedAt is not { } stopped || at < stopped);
}

/// <summary>Where the uses of promotions are counted (docs/decisions/promotion-uses.md). An account's floor is the limit: whatever meets, it is never exceeded.</summary>
public static class PromotionAccounts
{
    /// <summary>Of <see cref="Left"/>; a commit that is refused by it is priced again.</summary>
    public const string LeftPurpose = "promotion/left";
    public const string OfCardPurpose = "promotion/of-card";
    public const string ReservedPurpose = "promotion/reserved";
    public const string UsedPurpose = "promotion/used";
    public const string IssuedPurpose = "promotion/issued";

    public static readonly Unit Use = new("promotion-use");

    /// <summary>Uses by cards: beside those in all, so that the two are never added up.</summary>
    public static readonly Unit UseOfCard = new("promotion-card-use");

    /// <summary>Where the uses of all promotions are counted: they are few, and are asked for together.</summary>
    public static readonly Cell Cell = new(0);

    /// <summary>A UUIDv8 made of the code.</summary>
    public static Guid IdOf(string code) => AccountIds.Mark(SHA256.HashData(Encoding.UTF8.GetBytes($"promotion\n{code}")).AsSpan(0, 16), Cell);

    /// <summary>What is left of all uses.</summary>
    public static Account Left(Guid promotionId) => Account.For(Cell, LeftPurpose, Use, promotionId, floor: 0);

    /// <summary>Minus what was ever allowed, of all promotions.</summary>
    public static Account Issued() => Account.For(Cell, IssuedPurpose, Use);

    /// <summary>Shown in quotes that may still be paid.</summary>
    public static Account Reserved(Cell cell, Guid promotionId) => Account.For(cell, ReservedPurpose, Use, promotionId, floor: 0);

    /// <summary>Paid with.</summary>
    public static Account Used(Cell cell, Guid promotionId) => Account.For(cell, UsedPurpose, Use, promotionId);

    /// <summary>Minus the uses of one card: it opens with the first, and its floor is minus the limit, which therefore never changes.</summary>
    public static Account OfCard(Guid cardId, Guid promotionId, int limit) => Account.For(CellId.CellOf(cardId), OfCardPurpose, UseOfCard, PairOf(cardId, promotionId), floor: -limit);

    /// <summary>All uses by the cards of a cell.</summary>
    public static Account Drawn(Cell cell) => Account.For(cell, "promotion/of-cards", UseOfCard);

    /// <summary>The owner of a card's account: this card together with this promotion.</summary>
    private static Guid PairOf(Guid cardId, Guid promotionId)
    {
        Span<byte> pair = stackalloc byte[32];
        cardId.TryWriteBytes(pair, bigEndian: true, out _);
        promotionId.TryWriteBytes(pair[16..], bigEndian: true, out _);
        return AccountIds.Mark(SHA256.HashData(pair).AsSpan(0, 16), CellId.CellOf(cardId));
    }
}
