namespace Refill.Storage;

/// <summary>A lock between processes that ends with its holder, however that ends: a file that it holds open and nobody else may open (flock on Unix).</summary>
public sealed class FileLock : IDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    /// <summary>What the operating systems call it when the file is held: EAGAIN on Linux, EWOULDBLOCK on macOS, ERROR_SHARING_VIOLATION on Windows.</summary>
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream file;

    private FileLock(FileStream file) => this.file = file;

    /// <summary>Null: another holds it. The file stays when the lock ends; it is empty.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public static FileLock? TryTake(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error) when (Held.Contains(error.HResult))
        {
            return null;
        }
    }

    /// <summary>Waits until it is free. Null: it was held all the time.</summary>
    public static async Task<FileLock?> TakeAsync(string path, TimeSpan patience, CancellationToken cancellation)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                return null;
            }

            await Task.Delay(BetweenTries, cancellation);
        }
    }

    public void Dispose() => file.Dispose();
}
