using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Catalogue;

/// <param name="Line">Of the file, from 1; 0 for the file as a whole.</param>
public sealed record BadRow(int Line, string Column, string Reason)
{
    public override string ToString() => $"line {Line}, {Column}: {Reason}";
}

/// <summary>What an import does to one plan.</summary>
/// <param name="Kind">'+' added, '~' changed, '-' withdrawn.</param>
public sealed record PlanChange(char Kind, string PlanCode, string What)
{
    public override string ToString() => $"{Kind} {PlanCode}  {What}";
}

/// <param name="Done">True: everything is in (or would be: a preview). False: nothing is, for the reasons in <paramref name="Bad"/>.</param>
/// <param name="Bad">Rows that cannot be read; with <see cref="ImportOptions.LeaveBadOut"/> all others are in.</param>
public sealed record ImportReport(bool Done, int Added, int Changed, int Unchanged, int Withdrawn, IReadOnlyList<BadRow> Bad)
{
    public IReadOnlyList<PlanChange> Changes { get; init; } = [];

    /// <summary>Rows that the mapping says are not for sale here.</summary>
    public IReadOnlyList<BadRow> Skipped { get; init; } = [];

    public override string ToString() => Done
        ? $"{Added} added, {Changed} changed, {Unchanged} unchanged, {Withdrawn} withdrawn{(Bad.Count + Skipped.Count == 0 ? "" : $", {Bad.Count + Skipped.Count} rows left out")}"
        : $"nothing was imported; {Bad.Count} bad:{Environment.NewLine}{string.Join(Environment.NewLine, Bad)}";
}

/// <summary>How a file is imported.</summary>
/// <param name="At">Now: since when what it says holds.</param>
public sealed record ImportOptions(DateTimeOffset At)
{
    /// <summary>Null: the file is in our own format.</summary>
    public PriceListMapping? Mapping { get; init; }

    /// <summary>Withdraw the plans of the file's carriers that the file does not name, or that its mapping skips.</summary>
    public bool WithdrawMissing { get; init; }

    /// <summary>Rows that cannot be read do not keep the others out; not together with <see cref="WithdrawMissing"/>.</summary>
    public bool LeaveBadOut { get; init; }

    /// <summary>Only say what would change.</summary>
    public bool Preview { get; init; }

    /// <summary>Since when its prices hold, where a row does not say; null: since now.</summary>
    public DateTimeOffset? PricesFrom { get; init; }
}

/// <summary>Brings a catalogue file or a price list in: all of it or nothing, unless bad rows may be left out, and every bad row named. Prices are kept with their history.</summary>
/// <param name="connectors">The names that the column of that name may have; null: any.</param>
public sealed class CatalogueImport(Database database, CatalogueReader reader, IReadOnlyCollection<string>? connectors = null)
{
    public const int MaxBytes = Sheet.MaxBytes;
    public const int MaxRows = 50_000;
    public const int MaxBadShown = 1000;

    /// <summary>A price that begins this much later than now was meant to; one that begins sooner is of a clock that was ahead.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    private sealed record Entry(int Line, Carrier Carrier, Plan Plan, DateTimeOffset? PriceFrom);

    public Task<ImportReport> ImportAsync(Stream file, DateTimeOffset at, bool withdrawMissing, CancellationToken cancellation) =>
        ImportAsync(file, new ImportOptions(at) { WithdrawMissing = withdrawMissing }, cancellation);

    public async Task<ImportReport> ImportAsync(Stream file, ImportOptions options, CancellationToken cancellation)
    {
        var (entries, bad, skipped) = (new List<Entry>(), new List<BadRow>(), new List<BadRow>());
        try
        {
            Read(await Sheet.ReadAsync(file, options.Mapping?.Heading ?? 1, options.Mapping?.Sheet, cancellation), options, entries, bad, skipped, cancellation);
        }
        catch (SheetException unfit)
        {
            entries.Clear();
            bad.Add(new BadRow(0, "file", unfit.Message));
        }

        // What a bad row is about is not known: nothing is withdrawn for want of it.
        if (bad.Count > 0 && (entries.Count == 0 || !options.LeaveBadOut || options.WithdrawMissing))
        {
            return new ImportReport(false, 0, 0, 0, 0, bad) { Skipped = skipped };
        }

        await using var db = database.Open();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var report = await ApplyAsync(db, entries, options, cancellation);
        if (!report.Done || options.Preview)
        {
            return report with { Bad = [.. bad, .. report.Bad], Skipped = skipped };
        }

        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        reader.Forget();
        return report with { Bad = [.. bad, .. report.Bad], Skipped = skipped };
    }

