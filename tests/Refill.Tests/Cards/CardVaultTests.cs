using System.Security.Cryptography;
using CsCheck;
using Refill.Cards;
using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Tests.Cards;

public sealed class CardVaultTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("refill_keys").FullName;

    private string KeyFile => Path.Combine(folder, "keys.json");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_is_encrypted_is_read_again_and_never_looks_the_same()
    {
        var vault = CardVault.LoadOrCreate(KeyFile, create: true);
        Gen.String[0, 60].Sample(text =>
        {
            var (one, two) = (vault.Encrypt("card", text), vault.Encrypt("card", text));
            return vault.Decrypt("card", one) == text && vault.Decrypt("card", two) == text && !one.AsSpan().SequenceEqual(two);
        }, iter: 500);
    }

    [Fact]
    public void Any_flipped_bit_is_refused_and_so_is_another_purpose()
    {
        var vault = CardVault.LoadOrCreate(KeyFile, create: true);
        var good = vault.Encrypt("card", "+12015550123");
        for (var bit = 0; bit < good.Length * 8; bit++)
        {
            var bad = good.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.ThrowsAny<CryptographicException>(() => vault.Decrypt("card", bad));
        }

        Assert.ThrowsAny<CryptographicException>(() => vault.Decrypt("mail", good));
    }

    [Fact]
    public void The_index_is_the_same_for_the_same_text_and_another_for_another_purpose_or_key()
    {
        var vault = CardVault.LoadOrCreate(KeyFile, create: true);
        var again = CardVault.LoadOrCreate(KeyFile, create: false);
        var other = CardVault.LoadOrCreate(Path.Combine(folder, "other.json"), create: true);
        Assert.Equal(vault.Index("a", "1"), again.Index("a", "1"));
        Assert.NotEqual(vault.Index("a", "1"), vault.Index("b", "1"));
        Assert.NotEqual(vault.Index("a", "1"), other.Index("a", "1"));
    }

    [Fact]
    public void A_new_key_version_encrypts_and_the_old_one_still_reads()
    {
        var old = CardVault.LoadOrCreate(KeyFile, create: true).Encrypt("card", "secret");
        var fresh = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var text = File.ReadAllText(KeyFile).Replace("\"current\": 1", "\"current\": 2", StringComparison.Ordinal)
            .Replace("\"keys\": [", $"\"keys\": [ {{ \"version\": 2, \"encryption\": \"{fresh}\" }},", StringComparison.Ordinal);
        File.WriteAllText(KeyFile, text);
        var rotated = CardVault.LoadOrCreate(KeyFile, create: false);
        Assert.Equal("secret", rotated.Decrypt("card", old));
        Assert.Equal(2, rotated.Encrypt("card", "x")[0]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("{\"current\":1,\"keys\":[{\"version\":1,\"encryption\":\"c2hvcnQ=\"}],\"index\":\"c2hvcnQ=\"}")]
    [InlineData("{\"current\":9,\"keys\":[{\"version\":1,\"encryption\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}],\"index\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}")]
    [InlineData("{\"current\":1,\"keys\":[{\"version\":1,\"encryption\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"},{\"version\":1,\"encryption\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}],\"index\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}")]
    [InlineData("null")]
    [InlineData("{\"current\":1,\"keys\":[null],\"index\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}")]
    [InlineData("{\"current\":0,\"keys\":[{\"encryption\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}],\"index\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}")]
    [InlineData("{\"current\":300,\"keys\":[{\"version\":300,\"encryption\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}],\"index\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}")]
    public void A_damaged_key_file_is_refused_without_showing_a_key(string content)
    {
        File.WriteAllText(KeyFile, content);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var error = Assert.Throws<KeyFileException>(() => CardVault.LoadOrCreate(KeyFile, create: false));
        Assert.Contains(KeyFile, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_that_never_ends_is_refused()
    {
        File.WriteAllText(KeyFile, new string(' ', CardKeys.MaxFileBytes + 1));
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("larger", Assert.Throws<KeyFileException>(() => CardVault.LoadOrCreate(KeyFile, create: false)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_in_the_key_files_place_is_refused_by_name(bool create) =>
        Assert.Contains(folder, Assert.Throws<KeyFileException>(() => CardVault.LoadOrCreate(folder, create)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_key_file_that_anyone_but_its_owner_can_open_is_refused(UnixFileMode more)
    {
        CardVault.LoadOrCreate(KeyFile, create: true);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);
        Assert.Throws<KeyFileException>(() => CardVault.LoadOrCreate(KeyFile, create: false));
    }

    [Fact]
    public void Many_processes_that_make_the_key_file_at_once_have_the_same_keys_and_leave_nothing_behind()
    {
        var indexes = new string[16];
        Parallel.For(0, indexes.Length, new ParallelOptions { MaxDegreeOfParallelism = indexes.Length }, n =>
            indexes[n] = Convert.ToHexString(CardVault.LoadOrCreate(KeyFile, create: true).Index("a", "1")));
        Assert.Single(indexes.Distinct());
        Assert.Equal([KeyFile], Directory.GetFiles(folder));
    }

    [Fact]
    public void A_missing_key_file_is_made_only_where_that_was_asked_for_and_only_for_its_owner()
    {
        Assert.Throws<KeyFileException>(() => CardVault.LoadOrCreate(KeyFile, create: false));
        CardVault.LoadOrCreate(KeyFile, create: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
    }

    [Fact]
    public async Task A_database_written_with_another_index_key_is_refused()
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        var vault = CardVault.LoadOrCreate(KeyFile, create: true);
        await vault.CheckAsync(test.Database, TestContext.Current.CancellationToken);
        await vault.CheckAsync(test.Database, TestContext.Current.CancellationToken);
        var other = CardVault.LoadOrCreate(Path.Combine(folder, "other.json"), create: true);
        await Assert.ThrowsAsync<KeyFileException>(() => other.CheckAsync(test.Database, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Many_first_starts_at_once_agree_on_one_index_key(DatabaseKind kind)
    {
        await using var test = await TestDatabase.NewAsync(kind);
        var vault = CardVault.LoadOrCreate(KeyFile, create: true);
        var other = CardVault.LoadOrCreate(Path.Combine(folder, "other.json"), create: true);
        var starts = await Task.WhenAll(Enumerable.Range(0, 12).Select(n => Task.Run(async () => (Vault: n % 2, Refused: await Refuses(n % 2 == 0 ? vault : other, test.Database)))));
        Assert.Equal(2, starts.Distinct().Count());
        Assert.Single(starts.Where(start => !start.Refused).Select(start => start.Vault).Distinct());
    }

    private static async Task<bool> Refuses(CardVault vault, Database database)
    {
        try
        {
            await vault.CheckAsync(database, TestContext.Current.CancellationToken);
            return false;
        }
        catch (KeyFileException)
        {
            return true;
        }
    }
}
