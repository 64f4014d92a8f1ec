using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Cards;

public enum CardStatus
{
    Active = 1,
    Barred = 2,
    Closed = 3,
}

/// <summary>A card as we know it.</summary>
/// <param name="Connector">Which connector answers for it.</param>
/// <param name="Reference">What that connector wants to be given back.</param>
/// <param name="CurrentPlan">Null: nobody has said.</param>
/// <param name="Identifiers">Number before ICCID; at least one.</param>
public sealed record CardRecord(
    Guid Id, long Version, string CarrierCode, string Connector, string Reference, CardStatus Status, string? CurrentPlan, DateTimeOffset? ExpiresAt, DateTimeOffset SeenAt, ImmutableArray<CardIdentifier> Identifiers)
{
    /// <summary>When a top-up was first delivered to it here; null: none was.</summary>
    public DateTimeOffset? FirstToppedUpAt { get; init; }

    public CardIdentifier FirstIdentifier => Identifiers[0];

    /// <summary>The identifier of this kind, or the first if it has none.</summary>
    public CardIdentifier Identifier(CardIdentifierKind kind) => Identifiers.FirstOrDefault(identifier => identifier.Kind == kind) is { Value: not null } found ? found : FirstIdentifier;
}

/// <summary>
/// The cards that were ever seen. A card is found by the blind index of its number or ICCID; the numbers themselves are kept encrypted.
/// An identifier's row stands in the cell of its own hash, a card's in the cell of the identifier that it was first seen by.
/// </summary>
public sealed class CardBook(Database database, GeneralLedger ledger, CardVault vault, TimeProvider time) : IAsyncDisposable
{
    private readonly CardLookups lookups = new(database);

    // Compiled: every delivery asks for its card more than once (as TopUpStore).
    private readonly Func<RefillDb, short, Guid, CancellationToken, Task<CardRow?>> cardOf =
        EF.CompileAsyncQuery((RefillDb db, short cell, Guid id, CancellationToken _) => db.Set<CardRow>().AsNoTracking().FirstOrDefault(card => card.Cell == cell && card.Id == id));

    private readonly Func<RefillDb, Guid, IAsyncEnumerable<CardIdentifierRow>> identifiersOf =
        EF.CompileAsyncQuery((RefillDb db, Guid cardId) => db.Set<CardIdentifierRow>().AsNoTracking().Where(identifier => identifier.CardId == cardId));

    /// <summary>How often a change is made anew because somebody else made one in between.</summary>
    private const int MaxTries = 5;

    public async Task<CardRecord?> FindAsync(CardIdentifier identifier, CancellationToken cancellation)
    {
        var id = IdentifierId(identifier);
        short cell = CellId.CellOf(id).Number;
        await using var db = database.Open();
        var cardId = await db.Set<CardIdentifierRow>().AsNoTracking().Where(row => row.Cell == cell && row.Id == id).Select(row => (Guid?)row.CardId).FirstOrDefaultAsync(cancellation);
        return cardId is { } found ? await GetAsync(found, cancellation) : null;
    }

    /// <summary>The card of a name (<see cref="NameOf"/>), with that name alone: for many orders at once, which are looked up together.</summary>
    /// <exception cref="CommitterBusyException">Too many wait; nothing was done.</exception>
    public Task<CardRecord?> FindOneOfManyAsync(Guid nameId, CardIdentifier identifier) => lookups.FindAsync(nameId, identifier);

    /// <summary>
    /// What stands for a number or an ICCID in a URL: it leads to the card under this name alone, so that who has typed an ICCID is not shown the number that belongs to it. Made with a key; it cannot be
    /// had from the number by guessing.
    /// </summary>
    public Guid NameOf(CardIdentifier identifier) => IdentifierId(identifier);