    private void Read(IEnumerable<SheetRow> sheet, ImportOptions options, List<Entry> entries, List<BadRow> bad, List<BadRow> skipped, CancellationToken cancellation)
    {
        var mapping = options.Mapping;
        using var rows = sheet.GetEnumerator();
        if (!rows.MoveNext())
        {
            bad.Add(new BadRow(0, "file", "is empty"));
            return;
        }

        var heading = rows.Current;
        bad.AddRange(FaultsOf(heading, mapping));
        if (bad.Count > 0)
        {
            return;
        }

        var places = heading.Cells.Index().Where(column => column.Item.Length > 0).DistinctBy(column => column.Item).ToDictionary(column => column.Item, column => column.Index);
        var (plans, carriers) = (new Dictionary<string, int>(), new Dictionary<string, Carrier>());
        while (rows.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            var row = rows.Current;
            if (bad.Count >= MaxBadShown && !options.LeaveBadOut)
            {
                bad.Add(new BadRow(row.Line, "file", $"has more than {MaxBadShown} faults; what stands from this line on was not read"));
                break;
            }

            if (entries.Count + bad.Count + skipped.Count >= MaxRows)
            {
                bad.Add(new BadRow(row.Line, "file", $"has more than {MaxRows} rows"));
                entries.Clear(); // Half a file is none.
                break;
            }

            string Theirs(string column) => row.Cells[places[column]];
            if (row.Cells.Count != heading.Cells.Count)
            {
                bad.Add(new BadRow(row.Line, "row", $"has {row.Cells.Count} cells; the heading has {heading.Cells.Count}"));
            }
            else if (row.Fault is { } fault)
            {
                bad.Add(new BadRow(row.Line, "row", fault));
            }
            else if (mapping?.WhySkipped(Theirs) is { } reason)
            {
                skipped.Add(new BadRow(row.Line, "row", reason));
            }
            else
            {
                var faults = Check(row.Line, CatalogueLine.Read(column => mapping is not null ? mapping.Cell(column, Theirs) : places.ContainsKey(column) ? Theirs(column) : ""), plans, carriers, out var entry);
                bad.AddRange(faults);
                if (faults.Count == 0)
                {
                    entries.Add(entry!);
                }
            }
        }

        if (entries.Count == 0 && bad.Count == 0)
        {
            bad.Add(new BadRow(0, "file", skipped.Count > 0 ? "has no row that is not skipped" : "has a heading and nothing else"));
        }
    }

    private static IEnumerable<BadRow> FaultsOf(SheetRow heading, PriceListMapping? mapping)
    {
        var needed = mapping?.Needed.ToList() ?? [.. CatalogueLine.Columns];
        var unknown = mapping is null ? heading.Cells.Where(column => !CatalogueLine.Columns.Contains(column) && !CatalogueLine.MayBeMissing.Contains(column)) : [];
        return [
            .. unknown.Select(column => new BadRow(heading.Line, column, "is no column of the format")),
            .. needed.Where(column => !heading.Cells.Contains(column) && !CatalogueLine.MayBeMissing.Contains(column)).Select(column => new BadRow(heading.Line, column, "is missing")),
            .. heading.Cells.Where(column => mapping is null || needed.Contains(column)).GroupBy(column => column).Where(column => column.Count() > 1).Select(column => new BadRow(heading.Line, column.Key, "stands twice")),
        ];
    }

    private List<BadRow> Check(int line, (Carrier? Carrier, Plan? Plan, DateTimeOffset? PriceFrom, IReadOnlyList<BadCell> Bad) read, Dictionary<string, int> plans, Dictionary<string, Carrier> carriers, out Entry? entry)
    {
        entry = null;
        if (read is not ({ } carrier, { } plan, var priceFrom, _))
        {
            return [.. read.Bad.Select(cell => new BadRow(line, cell.Column, cell.Reason))];
        }

        var faults = new List<BadRow>();
        if (!plans.TryAdd(plan.Code, line))
        {
            faults.Add(new BadRow(line, "plan_code", $"'{plan.Code}' stands in line {plans[plan.Code]} already"));
        }

        if (!carriers.TryAdd(carrier.Code, carrier) && carriers[carrier.Code] != carrier)
        {
            faults.Add(new BadRow(line, "carrier_code", $"what is said of '{carrier.Code}' differs from an earlier line"));
        }

        if (connectors?.Contains(carrier.Connector) == false)
        {
            faults.Add(new BadRow(line, "connector", $"'{carrier.Connector}' must be {string.Join(" or ", connectors.Select(name => $"'{name}'"))}"));
        }

        entry = new Entry(line, carrier, plan, priceFrom);
        return faults;
    }

