using System.Diagnostics;
using System.Globalization;

namespace Refill.Browser.Tests.Failover;

/// <summary>For ./test --failover: the leader of the database goes, in every way that it can, while integrators order.</summary>
public sealed class FailoverTests
{
    /// <summary>By then a new leader must have been found, however slow the machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);
    private const string Report = "failover.md";
    private const int RepeatedAtOnce = 32;
    private const int LongestLine = 300;

    /// <summary>What happens to the cluster, one after the other.</summary>
    private enum Blow
    {
        /// <summary>SIGKILL to the leader's Patroni and every process of its PostgreSQL: a machine without power.</summary>
        LeaderLost,

        /// <summary>SIGKILL to the leader's PostgreSQL; its Patroni lives and sees it.</summary>
        LeaderCrashed,

        /// <summary>An operator asks for another leader.</summary>
        SwitchedOver,

        /// <summary>The server that commits wait for is lost, and the leader is not.</summary>
        StandbyLost,

        /// <summary>The line to both standbys is cut until orders are given up, so that the leader alone has the last commits; then it is lost with them.</summary>
        LeaderCutOffThenLost,
    }

    [Fact(Explicit = true)]
    [Trait("mode", "failover")]
    public async Task However_the_leader_goes_no_acknowledged_top_up_is_lost_and_none_is_made_twice()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var cluster = await PatroniCluster.StartAsync(cancellation);
        await using var shop = await WalletShop.OpenAsync(cluster, OrderLoad.Callers, cancellation);
        Say($"| what happened | no order was acknowledged for | leader | acknowledged so far |\n|---|---|---|---|");
        await using var load = new OrderLoad(shop.Url, shop.ApiKey, shop.Cards);
        load.Start();
        for (var round = 0; round < Rounds(); round++)
        {
            var blow = (Blow)(round % Enum.GetValues<Blow>().Length);
            try
            {
                var silence = await StrikeAsync(cluster, load, blow, cancellation);
                await MendAsync(cluster, cancellation);
                Say($"| {blow} | {silence.TotalSeconds:0.0} s | {(await cluster.LeaderAsync(cancellation)).Name} | {load.Acknowledged.Count} |");
            }
            catch (TimeoutException late)
            {
                throw new InvalidOperationException($"{blow}, {late.Message}\nthe server said:\n{Tail(shop.Log)}\nthe cluster said:{cluster.LastWords()}", late);
            }
        }

