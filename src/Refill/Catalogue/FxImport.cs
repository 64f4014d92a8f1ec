using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Refill.Units;

namespace Refill.Catalogue;

/// <param name="Problems">Every bad row, with its line; if there is one, nothing was imported.</param>
public sealed record FxImportReport(int Imported, IReadOnlyList<string> Problems);

/// <summary>
/// Exchange rates from a file: CSV with the columns from, to, rate, source, taken_at (a rate with at most six decimals; an instant such as 2026-11-25T09:30:00+08:00). All of it or nothing.
/// </summary>
public sealed class FxImport(FxRates rates, TimeProvider time)
{
    public const int MostRows = 10_000;

    /// <summary>What a rate may be, for whoever gave another.</summary>
    public const string Allowed = "USD CNY, a rate from 0.01 to 100 with at most six decimals, and a source of 1 to 100 characters";

    private const decimal Micro = 1_000_000m;
    private static readonly string[] Columns = ["from", "to", "rate", "source", "taken_at"];

    public async Task<FxImportReport> ImportAsync(Stream file, CancellationToken cancellation)
    {
        var (read, problems) = Read(file);
        if (problems.Count > 0)
        {
            return new FxImportReport(0, problems);
        }

        await rates.SetAllAsync(read, cancellation);
        return new FxImportReport(read.Count, []);
    }

    /// <summary>A rate as people write it; null: it is not <see cref="Allowed"/>.</summary>
    public static FxRate? Rate(string? from, string? to, string? rate, string? source, DateTimeOffset takenAt) =>
        Currency.Find(from) is { } sold && sold == Currency.Usd && Currency.Find(to) is { } paid && paid == Currency.Cny
        && decimal.TryParse(rate, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number is >= FxRates.LeastRateMicro / Micro and <= FxRates.MostRateMicro / Micro && decimal.Round(number, 6) == number
        && source is { Length: > 0 and <= FxRates.MaxSource } && !source.Any(char.IsControl)
            ? new FxRate(sold, paid, (long)(number * Micro), source, takenAt)
            : null;

    private (List<FxRate> Rates, List<string> Problems) Read(Stream file)
    {
        var (read, problems) = (new List<FxRate>(), new List<string>());
        using var csv = new CsvReader(new StreamReader(file), new CsvConfiguration(CultureInfo.InvariantCulture) { MissingFieldFound = null, BadDataFound = null, TrimOptions = TrimOptions.Trim });
        if (!csv.Read() || !csv.ReadHeader() || Columns.Except(csv.HeaderRecord ?? []).ToList() is { Count: > 0 })
        {
            return (read, [$"the first line must name the columns {string.Join(", ", Columns)}"]);
        }

        while (csv.Read())
        {
            var line = csv.Parser.Row;
            if (read.Count >= MostRows || problems.Count >= 100)
            {
                problems.Add($"line {line}: more than {MostRows} rows, or too many that are bad");
                break;
            }

            if (Rate(csv) is { } rate)
            {
                read.Add(rate);
            }
            else
            {
                problems.Add($"line {line}: allowed are {Allowed}, and a time with its offset, not in the future");
            }
        }

        return read.Count == 0 && problems.Count == 0 ? (read, ["there is no row"]) : (read, problems);
    }

    private FxRate? Rate(CsvReader csv) =>
        Moment.TryParse(csv.GetField("taken_at"), out var takenAt) && takenAt <= time.GetUtcNow()
            ? Rate(csv.GetField("from"), csv.GetField("to"), csv.GetField("rate"), csv.GetField("source"), takenAt)
            : null;
}
