using System.Diagnostics;

namespace Refill.Bench.TopUps;

/// <summary>What one durable write costs on the disk that the databases lie on.</summary>
internal static class Disk
{
    private const int Bytes = 4096;
    private const int Times = 200;

    /// <summary>The median of appending 4 KB and fsync, in milliseconds.</summary>
    public static double FsyncMilliseconds()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0);
            var (block, times) = (new byte[Bytes], new List<double>(Times));
            for (var count = 0; count < Times; count++)
            {
                var begin = Stopwatch.GetTimestamp();
                file.Write(block);
                file.Flush(flushToDisk: true);
                times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }

            times.Sort();
            return times[Times / 2];
        }
        finally
        {
            File.Delete(path);
        }
    }
}
