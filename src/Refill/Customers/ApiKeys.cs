using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Storage;
using Refill.Units;

namespace Refill.Customers;

/// <summary>What a key may do. A closed set; the words are those of the API's documentation.</summary>
public static class ApiScope
{
    public const string TopUpsWrite = "top-ups:write";
    public const string TopUpsRead = "top-ups:read";
    public const string WalletRead = "wallet:read";

    public static readonly ImmutableArray<string> All = [TopUpsWrite, TopUpsRead, WalletRead];
}

/// <summary>A key as it is listed; its secret is not kept.</summary>
public sealed record ApiKey(Guid Id, Guid WalletId, string Name, ImmutableArray<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt)
{
    public bool May(string scope) => RevokedAt is null && Scopes.Contains(scope);
}

/// <summary>
/// Keys by which integrators' programs are known. A key is shown once; kept is the SHA-256 of its secret, which has 256 random bits and so needs no slow hash.
/// What was read of a key is believed for <see cref="Trust"/>: a revoked key works that much longer at most, on every node.
/// </summary>
public sealed class ApiKeys(Database database, TimeProvider time)
{
    public static readonly TimeSpan Trust = TimeSpan.FromSeconds(5);
    public const int MaxName = 100;

    /// <summary>By it scanners for leaked secrets recognise one of ours.</summary>
    private const string Prefix = "rfk_";
    private const int SecretBytes = 32;
    private const int MaxKnown = 10_000;
    private const int IdLength = 22;
    private const int PresentedLength = 4 + IdLength + 1 + 43;

    private readonly ConcurrentDictionary<Guid, Known> known = new();

    /// <summary>How many keys were revoked when that was last asked: as long as no more are, every key that was good still is.</summary>
    private long revokedCount = -1;
    private long revokedReadAt;
    private Task<long>? counting;
    private readonly Lock gate = new();

    /// <returns>The key, and the text that the integrator sends; it cannot be had again.</returns>
    /// <exception cref="ArgumentException">A name of no or more than <see cref="MaxName"/> characters, no scope or an unknown one.</exception>
    public async Task<(ApiKey Key, string Presented)> CreateAsync(Guid walletId, string name, ImmutableArray<string> scopes, CancellationToken cancellation)
    {
        if (name.Trim().Length is 0 or > MaxName || name.Any(char.IsControl))
        {
            throw new ArgumentException($"a key's name has 1 to {MaxName} characters", nameof(name));
        }

        if (scopes.IsEmpty || scopes.Except(ApiScope.All).Any())
        {
            throw new ArgumentException($"scopes are one or more of {string.Join(", ", ApiScope.All)}", nameof(scopes));
        }

        var secret = RandomNumberGenerator.GetBytes(SecretBytes);
        var row = new ApiKeyRow
        {
            Id = CellId.New(CellId.CellOf(walletId), time),
            WalletId = walletId,
            Name = name.Trim(),
            Scopes = string.Join(' ', scopes.Distinct()),
            SecretHash = SHA256.HashData(secret),
            CreatedAt = time.GetUtcNow(),
        };
        await using var db = database.Open();
        db.Add(row);
        await db.SaveChangesAsync(cancellation);
        return (Read(row), $"{Prefix}{CellId.ToText(row.Id)}_{Base64Url.EncodeToString(secret)}");
    }

    /// <summary>The key that was presented, revoked or not; null if it is none of ours. Takes the same time for a wrong secret as for a right one.</summary>
    public ValueTask<ApiKey?> FindAsync(string? presented, CancellationToken cancellation)
    {
        if (presented is not { Length: PresentedLength } || !presented.StartsWith(Prefix, StringComparison.Ordinal) || presented[Prefix.Length + IdLength] != '_'
            || !CellId.TryParse(presented.AsSpan(Prefix.Length, IdLength), out var id))
        {
            return default;
        }

        return Trusted(id) is { } known ? new(Verified(known, presented)) : VerifiedAsync(id, presented, cancellation);
    }

    private async ValueTask<ApiKey?> VerifiedAsync(Guid id, string presented, CancellationToken cancellation) => Verified(await ReadAsync(id, cancellation), presented);

    /// <summary>By the hash of its secret; the same text again, as a program sends it with every request, by that text.</summary>
    private static ApiKey? Verified(Known known, string presented)
    {
        if (known.LastVerified is { } last && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(last.AsSpan()), MemoryMarshal.AsBytes(presented.AsSpan())))
        {
            return known.Key;
        }

