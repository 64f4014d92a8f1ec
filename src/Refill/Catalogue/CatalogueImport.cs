using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Catalogue;

/// <param name="Line">Of the file, the heading being 1; 0 for the file as a whole.</param>
public sealed record BadRow(int Line, string Column, string Reason);

/// <param name="Done">True: everything is in. False: nothing is, for the reasons in <paramref name="Bad"/>.</param>
public sealed record ImportReport(bool Done, int Added, int Changed, int Unchanged, int Withdrawn, IReadOnlyList<BadRow> Bad)
{
    public override string ToString() => Done
        ? $"{Added} added, {Changed} changed, {Unchanged} unchanged, {Withdrawn} withdrawn"
        : $"nothing was imported; {Bad.Count} bad:{Environment.NewLine}{string.Join(Environment.NewLine, Bad.Select(bad => $"line {bad.Line}, {bad.Column}: {bad.Reason}"))}";
}

/// <summary>Brings a catalogue file in: all of it or nothing, and every bad row named. Prices are kept with their history.</summary>
/// <param name="connectors">The names that the column of that name may have; null: any.</param>
public sealed class CatalogueImport(Database database, CatalogueReader reader, IReadOnlyCollection<string>? connectors = null)
{
    public const int MaxBytes = 5 * 1024 * 1024;
    public const int MaxRows = 50_000;
    public const int MaxBadShown = 1000;

    private sealed record Entry(int Line, Carrier Carrier, Plan Plan);

    /// <param name="at">Since when new prices hold.</param>
    /// <param name="withdrawMissing">Withdraw the plans of the file's carriers that the file does not name.</param>
    public async Task<ImportReport> ImportAsync(Stream csv, DateTimeOffset at, bool withdrawMissing, CancellationToken cancellation)
    {
        var (entries, bad) = await ReadAsync(csv, cancellation);
        if (bad.Count > 0)
        {
            return new ImportReport(false, 0, 0, 0, 0, bad);
        }

        await using var db = database.Open();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var report = await ApplyAsync(db, entries, at, withdrawMissing, cancellation);
        if (!report.Done)
        {
            return report;
        }

        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        reader.Forget();
        return report;
    }

    private async Task<(List<Entry> Entries, List<BadRow> Bad)> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var entries = new List<Entry>();
        var bad = new List<BadRow>();
        using var bytes = new MemoryStream();
        var buffer = new byte[81920];
        for (int length; (length = await stream.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (bytes.Length + length > MaxBytes)
            {
                return (entries, [new BadRow(0, "file", $"is larger than {MaxBytes / 1024 / 1024} MiB")]);
            }

            bytes.Write(buffer, 0, length);
        }

        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return (entries, [new BadRow(0, "file", "is not UTF-8")]);
        }

