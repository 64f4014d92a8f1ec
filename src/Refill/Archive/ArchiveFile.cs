using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Refill.Storage;

namespace Refill.Archive;

/// <summary>A file that was written, as the database is to remember it.</summary>
internal sealed record WrittenArchive(string File, byte[] Sha256, long Bytes, long TopUps, long Transfers);

/// <summary>What the lines about one subject say: the top-up (null: it is something else, such as a wallet's credit) and the transfers.</summary>
internal sealed record ArchivedSubject(ArchiveLine.TopUp? TopUp, IReadOnlyList<ArchiveLine.Transfer> Transfers);

/// <summary>
/// The file of one month: gzip (RFC 1952) of lines of JSON (<see cref="ArchiveLine"/>), a header first and the counts last. Whoever may read it may read the top-ups: an id is a capability, so only
/// its owner opens it (0600).
/// </summary>
internal static class ArchiveFile
{
    public const int Format = 1;
    private const int BufferBytes = 128 * 1024;

    public static string NameOf(Month month) => $"{month}.ndjson.gz";

    /// <summary>Of the file as it lies there.</summary>
    public static async Task<byte[]> HashAsync(string path, CancellationToken cancellation)
    {
        await using var file = Open(path);
        return await SHA256.HashDataAsync(file, cancellation);
    }

    /// <summary>Line by line, as text and as what it says.</summary>
    /// <exception cref="InvalidDataException">It is no archive of this format, or not a whole one; the message says where.</exception>
    public static IEnumerable<(string Text, ArchiveLine Line)> Read(string path)
    {
        using var reader = new StreamReader(new GZipStream(Open(path), CompressionMode.Decompress), Encoding.UTF8, detectEncodingFromByteOrderMarks: false, BufferBytes);
        var (number, topUps, transfers, ended) = (0L, 0L, 0L, false);
        while (Next(reader, path, number + 1) is var (text, line))
        {
            number++;
            if (ended || number == 1 != line is ArchiveLine.Header || line is ArchiveLine.Header { Format: not Format })
            {
                throw new InvalidDataException($"{path} is no archive of format {Format}: line {number} is out of place");
            }

            switch (line)
            {
                case ArchiveLine.TopUp:
                    topUps++;
                    break;
                case ArchiveLine.Transfer:
                    transfers++;
                    break;
                case ArchiveLine.Trailer trailer when trailer.TopUps != topUps || trailer.Transfers != transfers:
                    throw new InvalidDataException($"{path} holds {topUps} top-ups and {transfers} transfers, its last line says {trailer.TopUps} and {trailer.Transfers}");
                case ArchiveLine.Trailer:
                    ended = true;
                    break;
            }

            yield return (text, line);
        }

        if (!ended)
        {
            throw new InvalidDataException($"{path} ends after line {number}, without its last one");
        }
    }

    /// <summary>What it holds, subject by subject.</summary>
    /// <exception cref="InvalidDataException"><inheritdoc cref="Read"/></exception>
    public static IEnumerable<ArchivedSubject> Subjects(string path)
    {
        var (topUp, transfers, subject) = ((ArchiveLine.TopUp?)null, new List<ArchiveLine.Transfer>(), (Guid?)null);
        foreach (var (_, line) in Read(path))
        {
            var next = line switch { ArchiveLine.TopUp { Id: var id } => id, ArchiveLine.Transfer transfer => transfer.Subject, _ => subject };
            if (subject is not null && next != subject)
            {
                yield return new ArchivedSubject(topUp, transfers);
                (topUp, transfers) = (null, []);
            }

            subject = next;
            topUp = line as ArchiveLine.TopUp ?? topUp;
            if (line is ArchiveLine.Transfer about)
            {
                transfers.Add(about);
            }
        }

        if (subject is not null)
        {
            yield return new ArchivedSubject(topUp, transfers);
        }
    }