    /// <summary>The card of a name, and the name; null: there is none.</summary>
    public async Task<(CardRecord Card, CardIdentifier Name)?> FindAsync(Guid nameId, CancellationToken cancellation)
    {
        short cell = CellId.CellOf(nameId).Number;
        await using var db = database.Open();
        var cardId = await db.Set<CardIdentifierRow>().AsNoTracking().Where(row => row.Cell == cell && row.Id == nameId).Select(row => (Guid?)row.CardId).FirstOrDefaultAsync(cancellation);
        return cardId is { } found && await GetAsync(found, cancellation) is { } card && card.Identifiers.FirstOrDefault(identifier => NameOf(identifier) == nameId) is { Value: not null } name ? (card, name) : null;
    }

    public ValueTask DisposeAsync() => lookups.DisposeAsync();

    public async Task<CardRecord?> GetAsync(Guid cardId, CancellationToken cancellation)
    {
        short cell = CellId.CellOf(cardId).Number;
        await using var db = database.Open();
        var row = await cardOf(db, cell, cardId, cancellation);
        if (row is null)
        {
            return null;
        }

        var identifiers = await identifiersOf(db, cardId).ToListAsync(cancellation);
        return identifiers.Count == 0 ? null : new CardRecord(
            row.Id, row.Version, row.CarrierCode, row.Connector, row.Reference, (CardStatus)row.Status, row.CurrentPlan, row.ExpiresAt, row.SeenAt,
            [.. identifiers.OrderBy(identifier => identifier.Kind).Select(Read)])
        {
            FirstToppedUpAt = row.FirstToppedUpAt,
        };
    }

    /// <exception cref="CryptographicException">Not the text that belongs to this row: somebody else's number must never be topped up in its place.</exception>
    private CardIdentifier Read(CardIdentifierRow row)
    {
        var identifier = new CardIdentifier((CardIdentifierKind)row.Kind, vault.Decrypt(Purpose((CardIdentifierKind)row.Kind), row.Encrypted));
        return IdentifierId(identifier) == row.Id ? identifier : throw new CryptographicException($"identifier {row.Id} holds the text of another");
    }

    /// <summary>
    /// What a connector has just said of a card. A card seen for the first time is written; one known already is corrected where the carrier says something
    /// else. What the carrier does not say (null) leaves what we know of our own top-ups, as long as it is the same carrier.
    /// </summary>
    public async Task<CardRecord> RememberAsync(CardIdentifier identifier, string carrierCode, string connector, string reference, string? currentPlan, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        for (var attempt = 1; attempt <= MaxTries; attempt++)
        {
            if (await FindAsync(identifier, cancellation) is not { } known)
            {
                var cell = CellId.CellOf(IdentifierId(identifier));
                await ledger.CommitAsync(new Commit(cell) { Rows = RowsOfNew(identifier, CellId.New(cell, time), carrierCode, connector, reference, currentPlan, expiresAt, time.GetUtcNow()) }, cancellation);
                continue; // Read back what stands there now, ours or another tab's.
            }

            var same = known.CarrierCode == carrierCode;
            var fresh = known with
            {
                CarrierCode = carrierCode,
                Connector = connector,
                Reference = reference,
                CurrentPlan = currentPlan ?? (same ? known.CurrentPlan : null),
                ExpiresAt = expiresAt ?? (same ? known.ExpiresAt : null),
            };
            if (fresh == known)
            {
                return known;
            }

            if (await ledger.CommitAsync(new Commit(CellId.CellOf(known.Id)) { Rows = [Store(fresh with { SeenAt = time.GetUtcNow() })] }, cancellation) is CommitOutcome.Committed)
            {
                return await GetAsync(known.Id, cancellation) ?? throw new InvalidOperationException($"card {known.Id} is gone");
            }
        }

        throw new InvalidOperationException($"a card changed {MaxTries} times while it was remembered");
    }