        var misquoted = false;
        using var csv = new CsvReader(new StringReader(text), new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = _ => misquoted = true, MissingFieldFound = null, TrimOptions = TrimOptions.Trim, DetectColumnCountChanges = false, IgnoreBlankLines = false });
        if (!await csv.ReadAsync() || !csv.ReadHeader())
        {
            return (entries, [new BadRow(0, "file", "is empty")]);
        }

        var heading = csv.HeaderRecord ?? [];
        bad.AddRange(heading.Where(column => !CatalogueLine.Columns.Contains(column)).Select(column => new BadRow(1, column, "is no column of the format")));
        bad.AddRange(CatalogueLine.Columns.Where(column => !heading.Contains(column)).Select(column => new BadRow(1, column, "is missing")));
        bad.AddRange(heading.GroupBy(column => column).Where(column => column.Count() > 1).Select(column => new BadRow(1, column.Key, "stands twice")));
        if (bad.Count > 0)
        {
            return (entries, bad);
        }

        var plans = new Dictionary<string, int>();
        var carriers = new Dictionary<string, Carrier>();
        for (var line = csv.Parser.RawRow + 1; await csv.ReadAsync(); line = csv.Parser.RawRow + 1)
        {
            // The line is where the record begins: a quotation mark that is never closed runs to the end of the file.
            cancellation.ThrowIfCancellationRequested();
            if (csv.Parser is { Count: 1 } && csv.Parser[0].Length == 0)
            {
                continue; // A blank line.
            }

            if (bad.Count >= MaxBadShown)
            {
                bad.Add(new BadRow(line, "file", $"has more than {MaxBadShown} faults; what stands from this line on was not read"));
                break;
            }

            if (entries.Count >= MaxRows)
            {
                bad.Add(new BadRow(line, "file", $"has more than {MaxRows} rows"));
                break;
            }

            if (csv.Parser.Count != heading.Length)
            {
                bad.Add(new BadRow(line, "row", $"has {csv.Parser.Count} cells; the heading has {heading.Length}"));
                continue;
            }

            misquoted = false;
            var (carrier, plan, badCells) = CatalogueLine.Read(column => csv.GetField(column) ?? "");
            if (misquoted)
            {
                bad.Add(new BadRow(line, "row", "has a quotation mark out of place: a cell with one stands in quotation marks, and the mark in it is doubled"));
                continue;
            }

            bad.AddRange(badCells.Select(cell => new BadRow(line, cell.Column, cell.Reason)));
            if (carrier is null || plan is null)
            {
                continue;
            }

            if (!plans.TryAdd(plan.Code, line))
            {
                bad.Add(new BadRow(line, "plan_code", $"'{plan.Code}' stands in line {plans[plan.Code]} already"));
            }

            if (!carriers.TryAdd(carrier.Code, carrier) && carriers[carrier.Code] != carrier)
            {
                bad.Add(new BadRow(line, "carrier_code", $"what is said of '{carrier.Code}' differs from an earlier line"));
            }

            if (connectors?.Contains(carrier.Connector) == false)
            {
                bad.Add(new BadRow(line, "connector", $"'{carrier.Connector}' must be {string.Join(" or ", connectors.Select(name => $"'{name}'"))}"));
            }

            entries.Add(new Entry(line, carrier, plan));
        }

        if (entries.Count == 0 && bad.Count == 0)
        {
            bad.Add(new BadRow(0, "file", "has a heading and nothing else"));
        }

        return (entries, bad);
    }

    private static async Task<ImportReport> ApplyAsync(RefillDb db, List<Entry> entries, DateTimeOffset at, bool withdrawMissing, CancellationToken cancellation)
    {
        var plans = await db.Set<PlanRow>().ToDictionaryAsync(row => row.Code, cancellation);
        var moved = entries.Where(entry => plans.TryGetValue(entry.Plan.Code, out var row) && row.CarrierCode != entry.Carrier.Code)
            .Select(entry => new BadRow(entry.Line, "plan_code", $"'{entry.Plan.Code}' is a plan of '{plans[entry.Plan.Code].CarrierCode}' already, and stays one"))
            .ToList();
        if (moved.Count > 0)
        {
            return new ImportReport(false, 0, 0, 0, 0, moved);
        }

        var carriers = await db.Set<CarrierRow>().ToDictionaryAsync(row => row.Code, cancellation);
        foreach (var carrier in entries.Select(entry => entry.Carrier).DistinctBy(carrier => carrier.Code))
        {
            if (!carriers.TryGetValue(carrier.Code, out var row))
            {
                db.Add(row = new CarrierRow { Code = carrier.Code });
            }

            (row.Name, row.Network, row.Connector, row.ConnectorReference, row.TimeZone) = (carrier.Name, carrier.Network, carrier.Connector, carrier.ConnectorReference, carrier.TimeZone);
        }

        var newest = (await db.Set<PlanPriceRow>().AsNoTracking().ToListAsync(cancellation)).GroupBy(price => price.PlanCode).ToDictionary(group => group.Key, group => group.MaxBy(price => price.ValidFrom)!);
        int added = 0, changed = 0, unchanged = 0, withdrawn = 0;
        foreach (var (_, _, plan) in entries)
        {
            var fresh = PlanRow.From(plan);
            var isNew = !plans.TryGetValue(plan.Code, out var row);
            var isSame = !isNew;
            if (isNew)
            {
                db.Add(fresh);
            }
            else
            {
                var entry = db.Entry(row!);
                entry.CurrentValues.SetValues(fresh);
                isSame = entry.State == EntityState.Unchanged;
            }

            if (!newest.TryGetValue(plan.Code, out var price) || price.Cents != plan.Price.Minor)
            {
                db.Add(new PlanPriceRow { PlanCode = plan.Code, ValidFrom = After(price, at), Cents = plan.Price.Minor });
                isSame = false;
            }

            _ = isNew ? added++ : isSame ? unchanged++ : changed++;
        }

        if (withdrawMissing)
        {
            var named = entries.Select(entry => entry.Plan.Code).ToHashSet();
            var ofCarriers = entries.Select(entry => entry.Carrier.Code).ToHashSet();
            foreach (var row in plans.Values.Where(row => ofCarriers.Contains(row.CarrierCode) && !named.Contains(row.Code) && row.WithdrawnAt is null))
            {
                row.WithdrawnAt = at;
                withdrawn++;
            }
        }

        return new ImportReport(true, added, changed, unchanged, withdrawn, []);
    }

    /// <summary>A clock that stood still or went back must not put the new price before the old one, which would then hold for ever.</summary>
    private static DateTimeOffset After(PlanPriceRow? newest, DateTimeOffset at) =>
        newest is not null && newest.ValidFrom >= at ? newest.ValidFrom.AddMilliseconds(1) : at;
}
