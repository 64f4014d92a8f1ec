using System.Globalization;
using CsCheck;
using Refill.Catalogue;
using Refill.Units;

namespace Refill.Tests.Catalogue;

public sealed class CatalogueLineTests
{
    private static readonly Gen<string> Name = Gen.Char["abcXYZ 019+/()"].Array[1, 40].Select(chars => $"n{new string(chars)}".TrimEnd());
    private static readonly Gen<Allowance> Volume = Gen.OneOf(
        Gen.Const(Allowance.Unlimited), Gen.Const(Allowance.NotStated), Gen.Const(Allowance.None), Gen.Int[1, 100_000].Select(megabytes => Allowance.Of(DataVolume.Megabytes(megabytes).Bytes)));

    private static readonly Gen<(AfterQuota, int?)> AfterQuotas = Gen.OneOf(
        Gen.OneOf((AfterQuota.Stops, (int?)null), (AfterQuota.Throttled, null), (AfterQuota.NotStated, null)), Gen.Int[1, 1_000_000].Select(kbps => (AfterQuota.Throttled, (int?)kbps)));

    private static readonly Gen<(Hotspot, Allowance)> Hotspots = Gen.OneOf(
        Gen.OneOf((Hotspot.No, Allowance.NotStated), (Hotspot.NotStated, Allowance.NotStated)), Volume.Select(volume => (Hotspot.Yes, volume)));

    private static readonly Gen<ValidityRule> Validities = Gen.Select(
        Gen.Int[1, 400], Gen.OneOf(ValidityClock.Hours24, ValidityClock.CalendarDays, ValidityClock.CalendarMonths), Gen.OneOf(Activation.OnPurchase, Activation.OnFirstUse), Gen.OneOf("America/New_York", "Pacific/Honolulu", "UTC"),
        (count, clock, activation, zone) => new ValidityRule(count, clock, activation, zone));

    private static readonly Gen<Plan> Plans = Gen.Select(
        Gen.Select(Name, Name, Volume, AfterQuotas), Gen.Select(Count(60), Count(1), Hotspots, Validities), Gen.Long[1, 1_000_000], Gen.Bool, Gen.OneOf(Stacking.NotStated, Stacking.Beside, Stacking.Queues, Stacking.Replaces),
        (what, more, cents, verified, stacking) => new Plan(
            "plan-1", "carrier-1", what.Item1, what.Item2, what.Item3, what.Item4.Item1, what.Item4.Item2, more.Item1, more.Item2, more.Item3.Item1, more.Item3.Item2, more.Item4, Money.Usd(cents), "", verified, "somewhere")
        {
            Stacking = stacking,
        });

    [Fact]
    public void Any_plan_that_can_be_sold_can_be_written_as_a_line_and_is_read_as_it_was() =>
        Plans.Sample(plan =>
        {
            var (carrier, read, _, bad) = CatalogueLine.Read(column => Write(plan, column));
            return bad.Count == 0 && read == plan && carrier == new Carrier("carrier-1", "Carrier", "", "reloadly", "", plan.Validity.TimeZone) { SimPrice = Money.Usd(499) };
        }, iter: 5000);

    [Fact]
    public void Any_text_in_any_cell_is_read_or_refused_in_a_column_and_never_throws() =>
        Gen.Select(Plans, Gen.Int[0, CatalogueLine.Columns.Length - 1], Gen.String[0, 40]).Sample((plan, at, text) =>
        {
            var (carrier, read, _, bad) = CatalogueLine.Read(column => column == CatalogueLine.Columns[at] ? text : Write(plan, column));
            return bad.Count == 0 ? carrier is not null && read is not null : read is null && bad.All(cell => CatalogueLine.Columns.Contains(cell.Column) && cell.Reason.Length > 0);
        }, iter: 20_000);

    private static Gen<Allowance> Count(int unit) =>
        Gen.OneOf(Gen.Const(Allowance.Unlimited), Gen.Const(Allowance.NotStated), Gen.Int[0, 1_000_000].Select(count => Allowance.Of((long)count * unit)));

    /// <summary>The format the other way round, for this test alone.</summary>
    private static string Write(Plan plan, string column) => column switch
    {
        "carrier_code" => plan.CarrierCode,
        "carrier_name" => "Carrier",
        "connector" => "reloadly",
        "network" or "connector_reference" => "",
        "time_zone" => plan.Validity.TimeZone,
        "plan_code" => plan.Code,
        "plan_name" => plan.Name,
        "carrier_product" => plan.CarrierProduct,
        "price_usd" => plan.Price.ToDecimalString(),
        "full_speed" => Amount(plan.FullSpeed, bytes => bytes == 0 ? "0" : $"{bytes / 1_000_000} MB"),
        "after_quota" => plan.ThrottleKbps is { } kbps ? $"throttled:{kbps}" : plan.AfterQuota switch { AfterQuota.Stops => "stops", AfterQuota.Throttled => "throttled", _ => "not stated" },
        "voice_minutes" => Amount(plan.Voice, seconds => (seconds / 60).ToString(CultureInfo.InvariantCulture)),
        "sms" => Amount(plan.Sms, messages => messages.ToString(CultureInfo.InvariantCulture)),
        "hotspot" => plan.Hotspot switch { Hotspot.Yes => "yes", Hotspot.No => "no", _ => "not stated" },
        "hotspot_data" => plan.Hotspot == Hotspot.Yes ? Amount(plan.HotspotData, bytes => bytes == 0 ? "0" : $"{bytes / 1_000_000} MB") : "",
        "validity" => plan.Validity.Clock switch { ValidityClock.Hours24 => $"{plan.Validity.Count}x24h", ValidityClock.CalendarDays => $"{plan.Validity.Count} days", _ => $"{plan.Validity.Count} months" },
        "activation" => plan.Validity.Activation == Activation.OnPurchase ? "purchase" : "first use",
        "verified" => plan.Verified ? "yes" : "no",
        "source" => plan.Source,
        "note" => plan.Note,
        "price_from" => "",
        "stacking" => plan.Stacking switch { Stacking.Beside => "beside", Stacking.Queues => "queues", Stacking.Replaces => "replaces", _ => "" },
        "sim_price_usd" => "4.99",
        _ => throw new ArgumentException(column),
    };

    private static string Amount(Allowance allowance, Func<long, string> write) => allowance.Kind switch
    {
        AllowanceKind.Unlimited => "unlimited",
        AllowanceKind.NotStated => "not stated",
        _ => write(allowance.Amount),
    };
}
