using Refill.Archive;
using Refill.Payments;
using Refill.Reconciliation;
using Refill.TopUps;
using Refill.Work;

namespace Refill.Server;

/// <summary>
/// Runs the outbox, the sweep, the archive and the reconciliation while the server runs, and from the moment it listens: a process that is about to fail because its port is taken
/// must not take over the work of the one that has it.
/// </summary>
internal sealed class Background(Dispatcher dispatcher, Sweep sweep, ArchiveKeeper archive, ReconciliationKeeper reconciliation, IEnumerable<ISelfTest> gateways, IHostApplicationLifetime lifetime, ILogger<Background> log) : BackgroundService
{
    /// <summary>A wrong key is found now, and not by the first customer. The server sells on: the other gateways may be good.</summary>
    private async Task CheckGatewaysAsync(CancellationToken stopping)
    {
        foreach (var (name, wrong) in await Task.WhenAll(gateways.Select(async gateway => (gateway.Name, await gateway.CheckAsync(stopping)))))
        {
            if (wrong is not null)
            {
                log.LogError("the gateway {Gateway} cannot be used: {Why} (`refill gateways check` looks again)", name, wrong);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (lifetime.ApplicationStarted.Register(listening.SetResult))
            {
                await listening.Task.WaitAsync(stoppingToken);
            }

            var checking = CheckGatewaysAsync(stoppingToken);
            Task[] all = [dispatcher.RunAsync(stoppingToken), sweep.RunAsync(stoppingToken), archive.RunAsync(stoppingToken), reconciliation.RunAsync(stoppingToken)];
            if (await Task.WhenAny(all) is { IsFaulted: true } failed)
            {
                await failed; // The others would run on, and nobody would hear of it.
            }

            await Task.WhenAll([.. all, checking]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping is how it ends.
        }
        catch (Exception error)
        {
            // A server that sells and does not deliver is worse than one that is down: the host stops, and whoever watches it starts it again.
            log.LogCritical("the background work has failed, and the server stops: {Type}: {Error}", error.GetType().Name, error.Message);
            throw;
        }
    }
}
