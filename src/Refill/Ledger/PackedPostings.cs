using System.Text;

namespace Refill.Ledger;

/// <summary>A posting as it is kept.</summary>
/// <param name="Unit">The account's unit, so that a transfer alone shows that it sums to zero.</param>
/// <param name="Sequence">1 for the account's first posting, no gaps. 0: the account has no floor, and its postings no order (Tallies).</param>
/// <param name="BalanceAfter">Of the account, in its unit; 0 if it has no floor.</param>
/// <param name="Opens">Of the first posting of an account that has no row (<see cref="Account.OpensWithOwner"/>).</param>
/// <param name="Previous">The transfer that holds the account's posting before this one: by it an account's history is read, without an index. Empty for the first.</param>
internal readonly record struct PostingLine(Guid AccountId, string Unit, long Amount, long Sequence, long BalanceAfter, Guid Previous, Opening? Opens = null);

/// <summary>What an account is, where no row says it.</summary>
internal sealed record Opening(string Purpose, long Floor);

/// <summary>
/// A transfer's postings in one value of its row, instead of a row and an index entry for each: that is a third of what an order costs the database (docs/performance.md).
/// One after the other: the account (16 bytes), the unit (a byte of length, ASCII), then amount, sequence and balance after as LEB128 (signed ones zigzag, as in Protocol Buffers), and, unless it is the account's
/// first, the transfer before (16 bytes). If the highest bit of the unit's length is set, the unit is followed by the account's purpose (a byte of length, ASCII) and its floor (zigzag). Ids are big-endian.
/// </summary>
internal static class PackedPostings
{
    private const int IdBytes = 16;
    public const int MaxVarint = 10;
    public const int MaxUnit = 32;
    public const int MaxPurpose = 64;
    private const byte OpensMark = 0x80;

    /// <summary>The most that one posting takes.</summary>
    public const int MaxLine = IdBytes + 1 + MaxUnit + 1 + MaxPurpose + 4 * MaxVarint + IdBytes;

    /// <returns>How many bytes were written.</returns>
    /// <exception cref="InvalidOperationException">A unit of more than 32 characters.</exception>
    public static int Write(Span<byte> target, in PostingLine line)
    {
        line.AccountId.TryWriteBytes(target, bigEndian: true, out _);
        if (line.Unit.Length > MaxUnit)
        {
            throw new InvalidOperationException($"a unit has at most {MaxUnit} characters: {line.Unit}");
        }

        target[IdBytes] = (byte)line.Unit.Length;
        var at = IdBytes + 1 + Encoding.ASCII.GetBytes(line.Unit, target[(IdBytes + 1)..]);
        if (line.Opens is { } opens)
        {
            target[IdBytes] |= OpensMark;
            target[at] = opens.Purpose.Length <= MaxPurpose ? (byte)opens.Purpose.Length : throw new InvalidOperationException($"a purpose has at most {MaxPurpose} characters: {opens.Purpose}");
            at += 1 + Encoding.ASCII.GetBytes(opens.Purpose, target[(at + 1)..]);
            at += WriteVarint(target[at..], ZigZag(opens.Floor));
        }

        at += WriteVarint(target[at..], ZigZag(line.Amount));
        at += WriteVarint(target[at..], (ulong)line.Sequence);
        at += WriteVarint(target[at..], ZigZag(line.BalanceAfter));
        if (line.Sequence > 1)
        {
            line.Previous.TryWriteBytes(target[at..], bigEndian: true, out _);
            at += IdBytes;
        }

        return at;
    }

    /// <summary>All of a transfer's, as <see cref="Read"/> takes them.</summary>
    public static byte[] Pack(IReadOnlyCollection<PostingLine> lines)
    {
        var (packed, length) = (new byte[lines.Count * MaxLine], 0);
        foreach (var line in lines)
        {
            length += Write(packed.AsSpan(length), line);
        }

        return packed[..length];
    }

    /// <exception cref="InvalidDataException">These are no postings.</exception>
    public static List<PostingLine> Read(ReadOnlySpan<byte> packed)
    {
        var lines = new List<PostingLine>(4);
        while (!packed.IsEmpty)
        {
            lines.Add(Next(ref packed));
        }

        return lines;
    }

    /// <summary>The first posting of what remains, which then begins behind it.</summary>
    /// <exception cref="InvalidDataException">These are no postings.</exception>
    public static PostingLine Next(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < IdBytes + 1)
        {
            throw Damaged();
        }

        var (account, isOpening) = (new Guid(rest[..IdBytes], bigEndian: true), (rest[IdBytes] & OpensMark) != 0);
        var unit = WordOf(ref rest, IdBytes, rest[IdBytes] & ~OpensMark, MaxUnit);
        var opens = isOpening ? new Opening(WordOf(ref rest, 0, rest.IsEmpty ? throw Damaged() : rest[0], MaxPurpose), UnZigZag(ReadVarint(ref rest))) : null;
        var (amount, sequence, balance) = (UnZigZag(ReadVarint(ref rest)), (long)ReadVarint(ref rest), UnZigZag(ReadVarint(ref rest)));
        var previous = Guid.Empty;
        if (sequence > 1)
        {
            previous = rest.Length >= IdBytes ? new Guid(rest[..IdBytes], bigEndian: true) : throw Damaged();
            rest = rest[IdBytes..];
        }

        return new PostingLine(account, unit, amount, sequence, balance, previous, opens);
    }

    /// <summary>The word behind its length, which stands at <paramref name="at"/>; what remains then begins behind it.</summary>
    private static string WordOf(ref ReadOnlySpan<byte> rest, int at, int length, int most)
    {
        if (length > most || rest.Length < at + 1 + length)
        {
            throw Damaged();
        }

        var word = TextOf(rest.Slice(at + 1, length));
        rest = rest[(at + 1 + length)..];
        return word;
    }

    /// <summary>There are few units, and a look at a whole ledger reads millions of them.</summary>
    private static string TextOf(ReadOnlySpan<byte> ascii) => ascii switch
    {
        [(byte)'U', (byte)'S', (byte)'D'] => "USD",
        [(byte)'C', (byte)'N', (byte)'Y'] => "CNY",
        [(byte)'b', (byte)'y', (byte)'t', (byte)'e'] => "byte",
        _ => Encoding.ASCII.GetString(ascii),
    };

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    public static int WriteVarint(Span<byte> target, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[at++] = (byte)(value | 0x80);
        }

        target[at++] = (byte)value;
        return at;
    }

    public static ulong ReadVarint(ref ReadOnlySpan<byte> rest)
    {
        ulong value = 0;
        for (var at = 0; at < rest.Length && at < MaxVarint; at++)
        {
            value |= (ulong)(rest[at] & 0x7F) << (7 * at);
            if (rest[at] < 0x80)
            {
                rest = rest[(at + 1)..];
                return value;
            }
        }

        throw Damaged();
    }

    private static InvalidDataException Damaged() => new("the postings of a transfer cannot be read");
}
