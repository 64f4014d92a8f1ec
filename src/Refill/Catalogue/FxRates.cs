using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Catalogue;

/// <summary>How rates are used for quotes.</summary>
/// <param name="MarginBasisPoints">What a quote's rate is dearer than the one that was set, in hundredths of a percent, 0 to 2,000.</param>
/// <param name="MaxAge">An older rate makes no quote; null: any age.</param>
public sealed record FxOptions(int MarginBasisPoints, TimeSpan? MaxAge)
{
    public static readonly FxOptions Plain = new(0, null);
}

/// <summary>Exchange rates, each with its source and time. None is ever changed; the newest holds.</summary>
public sealed class FxRates(Database database, TimeProvider time, FxOptions options)
{
    public const long LeastRateMicro = 10_000;
    public const long MostRateMicro = 100_000_000;

    /// <summary>The longest name of a source, in characters.</summary>
    public const int MaxSource = 100;

    /// <summary>How far another machine's clock may be ahead.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>The rate that holds now; null if none was ever set.</summary>
    public async Task<FxRate?> CurrentAsync(Currency from, Currency to, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var row = await db.Set<ExchangeRateRow>().AsNoTracking()
            .Where(rate => rate.FromCurrency == from.Code && rate.ToCurrency == to.Code)
            .OrderByDescending(rate => rate.TakenAt).ThenByDescending(rate => rate.Id)
            .FirstOrDefaultAsync(cancellation);
        return row is null ? null : new FxRate(from, to, row.RateMicro, row.Source, row.TakenAt);
    }

    /// <summary>The rate that a quote is made with now, margin in; null if there is none that is young enough.</summary>
    public async Task<FxRate?> ForQuotesAsync(Currency from, Currency to, CancellationToken cancellation) =>
        await CurrentAsync(from, to, cancellation) is { } rate && (options.MaxAge is not { } most || time.GetUtcNow() - rate.TakenAt <= most) ? rate.WithMargin(options.MarginBasisPoints) : null;

    /// <param name="rateMicro">Millionths of a unit of <paramref name="to"/> for one unit of <paramref name="from"/>; 0.01 to 100 units.</param>
    /// <param name="source">Who says so, shown to customers; 1 to 100 characters.</param>
    /// <param name="takenAt">Not in the future: it would hold against every newer one until then.</param>
    public async Task SetAsync(Currency from, Currency to, long rateMicro, string source, DateTimeOffset takenAt, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rateMicro, LeastRateMicro);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rateMicro, MostRateMicro);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(takenAt, time.GetUtcNow() + ClockSkew);
        if (source.Length is 0 or > MaxSource || from == to)
        {
            throw new ArgumentException("a rate is between two currencies and names its source in 1 to 100 characters");
        }

        await SetAllAsync([new FxRate(from, to, rateMicro, source, takenAt)], cancellation);
    }

    /// <summary>All or none; the same rate of the same moment and source is there once, however often it is set.</summary>
    internal async Task SetAllAsync(IReadOnlyList<FxRate> rates, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var oldest = rates.Min(rate => rate.TakenAt);
        var known = (await db.Set<ExchangeRateRow>().AsNoTracking().Where(row => row.TakenAt >= oldest).ToListAsync(cancellation)).Select(row => (row.FromCurrency, row.ToCurrency, row.RateMicro, row.Source, row.TakenAt)).ToHashSet();
        db.AddRange(rates.Where(rate => known.Add((rate.From.Code, rate.To.Code, rate.RateMicro, rate.Source, rate.TakenAt)))
            .Select(rate => new ExchangeRateRow { Id = Guid.CreateVersion7(time.GetUtcNow()), FromCurrency = rate.From.Code, ToCurrency = rate.To.Code, RateMicro = rate.RateMicro, Source = rate.Source, TakenAt = rate.TakenAt }));
        await db.SaveChangesAsync(cancellation);
    }
}
