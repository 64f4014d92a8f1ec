using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Refill.Advice;
using Refill.Tests.Advice.Referees;

namespace Refill.Bench.Advice;

/// <summary>
/// How long true advice takes, beside CP-SAT on the same reduced offers in the same run, over stays, price lists, offers and profiles; and whether it is true: tiny questions beside trying everything,
/// middle ones beside CP-SAT over all that is on sale. Not sound (exit code 1): a schedule that does not play, a price above one that a referee knows, or another than a referee proves.
/// </summary>
internal static class AdviceBench
{
    /// <summary>Larger models of a year do not fit into 20 GB: CP-SAT is not asked about them.</summary>
    private const long MostVariables = 2_000_000;

    private static readonly JsonSerializerOptions LineOptions = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        Option<int[]> Numbers(string name, int[] usual, string what) => new(name) { Description = what, DefaultValueFactory = _ => usual, AllowMultipleArgumentsPerToken = true };
        var (days, plans, offers, seeds) = (Numbers("--days", [30, 90, 365], "days of the stay"), Numbers("--plans", [50, 500, 5_000], "plans on sale"), Numbers("--offers", [0, 20], "reduced prices on some days"), Numbers("--seeds", [1], "price lists"));
        Option<double> seconds = new("--cpsat-seconds") { Description = "how long CP-SAT may take for one question of the grid; 0: it is not asked", DefaultValueFactory = _ => 60 };
        Option<int> tiny = new("--tiny") { Description = "how many tiny questions are compared with trying everything", DefaultValueFactory = _ => 1_000 };
        Option<int> middle = new("--middle") { Description = "how many middle ones are compared with CP-SAT", DefaultValueFactory = _ => 500 };
        var command = new RootCommand("bench/run advice: the cheapest schedule of top-ups, its speed and its truth") { days, plans, offers, seeds, seconds, tiny, middle };
        command.SetAction(parsed =>
        {
            var sound = Tiny(parsed.GetValue(tiny)) & Middle(parsed.GetValue(middle));
            return sound & Grid(parsed.GetValue(days)!, parsed.GetValue(plans)!, parsed.GetValue(offers)!, parsed.GetValue(seeds)!, parsed.GetValue(seconds)) ? 0 : 1;
        });
        return command.Parse([.. arguments]).InvokeAsync();
    }

    private static bool Tiny(int count)
    {
        var (compared, wrong) = (0, 0);
        for (var seed = 0; seed < count; seed++)
        {
            var question = RandomQuestions.Make(seed, 5, 4);
            var answer = Advisor.Answer(question);
            if (!answer.Schedule.GroupBy(purchase => purchase.Start).Any(day => day.Count() > BruteForce.MostADay))
            {
                compared++;
                wrong += Agrees(question, answer, BruteForce.Cheapest(question), $"tiny {seed}") ? 0 : 1;
            }
        }

        Console.WriteLine($"tiny: {compared} of {count} compared with trying everything (the others buy more than {BruteForce.MostADay} things in a day), {wrong} differ");
        return wrong == 0;
    }

    private static bool Middle(int count)
    {
        var (proven, wrong) = (0, 0);
        for (var seed = 1_000_000; seed < 1_000_000 + count; seed++)
        {
            var question = RandomQuestions.Make(seed, 14, 12);
            var answer = Advisor.Answer(question);
            var verdict = CpSat.Solve(question, Enumerable.Range(0, question.Offers.Count), 20, 2, most: 12);
            if (verdict.Proven)
            {
                proven++;
                wrong += Agrees(question, answer, verdict.Cents, $"middle {seed}") ? 0 : 1;
            }
        }

        Console.WriteLine($"middle: {proven} of {count} proven by CP-SAT over all offers, {wrong} differ");
        return wrong == 0;
    }

    private static bool Agrees(Question question, Answer answer, long? cheapest, string name)
    {
        var agrees = cheapest is null ? answer.Kind == AnswerKind.Impossible : answer.Kind == AnswerKind.Proven && answer.Cents == cheapest && Plays(question, answer);
        if (!agrees)
        {
            Console.WriteLine($"  {name}: {answer.Kind} {answer.Cents}, the referee: {cheapest}");
        }

        return agrees;
    }

    private static bool Plays(Question question, Answer answer) => Replay.Play(question, answer.Schedule) is { Fault: Fault.Nothing } played && played.Cents == answer.Cents;

    private static bool Grid(int[] days, int[] plans, int[] offers, int[] seeds, double seconds)
    {
        // The first answers are slow because the runtime compiles; a service that runs has that behind it.
        for (var i = 0; i < 20; i++)
        {
            Advisor.Answer(PriceLists.Make(20 + i, 200, 10, Profile.Mixed, i + 100), new SolverLimits(30_000));
        }

        var rows = new List<Row>();
        Console.WriteLine("\n| days | plans | offers | profile | ours, s | answer | price | gap % | offers left | labels | MB allocated in all | CP-SAT, s | its price | ratio |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (stay, list, reduced, profile, seed) in from d in days from p in plans from o in offers from who in Enum.GetValues<Profile>() from s in seeds select (d, p, o, who, s))
        {
            var question = PriceLists.Make(stay, list, reduced, profile, seed);
            GC.Collect();
            var (begin, made) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            var answer = Advisor.Answer(question);
            var (ours, megabytes) = (Stopwatch.GetElapsedTime(begin).TotalSeconds, (GC.GetAllocatedBytesForCurrentThread() - made) / 1e6);
            var verdict = seconds > 0 && CpSat.Size(question, answer.Reduced) <= MostVariables ? CpSat.Solve(question, answer.Reduced, seconds, 2) : null;
            var sound = answer.HasSchedule && Plays(question, answer) && (verdict?.Cents is not { } theirs || (answer.Cents <= theirs && (!verdict.Proven || answer.Cents == theirs)));
            rows.Add(new Row(stay, list, reduced, profile, ours, answer, megabytes, verdict, sound));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {stay} | {list} | {reduced} | {profile} | {ours:0.000} | {answer.Kind} | {answer.Cents / 100.0:0.00} | {answer.GapBasisPoints / 100.0:0.00} | {answer.Work.Offers} | {answer.Work.Labels} | {megabytes:0} | {(verdict is null ? "" : $"{verdict.Seconds:0.0} {verdict.Status}")} | {verdict?.Cents / 100.0:0.00} | {(verdict is null ? "" : $"{(verdict.Proven ? "" : "> ")}{verdict.Seconds / ours:0}")} |{(sound ? "" : " NOT SOUND")}"));
        }

        Sum(rows);
        return rows.TrueForAll(row => row.Sound);
    }

    private static void Sum(List<Row> rows)
    {
        var ratios = rows.Where(row => row.Verdict is not null).Select(row => row.Verdict!.Seconds / row.Seconds).Order().ToList();
        var month = rows.Where(row => row is { Days: 30, Plans: 500, Verdict: not null }).Select(row => row.Verdict!.Seconds / row.Seconds).Order().ToList();
        var soon = rows.Count(row => row is { Seconds: <= 1, Answer.Kind: AnswerKind.Proven });
        var near = rows.Count(row => row.Answer.Kind != AnswerKind.Proven && row.Answer.GapBasisPoints <= 300);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            proven within 1 s: {soon} of {rows.Count} ({100.0 * soon / Math.Max(1, rows.Count):0} %); proven at all: {rows.Count(row => row.Answer.Kind == AnswerKind.Proven)}; not proven, but within 3 %: {near}; widest gap {rows.Max(row => row.Answer.GapBasisPoints) / 100.0:0.0} %
            CP-SAT's time to ours (where it proved nothing in its time, that time: a lower bound): median {Median(ratios):0}; 30 days of 500 plans {Median(month):0}
            """));
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                Bench = "advice",
                Questions = rows.Count,
                ProvenWithinASecond = soon,
                Proven = rows.Count(row => row.Answer.Kind == AnswerKind.Proven),
                WithinThreePercent = near,
                WidestGapBasisPoints = rows.Max(row => row.Answer.GapBasisPoints),
                MedianRatio = Math.Round(Median(ratios), 1),
                MedianRatioOfAMonthOf500 = Math.Round(Median(month), 1),
                ProvenByCpSat = rows.Count(row => row.Verdict?.Proven == true),
                Sound = rows.TrueForAll(row => row.Sound),
            },
            LineOptions));
    }

    private static double Median(List<double> sorted) => sorted.Count == 0 ? 0 : sorted[sorted.Count / 2];

    private sealed record Row(int Days, int Plans, int Offers, Profile Profile, double Seconds, Answer Answer, double Megabytes, CpSat.Verdict? Verdict, bool Sound);
}