        Span<byte> secret = stackalloc byte[SecretBytes + 1];
        if (known.Row is null || Base64Url.DecodeFromChars(presented.AsSpan(Prefix.Length + IdLength + 1), secret, out _, out var written) != System.Buffers.OperationStatus.Done || written != SecretBytes
            || !CryptographicOperations.FixedTimeEquals(known.Row.SecretHash, SHA256.HashData(secret[..SecretBytes])))
        {
            return null;
        }

        known.LastVerified = presented;
        return known.Key;
    }

    /// <summary>All keys, or those of one wallet; the newest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(Guid? walletId, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = await db.Set<ApiKeyRow>().AsNoTracking().Where(row => walletId == null || row.WalletId == walletId).OrderByDescending(row => row.CreatedAt).ToListAsync(cancellation);
        return [.. rows.Select(Read)];
    }

    /// <returns>False: there is no such key, or it was revoked before.</returns>
    public async Task<bool> RevokeAsync(Guid id, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        known.TryRemove(id, out _);
        return await db.Set<ApiKeyRow>().Where(row => row.Id == id && row.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, now), cancellation) == 1;
    }

    /// <summary>What is known of a key and may still be believed.</summary>
    private Known? Trusted(Guid id) => known.TryGetValue(id, out var read) && (IsFresh(read.ReadAt) || (IsGood(read) && IsFresh(Volatile.Read(ref revokedReadAt)))) ? read : null;

    private async Task<Known> ReadAsync(Guid id, CancellationToken cancellation)
    {
        if (known.Count >= MaxKnown)
        {
            known.Clear(); // Made-up ids must not fill the memory.
        }

        // One question for all keys, and for all who ask at the same time; the keys themselves are read again only if one more was revoked.
        Task<long> asked;
        lock (gate)
        {
            asked = counting is { IsCompleted: false } begun ? begun : counting = Task.Run(CountRevokedAsync, CancellationToken.None);
        }

        var readAt = time.GetTimestamp();
        var count = await asked.WaitAsync(cancellation);
        if (known.TryGetValue(id, out var read) && IsGood(read) && IsFresh(Volatile.Read(ref revokedReadAt)))
        {
            return read;
        }

        await using var db = database.Open();
        var row = await db.Set<ApiKeyRow>().AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, cancellation);
        return known[id] = new Known(row, row is null ? null : Read(row), readAt, count);
    }

    private async Task<long> CountRevokedAsync()
    {
        await using var db = database.Open();
        var askedAt = time.GetTimestamp();
        var count = await db.Set<ApiKeyRow>().LongCountAsync(row => row.RevokedAt != null);
        Volatile.Write(ref revokedCount, Math.Max(count, Volatile.Read(ref revokedCount))); // It only grows; an older answer may come in later.
        Volatile.Write(ref revokedReadAt, askedAt);
        return count;
    }

    /// <summary>It was good, and none was revoked since it was read.</summary>
    private bool IsGood(Known read) => read.Key is { RevokedAt: null } && read.RevokedCount == Volatile.Read(ref revokedCount);

    private bool IsFresh(long readAt) => readAt != 0 && time.GetElapsedTime(readAt) < Trust;

    private sealed class Known(ApiKeyRow? row, ApiKey? key, long readAt, long revokedCount)
    {
        public ApiKeyRow? Row => row;

        public ApiKey? Key => key;

        public long ReadAt => readAt;

        public long RevokedCount => revokedCount;

        /// <summary>The text whose secret was right.</summary>
        public string? LastVerified { get; set; }
    }

    private static ApiKey Read(ApiKeyRow row) => new(row.Id, row.WalletId, row.Name, [.. row.Scopes.Split(' ')], row.CreatedAt, row.RevokedAt);
}

/// <summary>The same for all cells, and rarely changed.</summary>
public sealed class ApiKeyRow : IEntityTypeConfiguration<ApiKeyRow>
{
    public Guid Id { get; set; }
    public Guid WalletId { get; set; }
    public string Name { get; set; } = "";
    public string Scopes { get; set; } = "";
    public byte[] SecretHash { get; set; } = [];
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }

    public void Configure(EntityTypeBuilder<ApiKeyRow> builder)
    {
        builder.ToTable("api_key");
        builder.HasKey(row => row.Id);
        builder.HasIndex(row => row.WalletId);
    }
}
