using System.Runtime.InteropServices;
using Refill.Sandbox;

if (args is not ["--config", var path])
{
    Console.Error.WriteLine("usage: Refill.Sandbox --config FILE.json   (docs/sandbox.md shows what stands in it)");
    return 2;
}

SandboxOptions options;
try
{
    options = SandboxOptions.Load(path);
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

await using var sandbox = SandboxHost.Build(options);
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await sandbox.StartAsync();
Console.WriteLine($"sandbox at {string.Join(", ", sandbox.Urls)}");
try
{
    await Task.Delay(Timeout.Infinite, stop.Token);
}
catch (OperationCanceledException)
{
    // The signal that it ends by.
}

await sandbox.StopAsync();
return 0;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
