using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Catalogue;

/// <summary>Exchange rates, each with its source and time. None is ever changed; the newest holds.</summary>
public sealed class FxRates(Database database, TimeProvider time)
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

        await using var db = database.Open();
        db.Add(new ExchangeRateRow { Id = Guid.CreateVersion7(time.GetUtcNow()), FromCurrency = from.Code, ToCurrency = to.Code, RateMicro = rateMicro, Source = source, TakenAt = takenAt });
        await db.SaveChangesAsync(cancellation);
    }
}