    private static async Task<ImportReport> ApplyAsync(RefillDb db, List<Entry> entries, ImportOptions options, CancellationToken cancellation)
    {
        var plans = await db.Set<PlanRow>().ToDictionaryAsync(row => row.Code, cancellation);
        var moved = entries.Where(entry => plans.TryGetValue(entry.Plan.Code, out var row) && row.CarrierCode != entry.Carrier.Code).ToList();
        var bad = moved.ConvertAll(entry => new BadRow(entry.Line, "plan_code", $"'{entry.Plan.Code}' is a plan of '{plans[entry.Plan.Code].CarrierCode}' already, and stays one"));
        if (moved.Count > 0 && (moved.Count == entries.Count || !options.LeaveBadOut || options.WithdrawMissing))
        {
            return new ImportReport(false, 0, 0, 0, 0, bad);
        }

        List<Entry> staying = [.. entries.Except(moved)];
        var carriers = await db.Set<CarrierRow>().ToDictionaryAsync(row => row.Code, cancellation);
        foreach (var carrier in staying.Select(entry => entry.Carrier).DistinctBy(carrier => carrier.Code))
        {
            if (!carriers.TryGetValue(carrier.Code, out var row))
            {
                db.Add(row = new CarrierRow { Code = carrier.Code });
            }

            (row.Name, row.Network, row.Connector, row.ConnectorReference, row.TimeZone, row.SimPriceCents) =
                (carrier.Name, carrier.Network, carrier.Connector, carrier.ConnectorReference, carrier.TimeZone, carrier.SimPrice?.Minor);
        }

        var prices = (await db.Set<PlanPriceRow>().ToListAsync(cancellation)).ToLookup(price => price.PlanCode);
        var (changes, unchanged) = (new List<PlanChange>(), 0);
        foreach (var (_, _, plan, priceFrom) in staying)
        {
            var fresh = PlanRow.From(plan);
            var differs = new List<string>();
            var isNew = !plans.TryGetValue(plan.Code, out var row);
            if (isNew)
            {
                db.Add(fresh);
                differs.Add(plan.Name);
            }
            else
            {
                var entry = db.Entry(row!);
                entry.CurrentValues.SetValues(fresh);
                differs.AddRange(entry.Properties.Where(property => property.IsModified).Select(property => $"{property.Metadata.Name}: {Shown(property.OriginalValue)} → {Shown(property.CurrentValue)}"));
            }

            if (SetPrice(db, plan, [.. prices[plan.Code].OrderBy(price => price.ValidFrom)], priceFrom ?? options.PricesFrom, options.At) is { } price)
            {
                differs.Add(price);
            }

            if (differs.Count == 0)
            {
                unchanged++;
            }
            else
            {
                changes.Add(new PlanChange(isNew ? '+' : '~', plan.Code, string.Join("; ", differs)));
            }
        }

        if (options.WithdrawMissing)
        {
            var named = staying.Select(entry => entry.Plan.Code).ToHashSet();
            var ofCarriers = staying.Select(entry => entry.Carrier.Code).ToHashSet();
            foreach (var row in plans.Values.Where(row => ofCarriers.Contains(row.CarrierCode) && !named.Contains(row.Code) && row.WithdrawnAt is null))
            {
                row.WithdrawnAt = options.At;
                changes.Add(new PlanChange('-', row.Code, row.Name));
            }
        }

        return new ImportReport(true, Count('+'), Count('~'), unchanged, Count('-'), bad) { Changes = changes };

        int Count(char kind) => changes.Count(change => change.Kind == kind);
    }

    /// <summary>A price and since when, or one that was planned for that moment changed. What holds, or has held, is never changed.</summary>
    /// <returns>What changes, for a person; null: nothing.</returns>
    private static string? SetPrice(RefillDb db, Plan plan, List<PlanPriceRow> history, DateTimeOffset? from, DateTimeOffset now)
    {
        // A clock that stood still or went back must not put the new price before the old one, which would then hold for ever.
        var newest = history.LastOrDefault(price => price.ValidFrom <= now + ClockSkew);
        var soonest = newest is not null && newest.ValidFrom >= now ? newest.ValidFrom.AddMilliseconds(1) : now;
        var start = from > soonest ? from.Value : soonest;
        var before = history.LastOrDefault(price => price.ValidFrom <= start);
        if (before?.Cents == plan.Price.Minor)
        {
            return null;
        }

        if (before is not null && before.ValidFrom == start)
        {
            before.Cents = plan.Price.Minor;
        }
        else
        {
            db.Add(new PlanPriceRow { PlanCode = plan.Code, ValidFrom = start, Cents = plan.Price.Minor });
        }

        return $"{(before is null ? "" : $"{Money.Usd(before.Cents)} → ")}{plan.Price}{(start > now + ClockSkew ? $" from {start.UtcDateTime:u}" : "")}";
    }

    private static string Shown(object? value) => value switch
    {
        null => "none",
        string text => $"'{text}'",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
