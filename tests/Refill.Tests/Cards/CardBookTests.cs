using Microsoft.EntityFrameworkCore;
using Refill.Cards;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Cards;

public sealed class CardBookOnSqliteTests : CardBookTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class CardBookOnPostgresTests : CardBookTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

public abstract class CardBookTests : IAsyncLifetime
{
    private static readonly CardIdentifier Number = new(CardIdentifierKind.Msisdn, "+12015550123");
    private static readonly CardIdentifier Iccid = new(CardIdentifierKind.Iccid, "890199000000000012");
    private readonly string folder = Directory.CreateTempSubdirectory("refill_cards").FullName;
    private TestDatabase test = null!;
    private GeneralLedger ledger = null!;
    private CardBook book = null!;

    protected abstract DatabaseKind Kind { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(Kind);
        ledger = new GeneralLedger(test.Database);
        book = new CardBook(test.Database, ledger, CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: true), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await book.DisposeAsync();
        await ledger.DisposeAsync();
        await test.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_card_is_found_again_by_each_of_its_names()
    {
        Assert.Null(await book.FindAsync(Number, Token));
        var card = await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        Assert.True(await book.AddIdentifierAsync(card.Id, Iccid, Token));
        Assert.True(await book.AddIdentifierAsync(card.Id, Iccid, Token));
        Assert.Equal(card.Id, (await book.FindAsync(Number, Token))?.Id);
        Assert.Equal([Number, Iccid], (await book.FindAsync(Iccid, Token))!.Identifiers);
        var other = await book.RememberAsync(new CardIdentifier(CardIdentifierKind.Msisdn, "+12015550124"), "mint", "reloadly", "9101", null, null, Token);
        Assert.False(await book.AddIdentifierAsync(other.Id, Iccid, Token));
    }

    [Fact]
    public async Task Many_cards_looked_up_at_once_are_found_as_they_stand_and_others_are_not()
    {
        var numbers = Enumerable.Range(0, 40).Select(number => new CardIdentifier(CardIdentifierKind.Msisdn, $"+120155501{number:00}")).ToList();
        foreach (var number in numbers.Take(30))
        {
            await book.RememberAsync(number, "mint", "reloadly", "9101", number.Value.EndsWith('0') ? null : "5GB", DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000), Token);
        }

        var named = (await book.FindAsync(numbers[7], Token))!;
        Assert.True(await book.AddIdentifierAsync(named.Id, Iccid, Token));

        var found = await Task.WhenAll(numbers.Append(Iccid).Concat(numbers).Select(identifier => book.FindOneOfManyAsync(book.NameOf(identifier), identifier)));

        for (var index = 0; index < numbers.Count; index++)
        {
            var expected = await book.FindAsync(numbers[index], Token);
            Assert.Equal(expected is null, found[index] is null);
            Assert.Equal(
                (expected?.Id, expected?.Version, expected?.CarrierCode, expected?.Connector, expected?.Reference, expected?.Status, expected?.CurrentPlan, expected?.ExpiresAt, expected?.SeenAt),
                (found[index]?.Id, found[index]?.Version, found[index]?.CarrierCode, found[index]?.Connector, found[index]?.Reference, found[index]?.Status, found[index]?.CurrentPlan, found[index]?.ExpiresAt, found[index]?.SeenAt));
            Assert.Equal(found[index]?.Id, found[numbers.Count + 1 + index]?.Id);
        }

        Assert.Equal((named.Id, 1, Iccid), (found[numbers.Count]!.Id, found[numbers.Count]!.Identifiers.Length, found[numbers.Count]!.FirstIdentifier));
    }

    [Fact]
    public async Task Many_tabs_that_see_a_card_for_the_first_time_make_one_card()
    {
        var cards = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token)));
        Assert.Single(cards.Select(card => card.Id).Distinct());
    }

    [Fact]
    public async Task What_the_carrier_does_not_say_leaves_what_we_know_until_the_carrier_changes()
    {
        var ends = new DateTimeOffset(2026, 12, 24, 0, 0, 0, TimeSpan.Zero);
        var card = await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        await ledger.CommitAsync(new Commit(CellId.CellOf(card.Id)) { Rows = [CardBook.PlanStarted(card, "15GB", ends, ends.AddDays(-30))] }, Token);
        var known = await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        Assert.Equal(("15GB", (DateTimeOffset?)ends), (known.CurrentPlan, known.ExpiresAt));
        var ported = await book.RememberAsync(Number, "tello", "reloadly", "9108", null, null, Token);
        Assert.Equal(("tello", (string?)null), (ported.CarrierCode, ported.CurrentPlan));
        Assert.Equal(ported, await book.RememberAsync(Number, "tello", "reloadly", "9108", null, null, Token) with { Identifiers = ported.Identifiers });
    }

    [Fact]
    public async Task Many_tabs_that_see_a_card_change_agree_on_what_it_is()
    {
        var card = await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        var seen = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => book.RememberAsync(Number, "tello", "reloadly", "9108", "5GB", null, Token)));
        Assert.All(seen, record => Assert.Equal((card.Id, "tello", "9108", "5GB", card.Version + 1), (record.Id, record.CarrierCode, record.Reference, record.CurrentPlan, record.Version)));
    }

    [Fact]
    public async Task A_card_that_is_not_there_is_given_no_name() =>
        await Assert.ThrowsAsync<ArgumentException>(() => book.AddIdentifierAsync(CellId.New(new Cell(7), TimeProvider.System), Iccid, Token));

    [Fact]
    public async Task A_row_that_was_moved_to_another_kind_is_not_read()
    {
        var card = await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        await test.RunAsync("UPDATE card_identifier SET kind = 2");
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(() => book.GetAsync(card.Id, Token));
    }

    [Fact]
    public async Task A_number_that_was_moved_to_another_card_s_row_is_not_read()
    {
        var card = await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        await book.RememberAsync(new CardIdentifier(CardIdentifierKind.Msisdn, "+12015550199"), "mint", "reloadly", "9101", null, null, Token);
        await test.RunAsync("UPDATE card_identifier SET encrypted = (SELECT other.encrypted FROM card_identifier other WHERE other.id <> card_identifier.id)");
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(() => book.GetAsync(card.Id, Token));
    }

    [Fact]
    public async Task No_number_stands_readable_in_the_database()
    {
        await book.RememberAsync(Number, "mint", "reloadly", "9101", null, null, Token);
        await using var db = test.Database.Open();
        var row = await db.Set<CardIdentifierRow>().SingleAsync(Token);
        Assert.DoesNotContain("2015550123", System.Text.Encoding.Latin1.GetString(row.Encrypted), StringComparison.Ordinal);
        Assert.Equal(CellId.CellOf(row.Id).Number, row.Cell);
    }
}