    private static FileStream Open(string path) => new(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, BufferSize = BufferBytes, Options = FileOptions.SequentialScan });

    private static (string, ArchiveLine)? Next(StreamReader reader, string path, long number)
    {
        try
        {
            if (reader.ReadLine() is not { } text)
            {
                return null;
            }

            var line = JsonSerializer.Deserialize(text, ArchiveJson.Compiled.ArchiveLine);
            return line is null or ArchiveLine.TopUp { Payments: null } or ArchiveLine.TopUp { Steps: null } or ArchiveLine.Transfer { Postings: null } ? throw new JsonException("it lacks what it is about") : (text, line);
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or NotSupportedException or EndOfStreamException)
        {
            throw new InvalidDataException($"{path} cannot be read at line {number}: {error.GetType().Name}", error);
        }
    }
}

/// <summary>Writes the file of one month under a name that nobody takes for an archive; it has its own only when all of it is on the disk.</summary>
internal sealed class ArchiveWriter : IDisposable
{
    private const string Unfinished = ".unfinished";
    private const int BufferBytes = 128 * 1024;

    private readonly string folder;
    private readonly Month month;
    private readonly string temporary;
    private readonly FileStream file;
    private readonly SHA256 sha = SHA256.Create();
    private readonly CryptoStream hashed;
    private readonly BufferedStream lines;
    private long topUps;
    private long transfers;

    /// <summary>Makes the folder if it is not there. There is one writer at a time: what another has left unfinished is removed.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public ArchiveWriter(string folder, Month month, DateTimeOffset created)
    {
        (this.folder, this.month) = (folder, month);
        if (!Directory.Exists(folder))
        {
            MakeFolder(folder);
        }

        foreach (var left in Directory.EnumerateFiles(folder, "*" + Unfinished))
        {
            File.Delete(left);
        }

        temporary = Path.Combine(folder, ArchiveFile.NameOf(month) + Unfinished);
        file = new FileStream(temporary, DurableFile.New());
        hashed = new CryptoStream(file, sha, CryptoStreamMode.Write, leaveOpen: true);
        lines = new BufferedStream(new GZipStream(hashed, CompressionLevel.Optimal), BufferBytes);
        Write(new ArchiveLine.Header(ArchiveFile.Format, month.ToString(), created));
    }

    public void Write(ArchiveLine line)
    {
        topUps += line is ArchiveLine.TopUp ? 1 : 0;
        transfers += line is ArchiveLine.Transfer ? 1 : 0;
        JsonSerializer.Serialize(lines, line, ArchiveJson.Compiled.ArchiveLine);
        lines.WriteByte((byte)'\n');
    }

    /// <summary>The last line, then the disk, then the name. A file of that name that is another is set aside: no row of the database knows it.</summary>
    /// <exception cref="IOException">It is not certainly on the disk.</exception>
    public WrittenArchive Finish()
    {
        Write(new ArchiveLine.Trailer(topUps, transfers));
        lines.Dispose(); // With it what is below, down to the hash.
        file.Flush();
        DurableFile.Flush(file);
        var (name, bytes) = (ArchiveFile.NameOf(month), file.Length);
        file.Dispose();
        var path = Path.Combine(folder, name);
        if (File.Exists(path) && !IsSame(path))
        {
            // Left behind by a try that was cut off, or, if two installations were given one folder, the other's only copy: never thrown away.
            File.Move(path, $"{path}.{Guid.NewGuid():N}.aside");
        }

        File.Move(temporary, path, overwrite: true);
        DurableFile.FlushFolder(folder);
        return new WrittenArchive(name, sha.Hash!, bytes, topUps, transfers);
    }

    private bool IsSame(string path)
    {
        using var before = File.OpenRead(path);
        return SHA256.HashData(before).AsSpan().SequenceEqual(sha.Hash);
    }

    /// <summary>What was not finished is gone.</summary>
    public void Dispose()
    {
        try
        {
            lines.Dispose();
        }
        catch (IOException)
        {
            // The disk is full, say: what is in the buffers is not wanted any more.
        }

        hashed.Dispose();
        file.Dispose();
        sha.Dispose();
        File.Delete(temporary);
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, DurableFile.OwnerOnly | UnixFileMode.UserExecute);
        }

        if (Path.GetDirectoryName(Path.GetFullPath(folder)) is { } above)
        {
            DurableFile.FlushFolder(above);
        }
    }
}
