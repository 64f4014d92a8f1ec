using System.CommandLine;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Refill.Carriers.Own;
using Refill.Catalogue;
using Refill.Promotions;
using Refill.Storage;

namespace Refill.Server;

/// <summary>Promotions from files, as a list, and stopped (docs/promotions.md).</summary>
internal static class OfferCommands
{
    /// <summary>What an offer may be tied to as a way of paying, whether or not it is set up here.</summary>
    private static readonly HashSet<string> Gateways = ["alipay", "wechatpay", "stripe", "transfer", "wallet"];

    public static Command Offers()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "CSV or JSON lines as docs/promotions.md says" };
        var preview = new Option<bool>("--preview") { Description = "only say what would change, a line an offer" };
        var import = new Command("import", "Import offers: all or nothing, every bad row listed; what the file does not name stays") { file, preview };
        import.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Nothing, async provider =>
        {
            await using var stream = await Commands.OpenAsync(parsed, file);
            if (stream is null)
            {
                return Commands.Misused;
            }

            var isPreview = parsed.GetValue(preview);
            var report = await provider.GetRequiredService<PromotionImport>().ImportAsync(stream, await FactsAsync(provider.GetRequiredService<Database>(), cancellation), isPreview, cancellation);
            string[] lines =
            [
                .. isPreview ? report.Changes.Select(change => change.ToString()) : [],
                .. report.Notes.Select(note => $"note: {note}"),
                .. report.Done ? report.Bad.Select(bad => bad.ToString()) : [],
                isPreview && report.Done ? $"would be: {report}" : report.ToString(),
            ];
            await Commands.Output(parsed).WriteLineAsync(string.Join(Environment.NewLine, lines));
            return report is { Done: true, Bad.Count: 0 } ? Commands.Fine : Commands.Wrong;
        }, cancellation));

        var list = new Command("list", "List offers that run or are to come, with the uses left of each");
        list.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            await using var db = provider.GetRequiredService<Database>().Open();
            var now = TimeProvider.System.GetUtcNow();
            List<Promotion> offers = [.. (await db.Set<PromotionRow>().AsNoTracking().OrderBy(row => row.Code).ToListAsync(cancellation)).Select(row => row.ToPromotion()).Where(offer => offer.StoppedAt is null && !(offer.Until <= now))];
            var left = await PromotionReader.LeftAsync(db, offers, cancellation);
            await Commands.Output(parsed).WriteLineAsync(offers.Count == 0 ? "there are no offers" : string.Join(Environment.NewLine, offers.Select(offer => Line(offer, left, now))));
            return Commands.Fine;
        }, cancellation));

        var code = new Argument<string>("CODE") { Description = "as listed" };
        var stop = new Command("stop", "End an offer now; quotes that show it are honoured") { code };
        stop.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            if (!await provider.GetRequiredService<PromotionImport>().StopAsync(parsed.GetRequiredValue(code), cancellation))
            {
                return await Commands.RefuseAsync(parsed, "there is no such offer, or it was stopped before");
            }

            await Commands.Output(parsed).WriteLineAsync($"stopped; running servers see it within {PromotionReader.Fresh.TotalSeconds:0} seconds");
            return Commands.Fine;
        }, cancellation));
        return new Command("offers", "Promotions and coupons") { import, list, stop };
    }

    /// <summary>The words of the house that a file of offers may use.</summary>
    internal static async Task<OfferFacts> FactsAsync(Database database, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var carriers = await db.Set<CarrierRow>().AsNoTracking().Select(row => new { row.Code, row.Connector }).ToListAsync(cancellation);
        var plans = await db.Set<PlanRow>().AsNoTracking().Select(row => new { row.Code, row.CarrierCode }).ToListAsync(cancellation);
        return new OfferFacts(
            plans.ToDictionary(plan => plan.Code, plan => plan.CarrierCode), carriers.Select(carrier => carrier.Code).ToHashSet(),
            carriers.Where(carrier => carrier.Connector == OwnCarrier.ConnectorName).Select(carrier => carrier.Code).ToHashSet(), Gateways);
    }

    private static string Line(Promotion offer, IReadOnlyDictionary<string, long> left, DateTimeOffset now)
    {
        var window = (offer.From, offer.Until) switch
        {
            (null, null) => "always",
            var (from, until) => $"{(from is { } begin ? $"from {PromotionWindow.Show(begin, offer.TimeZone)} " : "")}{(until is { } end ? $"until {PromotionWindow.Show(end, offer.TimeZone)} " : "")}({offer.TimeZone})",
        };
        var uses = offer.Limit is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{left.GetValueOrDefault(offer.Code)} of {limit} left") : "no limit";
        return $"{offer.Code}  {(offer.RunsAt(now) ? "running" : "coming")}  {offer.Kind} {offer.Value}  {window}  {uses}{(offer.Coupon is { } coupon ? $"  coupon {coupon}" : "")}  {offer.Name.English}";
    }
}
