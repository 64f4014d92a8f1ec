using Microsoft.Extensions.Time.Testing;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Catalogue;

public sealed class FxRatesOnSqliteTests : FxRatesTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class FxRatesOnPostgresTests : FxRatesTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

public abstract class FxRatesTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    private TestDatabase test = null!;
    private FxRates rates = null!;

    protected abstract DatabaseKind Kind { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(Kind);
        rates = new FxRates(test.Database, time, FxOptions.Plain);
    }

    public async ValueTask DisposeAsync()
    {
        await test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Without_a_rate_there_is_none()
    {
        Assert.Null(await rates.CurrentAsync(Currency.Usd, Currency.Cny, Token));
        await rates.SetAsync(Currency.Usd, Currency.Cny, 7_100_000, "bank", time.GetUtcNow(), Token);
        Assert.Null(await rates.CurrentAsync(Currency.Cny, Currency.Usd, Token));
    }

    [Fact]
    public async Task The_newest_rate_holds_and_of_two_of_one_moment_the_one_set_last()
    {
        var now = time.GetUtcNow();
        await SetAsync(7_100_000, now);
        await SetAsync(7_000_000, now.AddDays(-1));
        Assert.Equal(new FxRate(Currency.Usd, Currency.Cny, 7_100_000, "bank", now), await rates.CurrentAsync(Currency.Usd, Currency.Cny, Token));
        await SetAsync(7_200_000, now);
        Assert.Equal(7_200_000, (await rates.CurrentAsync(Currency.Usd, Currency.Cny, Token))!.RateMicro);
    }

    [Theory]
    [InlineData(9_999, "bank", 0)]
    [InlineData(100_000_001, "bank", 0)]
    [InlineData(-1, "bank", 0)]
    [InlineData(7_100_000, "", 0)]
    [InlineData(7_100_000, "bank", 3600)] // Taken in an hour: it would outlive every rate set until then.
    public async Task A_rate_outside_its_limits_is_refused(long rateMicro, string source, int laterSeconds)
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => rates.SetAsync(Currency.Usd, Currency.Cny, rateMicro, source, time.GetUtcNow().AddSeconds(laterSeconds), Token));
        Assert.Null(await rates.CurrentAsync(Currency.Usd, Currency.Cny, Token));
    }

    [Theory]
    [InlineData(1_000, 7_100_000, 7_100)]
    [InlineData(1, 7_100_000, 8)] // 7.1 fen: up, or the seller is paid short.
    [InlineData(0, 7_100_000, 0)]
    [InlineData(3_055, 7_103_412, 21_701)] // 21,700.92...
    public void A_price_is_converted_and_rounded_up(long cents, long rateMicro, long fen) =>
        Assert.Equal(Money.Cny(fen), new FxRate(Currency.Usd, Currency.Cny, rateMicro, "bank", time.GetUtcNow()).Convert(Money.Usd(cents)));

    private async Task SetAsync(long rateMicro, DateTimeOffset takenAt)
    {
        time.Advance(TimeSpan.FromMilliseconds(2));
        await rates.SetAsync(Currency.Usd, Currency.Cny, rateMicro, "bank", takenAt, Token);
    }
}
