namespace Refill.Payments.Transfers;

/// <summary>A statement as the bank gives it: camt.053 if it begins as XML does, else CSV.</summary>
internal static class BankStatementFile
{
    public const int MostBytes = 20 * 1024 * 1024;

    /// <param name="file">One that can be read twice.</param>
    /// <exception cref="StatementException">It cannot be read, or is not of our account.</exception>
    public static async Task<BankStatement> ReadAsync(Stream file, TransferOptions options, CancellationToken cancellation)
    {
        if (file.Length > MostBytes)
        {
            throw new StatementException($"the file is larger than {MostBytes / 1024 / 1024} MiB: import it in parts");
        }

        var start = new byte[64];
        var read = await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellation);
        file.Position = 0;
        return IsXml(start.AsSpan(0, read)) ? CamtStatement.Read(file, options) : CsvStatement.Read(file, options);
    }

    /// <summary>The first character, after a byte order mark and blanks; in UTF-16 every other byte is 0.</summary>
    private static bool IsXml(ReadOnlySpan<byte> start)
    {
        var rest = start.TrimStart((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF, 0xFF, 0xFE, 0x00, (byte)' ', (byte)'\t', (byte)'\r', (byte)'\n']);
        return rest.Length > 0 && rest[0] == (byte)'<';
    }
}