        await load.StopAsync();
        Say($"\n{load.Acknowledged.Count} orders acknowledged, {load.Unknown.Count} answered `outcome-unknown`, {load.Refused.Count} refused with a 503 that says that nothing was ordered; the longest answer took {load.LongestWait.TotalSeconds:0.0} s.");
        Assert.True(load.Unforeseen.IsEmpty, $"{load.Unforeseen.Count} orders ended otherwise: {string.Join("; ", load.Unforeseen.Distinct().Take(5))}\nthe server said:\n{Tail(shop.Log)}");
        await NothingIsLostAsync(shop, load, cancellation);
    }

    /// <returns>How long no order was acknowledged.</returns>
    private static async Task<TimeSpan> StrikeAsync(PatroniCluster cluster, OrderLoad load, Blow blow, CancellationToken cancellation)
    {
        var leader = await cluster.LeaderAsync(cancellation);
        await load.GoesOnAsync(load.Measure(), Patience, cancellation);
        load.Measure();
        switch (blow)
        {
            case Blow.LeaderLost:
                await leader.KillAsync();
                break;
            case Blow.LeaderCrashed:
                await leader.KillPostgresAsync();
                break;
            case Blow.SwitchedOver:
                await cluster.SwitchOverAsync(leader, await cluster.SynchronousAsync(cancellation), cancellation);
                break;
            case Blow.StandbyLost:
                await (await cluster.SynchronousAsync(cancellation)).KillAsync();
                break;
            case Blow.LeaderCutOffThenLost:
                await CutOffAsync(cluster, load, leader, cancellation);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(blow), blow, null);
        }

        return await load.GoesOnAsync(Stopwatch.GetTimestamp(), Patience, cancellation);
    }

    private static async Task CutOffAsync(PatroniCluster cluster, OrderLoad load, PatroniNode leader, CancellationToken cancellation)
    {
        var before = load.Unknown.Count;
        var standbys = cluster.Nodes.Where(node => node != leader).ToList();
        await Task.WhenAll(standbys.Select(standby => standby.StopHearingAsync()));
        var cutOff = Stopwatch.GetTimestamp();

        // An acknowledgement would be wrong now. If there is one, what follows shows that it is lost.
        await Pause.UntilAsync(() => Task.FromResult((Unknown: load.Unknown.Count - before, Wrong: load.LastSentOfAcknowledged() > cutOff)), seen => seen.Unknown > 0 || seen.Wrong, Patience, cancellation);
        await leader.KillAsync();
        await Task.WhenAll(standbys.Select(standby => standby.HearAgainAsync()));
    }

    /// <summary>Whatever was lost comes back, and the cluster is as it was: a further blow meets three servers.</summary>
    private static async Task MendAsync(PatroniCluster cluster, CancellationToken cancellation)
    {
        foreach (var node in cluster.Nodes.Where(node => !node.IsUp))
        {
            node.Start();
        }

        await cluster.WholeAsync(cancellation);
    }

    private static async Task NothingIsLostAsync(WalletShop shop, OrderLoad load, CancellationToken cancellation)
    {
        // From another process of the server: what it says must come out of the database.
        await shop.RestartServerAsync(cancellation);
        Assert.NotEmpty(load.Acknowledged);
        var settled = await RepeatAsync(load, load.Unknown, cancellation);
        Assert.All(settled, again => Assert.Equal((again.Order, 201), (again.Order, again.Status)));

        var stored = await shop.CompletedAsync(cancellation);
        var lost = load.Acknowledged.Where(acknowledged => !stored.Contains(acknowledged.TopUpId)).ToList();
        var repeated = await RepeatAsync(load, load.Acknowledged.Select(acknowledged => acknowledged.Order), cancellation);
        var first = load.Acknowledged.ToDictionary(acknowledged => acknowledged.Order);
        var different = repeated.Count(again => again.Answer != first[again.Order]);
        var verified = await shop.VerifyAsync(cancellation);
        Say($"{lost.Count} of the acknowledged are lost, {different} answered otherwise when repeated; {stored.Count} top-ups in the database for {load.Acknowledged.Count + settled.Count} keys that were answered. `refill verify`: exit code {verified.ExitCode}.");

        Assert.Empty(lost);
        Assert.Equal(0, different);
        Assert.Equal(load.Acknowledged.Count + settled.Count, stored.Count);
        Assert.Equal(stored.Count, (await shop.CompletedAsync(cancellation)).Count);
        Assert.True(verified.ExitCode == 0, verified.Output);
    }

    private static async Task<IReadOnlyCollection<(Order Order, int Status, Acknowledged? Answer)>> RepeatAsync(OrderLoad load, IEnumerable<Order> orders, CancellationToken cancellation)
    {
        var answers = new System.Collections.Concurrent.ConcurrentBag<(Order Order, int Status, Acknowledged? Answer)>();
        await Parallel.ForEachAsync(orders, new ParallelOptions { MaxDegreeOfParallelism = RepeatedAtOnce, CancellationToken = cancellation }, async (order, stop) =>
        {
            var (status, _, answer) = await load.OrderAsync(order, stop);
            answers.Add((order, status, answer));
        });
        return answers;
    }

    private static int Rounds() =>
        int.TryParse(Environment.GetEnvironmentVariable("REFILL_TEST_FAILOVERS"), CultureInfo.InvariantCulture, out var rounds) ? rounds : Enum.GetValues<Blow>().Length;

    private static void Say(FormattableString line) => Artifacts.Append(Report, FormattableString.Invariant(line));

    private static string Tail(string text) => string.Join('\n', text.Split('\n').TakeLast(20).Select(line => line.Length > LongestLine ? line[..LongestLine] : line));
}