    /// <summary>Gives a card another name (its ICCID beside its number). False: the name is another card's.</summary>
    /// <exception cref="ArgumentException">There is no such card; the name would lead nowhere for ever.</exception>
    public async Task<bool> AddIdentifierAsync(Guid cardId, CardIdentifier identifier, CancellationToken cancellation)
    {
        if (await GetAsync(cardId, cancellation) is null)
        {
            throw new ArgumentException($"there is no card {cardId}", nameof(cardId));
        }

        var outcome = await ledger.CommitAsync(new Commit(CellId.CellOf(IdentifierId(identifier))) { Rows = [IdentifierRow(identifier, cardId)] }, cancellation);
        return outcome is CommitOutcome.Committed || (await FindAsync(identifier, cancellation))?.Id == cardId;
    }

    /// <summary>A keyed, truncated name of an identifier for a visitor's own device: it recognises a number and reveals none.</summary>
    public string DeviceMark(CardIdentifier identifier) => Convert.ToHexStringLower(vault.Index("device mark", identifier.Value).AsSpan(0, 8));

    /// <summary>A row change that bars, closes or reopens a card.</summary>
    public static RowChange StatusChanged(CardRecord card, CardStatus status) => Store(card with { Status = status });

    /// <summary>A row change, for a journey's own commit: the card has been topped up, and is on this plan from now on, until then.</summary>
    public static RowChange PlanStarted(CardRecord card, string planName, DateTimeOffset expiresAt, DateTimeOffset now) =>
        Store(card with { CurrentPlan = planName, ExpiresAt = expiresAt, FirstToppedUpAt = card.FirstToppedUpAt ?? now });

    /// <summary>The same of a plan that starts with its first use: a row changes the first time only.</summary>
    public static ImmutableArray<RowChange> ToppedUp(CardRecord card, DateTimeOffset now) => card.FirstToppedUpAt is null ? [Store(card with { FirstToppedUpAt = now })] : [];

    /// <summary>A card that is seen for the first time, and its name.</summary>
    /// <param name="cardId">In the cell of the name.</param>
    internal ImmutableArray<RowChange> RowsOfNew(CardIdentifier identifier, Guid cardId, string carrierCode, string connector, string reference, string? currentPlan, DateTimeOffset? expiresAt, DateTimeOffset now) =>
        [Store(new CardRecord(cardId, 0, carrierCode, connector, reference, CardStatus.Active, currentPlan, expiresAt, now, [identifier])), IdentifierRow(identifier, cardId)];

    private static RowChange Store(CardRecord card) => new(CardRow.Table, CellId.CellOf(card.Id), card.Id, card.Version,
    [
        card.CarrierCode, card.Connector, card.Reference, (short)card.Status, card.CurrentPlan, card.ExpiresAt?.ToUnixTimeMilliseconds(), card.SeenAt.ToUnixTimeMilliseconds(), card.FirstToppedUpAt?.ToUnixTimeMilliseconds(),
    ]);

    private RowChange IdentifierRow(CardIdentifier identifier, Guid cardId)
    {
        var id = IdentifierId(identifier);
        return RowChange.Insert(CardIdentifierRow.Table, CellId.CellOf(id), id, (short)identifier.Kind, vault.Encrypt(Purpose(identifier.Kind), identifier.Value), cardId);
    }

    /// <summary>
    /// A UUIDv8 made of the blind index, its last byte the index's own last byte as the cell: the identifier is found by its primary key alone
    /// and cannot be stored twice. 114 bits of a keyed hash remain; two cards do not meet in them.
    /// </summary>
    private Guid IdentifierId(CardIdentifier identifier)
    {
        var index = vault.Index(Purpose(identifier.Kind), identifier.Value);
        var id = index.AsSpan(0, 16);
        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        id[15] = Cell.OfHash(index).Number;
        return new Guid(id, bigEndian: true);
    }

    private static string Purpose(CardIdentifierKind kind) => kind == CardIdentifierKind.Msisdn ? "card/msisdn" : "card/iccid";
}
