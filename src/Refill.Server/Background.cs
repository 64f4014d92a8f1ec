using Refill.TopUps;
using Refill.Work;

namespace Refill.Server;

/// <summary>Runs the outbox and the sweep while the server runs.</summary>
internal sealed class Background(Dispatcher dispatcher, Sweep sweep) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(dispatcher.RunAsync(stoppingToken), sweep.RunAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping is how it ends.
        }
    }
}
