namespace Refill.Payments;

/// <summary>Whether files of keys have changed. By the file itself, not by a link to it: secrets that Kubernetes mounts are changed by turning a link to another folder.</summary>
internal static class FileStamps
{
    /// <summary>When each was last written (UTC), and its bytes; a file that is not there or cannot be looked at has a stamp of its own. Never throws.</summary>
    public static (DateTime, long)[] Of(IEnumerable<string> files) => [.. files.Select(Of)];

    private static (DateTime, long) Of(string file)
    {
        try
        {
            var named = new FileInfo(file);
            var real = named.Exists ? named.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? named : null;
            return real is { Exists: true } ? (real.LastWriteTimeUtc, real.Length) : (default, -1);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (default, -2);
        }
    }
}
