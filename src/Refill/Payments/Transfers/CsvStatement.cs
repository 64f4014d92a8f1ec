using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Refill.Units;

namespace Refill.Payments.Transfers;

/// <summary>A statement as CSV (docs/operating.md): for banks that give no camt.053. All of it is right, or nothing of it counts.</summary>
internal static class CsvStatement
{
    private const int MostField = 4_000;
    private static readonly string[] Columns = ["date", "amount", "currency", "reference", "entry_id"];

    public static BankStatement Read(Stream file, TransferOptions options)
    {
        try
        {
            using var text = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true), leaveOpen: true);
            return Read(text, options);
        }
        catch (DecoderFallbackException)
        {
            throw new StatementException("the file is neither camt.053 nor CSV in UTF-8");
        }
        catch (CsvHelperException)
        {
            throw new StatementException($"the file is no sound CSV: a quotation mark is out of place, or a field has more than {MostField} characters");
        }
    }

    private static BankStatement Read(StreamReader text, TransferOptions options)
    {
        var misquoted = false;
        using var csv = new CsvReader(text, new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = _ => misquoted = true, TrimOptions = TrimOptions.Trim, MaxFieldSize = MostField });
        if (!csv.Read() || !csv.ReadHeader() || !Columns.SequenceEqual(csv.HeaderRecord ?? []))
        {
            throw new StatementException($"the first line must be: {string.Join(',', Columns)}");
        }

        var entries = new BankEntries();
        while (csv.Read())
        {
            var where = $"line {csv.Parser.RawRow}";
            if (misquoted || csv.Parser.Count != Columns.Length)
            {
                throw new StatementException($"{where} has not the {Columns.Length} columns of the first, or a quotation mark is out of place");
            }

            if (csv[0]!.Length != 10)
            {
                throw new StatementException($"{where} has no date such as 2026-11-25");
            }

            var day = BankEntries.Day(csv[0], where);
            if (csv[2] is not { Length: 3 } currency || !currency.All(char.IsAsciiLetterUpper))
            {
                throw new StatementException($"{where} has no currency such as {options.Currency}");
            }

            if (!Money.TryParseDecimal(csv[1], options.Currency, out var amount))
            {
                throw new StatementException($"{where} has no amount such as 15.00 or -15.00");
            }

            if (currency != options.Currency.Code || amount.Minor <= 0)
            {
                entries.Skip();
                continue;
            }

            entries.Add(new BankEntry(csv[4] ?? "", BankEntryKind.Credit, amount, day, csv[3] ?? ""));
        }

        return misquoted ? throw new StatementException("a quotation mark is out of place") : entries.Done();
    }
}
