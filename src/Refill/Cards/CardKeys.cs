using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using Refill.Storage;

namespace Refill.Cards;

/// <summary>The key file cannot be used. The message says why, and never shows a key.</summary>
public sealed class KeyFileException(string message) : Exception(message);

/// <summary>
/// The keys by which cards are encrypted (versioned, so that they can be changed) and found (one, because it cannot without re-indexing).
/// They live in a file of their own, never in the database that they protect.
/// </summary>
internal sealed class CardKeys
{
    public const int KeyBytes = 32;
    public const int MaxFileBytes = 64 * 1024;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private CardKeys(byte current, FrozenDictionary<byte, byte[]> encryption, byte[] index) => (Current, Encryption, Index) = (current, encryption, index);

    /// <summary>The version that new texts are encrypted with.</summary>
    public byte Current { get; }

    public FrozenDictionary<byte, byte[]> Encryption { get; }

    public byte[] Index { get; }

    /// <param name="create">Make the file, with fresh keys, if it is not there.</param>
    /// <exception cref="KeyFileException">It is missing, damaged, or readable by others.</exception>
    public static CardKeys LoadOrCreate(string path, bool create)
    {
        try
        {
            if (!File.Exists(path))
            {
                if (!create)
                {
                    throw new KeyFileException($"there is no key file at {path}; docs/operating.md says how to make one");
                }

                Create(path);
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(DurableFile.OwnerOnly | UnixFileMode.UserExecute)) != 0)
            {
                throw new KeyFileException($"the key file {path} can be opened by others than its owner; chmod 600 it");
            }

            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw new KeyFileException($"the key file {path} is larger than {MaxFileBytes / 1024} KiB");
            }

            return Read(JsonSerializer.Deserialize<KeyFile>(File.ReadAllBytes(path), Json), path);
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException($"the key file {path} cannot be used: {error.GetType().Name}");
        }
    }

    private static CardKeys Read(KeyFile? file, string path)
    {
        if (file?.Keys is not { Count: > 0 } keys || file.Index is null)
        {
            throw new KeyFileException($"the key file {path} lacks 'keys' or 'index'");
        }

        var encryption = new Dictionary<byte, byte[]>();
        foreach (var key in keys)
        {
            if (key is null || key.Version == 0)
            {
                throw new KeyFileException($"the key file {path} has a key without a version from 1 to {byte.MaxValue}");
            }

            if (!encryption.TryAdd(key.Version, Key(key.Encryption, $"key {key.Version}", path)))
            {
                throw new KeyFileException($"the key file {path} has version {key.Version} twice");
            }
        }

        return encryption.ContainsKey(file.Current)
            ? new CardKeys(file.Current, encryption.ToFrozenDictionary(), Key(file.Index, "the index key", path))
            : throw new KeyFileException($"the key file {path} names version {file.Current} as current, and does not hold it");
    }

    private static byte[] Key(string? text, string name, string path)
    {
        var key = new byte[KeyBytes];
        return text is not null && Convert.TryFromBase64String(text, key, out var length) && length == KeyBytes
            ? key
            : throw new KeyFileException($"{name} in {path} must be the base64 of {KeyBytes} bytes");
    }

    private static void Create(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var file = new KeyFile(1, [new VersionedKey(1, Fresh())], Fresh());
        var fresh = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(fresh, DurableFile.New()))
            {
                JsonSerializer.Serialize(stream, file, Json);
                stream.Flush();
                DurableFile.Flush(stream); // A key that is lost is every number lost.
            }

            // If another process was faster, its keys are the keys.
            DurableFile.TryName(fresh, path);
        }
        finally
        {
            File.Delete(fresh);
        }

        DurableFile.FlushFolder(folder); // The file's name, too, must outlive the loss of power.
    }

    private static string Fresh() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));

    private sealed record KeyFile(byte Current, IReadOnlyList<VersionedKey?> Keys, string Index);

    private sealed record VersionedKey(byte Version, string Encryption);
}
