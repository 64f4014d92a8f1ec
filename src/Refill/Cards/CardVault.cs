using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Storage;

namespace Refill.Cards;

/// <summary>
/// Keeps numbers, ICCIDs and mail addresses unreadable in the database: AES-256-GCM under a versioned key for keeping, HMAC-SHA256 under another key
/// (the blind index) for finding. Whoever has the database alone has neither; ten digits are quickly tried, so the index is keyed.
/// </summary>
public sealed class CardVault
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly CardKeys keys;

    private CardVault(CardKeys keys) => this.keys = keys;

    /// <param name="create">Make the key file if it is not there: for the demo.</param>
    /// <exception cref="KeyFileException">The key file is missing, damaged, or readable by others.</exception>
    public static CardVault LoadOrCreate(string path, bool create) => new(CardKeys.LoadOrCreate(path, create));

    /// <summary>version ‖ nonce ‖ ciphertext ‖ tag; the purpose and the version are authenticated with it, so that it cannot be moved to another column.</summary>
    public byte[] Encrypt(string purpose, string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var sealedText = new byte[1 + NonceBytes + plain.Length + TagBytes];
        sealedText[0] = keys.Current;
        var nonce = sealedText.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(keys.Encryption[keys.Current], TagBytes);
        aes.Encrypt(nonce, plain, sealedText.AsSpan(1 + NonceBytes, plain.Length), sealedText.AsSpan(1 + NonceBytes + plain.Length), Associated(purpose, keys.Current));
        return sealedText;
    }

    /// <exception cref="CryptographicException">Not made by this vault for this purpose, or changed since; or its key's version is not in the key file.</exception>
    public string Decrypt(string purpose, ReadOnlySpan<byte> sealedText)
    {
        if (sealedText.Length < 1 + NonceBytes + TagBytes || !keys.Encryption.TryGetValue(sealedText[0], out var key))
        {
            throw new CryptographicException(sealedText.Length == 0 ? "there is nothing to decrypt" : $"no key of version {sealedText[0]} for a text of {sealedText.Length} bytes");
        }

        var plain = new byte[sealedText.Length - 1 - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(sealedText.Slice(1, NonceBytes), sealedText.Slice(1 + NonceBytes, plain.Length), sealedText[^TagBytes..], plain, Associated(purpose, sealedText[0]));
        return Encoding.UTF8.GetString(plain);
    }

    /// <summary>32 bytes that are the same for the same purpose and text, and say nothing to whoever lacks the index key.</summary>
    public byte[] Index(string purpose, string text) => HMACSHA256.HashData(keys.Index, Encoding.UTF8.GetBytes($"{purpose}\0{text}"));

    /// <summary>Holds the index key against the one that the data was written with; the first start writes it down (as a hash of it).</summary>
    /// <exception cref="KeyFileException">Another key: nothing would be found, and new rows would stand beside the old.</exception>
    public async Task CheckAsync(Database database, CancellationToken cancellation)
    {
        var check = Index("key check", "index");
        var written = await WrittenAsync(database, cancellation);
        if (written is null)
        {
            await using var db = database.Open();
            db.Add(new KeyCheckRow { Id = 1, IndexCheck = check });
            try
            {
                await db.SaveChangesAsync(cancellation);
                return;
            }
            catch (DbUpdateException)
            {
                // Another process may have started first in the same moment; then its row decides.
                written = await WrittenAsync(database, cancellation);
                if (written is null)
                {
                    throw;
                }
            }
        }

        if (!CryptographicOperations.FixedTimeEquals(written, check))
        {
            throw new KeyFileException("the key file is not the one that this database was written with: its index key is another");
        }
    }

    private static async Task<byte[]?> WrittenAsync(Database database, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return await db.Set<KeyCheckRow>().AsNoTracking().Select(row => row.IndexCheck).FirstOrDefaultAsync(cancellation);
    }

    private static byte[] Associated(string purpose, byte version) => Encoding.UTF8.GetBytes($"{purpose}/{version}");
}

public sealed class KeyCheckRow : IEntityTypeConfiguration<KeyCheckRow>
{
    public int Id { get; set; }
    public byte[] IndexCheck { get; set; } = [];

    public void Configure(EntityTypeBuilder<KeyCheckRow> builder)
    {
        builder.ToTable("key_check");
        builder.HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
    }
}
