using System.Text;
using System.Xml;
using Refill.Units;

namespace Refill.Payments.Transfers;

/// <summary>
/// A bank's statement of an account, ISO 20022 camt.053 (BankToCustomerStatement), versions 001.02 to 001.08 and what follows them in the same shape. Of all that stands in it only final bookings (BOOK) to our own account in its
/// currency are taken; read as a stream, one entry at a time; no DTD, nothing fetched. Source: iso20022.org, Message Definition Report "Bank-to-Customer Cash Management".
/// </summary>
internal static class CamtStatement
{
    /// <summary>What banks write where they have nothing to say (SEPA's EndToEndId; MT940's reference).</summary>
    private static readonly string[] Nothing = ["NOTPROVIDED", "NONREF"];

    private static readonly XmlReaderSettings Limits = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = BankStatementFile.MostBytes,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
        CloseInput = false,
    };

    /// <exception cref="StatementException">It is no camt.053, or not of our account.</exception>
    public static BankStatement Read(Stream file, TransferOptions options)
    {
        try
        {
            using var xml = XmlReader.Create(file, Limits);
            return Read(xml, options);
        }
        catch (XmlException error)
        {
            // Its own message may repeat what stands in the file.
            throw new StatementException($"the file is no sound XML without a DTD: line {error.LineNumber}, position {error.LinePosition}");
        }
    }

    private static BankStatement Read(XmlReader xml, TransferOptions options)
    {
        var (entries, isCamt, ours) = (new BankEntries(), false, 0);
        if (xml.MoveToContent() == XmlNodeType.Element && xml.LocalName == "Document")
        {
            foreach (var message in Children(xml))
            {
                if (message != "BkToCstmrStmt")
                {
                    xml.Skip();
                    continue;
                }

                isCamt = true;
                foreach (var part in Children(xml))
                {
                    if (part == "Stmt")
                    {
                        ours += Statement(xml, options, entries) ? 1 : 0;
                    }
                    else
                    {
                        xml.Skip();
                    }
                }
            }
        }

        return !isCamt ? throw new StatementException("the file is XML, but no camt.053 (Document/BkToCstmrStmt)")
            : ours == 0 ? throw new StatementException($"it holds no statement of our account (…{options.Number[^Math.Min(4, options.Number.Length)..]} in {options.Currency})")
            : entries.Done();
    }

    /// <returns>Whether it is of our account.</returns>
    private static bool Statement(XmlReader xml, TransferOptions options, BankEntries entries)
    {
        var (id, ours) = ("", (bool?)null);
        foreach (var part in Children(xml))
        {
            switch (part)
            {
                case "Id":
                    id = CamtNode.Read(xml).Text;
                    break;
                case "Acct":
                    ours = IsOurs(CamtNode.Read(xml), options);
                    break;
                case "Ntry" when ours is null:
                    throw new StatementException("a statement does not say of which account it is before its first entry");
                case "Ntry" when ours == true:
                    Entry(CamtNode.Read(xml), id, options, entries);
                    break;
                default:
                    xml.Skip();
                    break;
            }
        }

        return ours == true;
    }

    private static bool IsOurs(CamtNode account, TransferOptions options) =>
        (account.At("Id", "IBAN") ?? account.At("Id", "Othr", "Id")) is { } number && TransferOptions.NumberOf(number) == options.Number
        && (account.At("Ccy") is not { } currency || currency == options.Currency.Code);

    private static void Entry(CamtNode entry, string statement, TransferOptions options, BankEntries entries)
    {
        var isCredit = entry.At("CdtDbtInd") switch { "CRDT" => true, "DBIT" => false, _ => throw new StatementException("an entry is neither credit nor debit") };
        var isReversal = entry.At("RvslInd") is "true" or "1";
        var status = entry.At("Sts", "Cd") ?? entry.At("Sts", "Prtry") ?? entry.At("Sts") ?? throw new StatementException("an entry has no status: it is not known to be final");
        if (status != "BOOK" || (!isCredit && !isReversal) || entry.Find("Amt")?.Currency != options.Currency.Code)
        {
            entries.Skip();
            return;
        }

        if (Amount(entry.Find("Amt"), options.Currency) is not { Minor: > 0 } amount)
        {
            entries.Skip();
            return;
        }

        var details = entry.All("NtryDtls").SelectMany(part => part.All("TxDtls")).ToList();
        var booked = entry.At("BookgDt", "Dt") ?? entry.At("BookgDt", "DtTm");
        var day = BankEntries.Day(entry.At("ValDt", "Dt") ?? entry.At("ValDt", "DtTm") ?? booked, "an entry");
        var id = IdOf(entry, details, statement.Length > 0 ? statement : booked ?? "");
        if (isReversal)
        {
            // It may carry the number of what it takes back.
            entries.Add(new BankEntry(id + " reversal", BankEntryKind.Unclear, isCredit ? amount : -amount, day, "", isCredit ? "a debit of ours was reversed" : "money that had arrived was taken back"));
        }
        else if (details.Count <= 1)
        {
            entries.Add(new BankEntry(id, BankEntryKind.Credit, amount, day, TextOf(entry, details.FirstOrDefault())));
        }
        else
        {
            Batch(details, id, amount, day, entries);
        }
    }

    /// <summary>One booking for several payments: each counts by itself, if together they are what was booked.</summary>
    private static void Batch(List<CamtNode> details, string id, Money amount, DateOnly day, BankEntries entries)
    {
        var parts = details.ConvertAll(part => Amount(part.Find("Amt") ?? part.Find("AmtDtls", "TxAmt", "Amt"), amount.Currency) is { } one ? (Money?)(part.At("CdtDbtInd") == "DBIT" ? -one : one) : null);
        if (parts.Any(part => part is null) || parts.Sum(part => (decimal)part!.Value.Minor) != amount.Minor)
        {
            entries.Add(new BankEntry(id, BankEntryKind.Unclear, amount, day, "", "a batch whose parts are not its sum"));
            return;
        }

        // The bank's own numbers of the parts, if each has one; else their places.
        var numbers = details.ConvertAll(part => Some(part.At("Refs", "AcctSvcrRef")) ?? Some(part.At("Refs", "TxId")) ?? "");
        var named = numbers.TrueForAll(number => number.Length > 0) && numbers.Distinct().Count() == numbers.Count;
        for (var place = 0; place < details.Count; place++)
        {
            if (parts[place] is { Minor: > 0 } part)
            {
                entries.Add(new BankEntry($"{id}/{(named ? numbers[place] : place + 1)}", BankEntryKind.Credit, part, day, TextOf(null, details[place])));
            }
        }
    }

    /// <summary>The bank's reference; else the entry's number within its statement; else what names the payment on its way through the banks, with its day.</summary>
    /// <param name="within">The statement's id, or its day.</param>
    private static string IdOf(CamtNode entry, List<CamtNode> details, string within)
    {
        var only = details.Count == 1 ? details[0].Find("Refs") : null;
        return Some(entry.At("AcctSvcrRef")) ?? Some(only?.At("AcctSvcrRef"))
            ?? Within(within, entry.At("NtryRef"))
            ?? Within(entry.At("BookgDt", "Dt") ?? within, Some(only?.At("TxId")) ?? Some(only?.At("UETR")) ?? only?.At("EndToEndId"))
            ?? throw new StatementException("an entry has neither AcctSvcrRef nor NtryRef nor EndToEndId: it could not be told from another");
    }

    private static string? Within(string whole, string? number) => Some(number) is null ? null : $"{whole}/{number}";

    private static string? Some(string? text) => text is null || Nothing.Contains(text) ? null : text;

    /// <summary>Wherever payers and banks put a reference.</summary>
    private static string TextOf(CamtNode? entry, CamtNode? details)
    {
        var all = new StringBuilder();
        details?.Find("RmtInf")?.WriteTo(all);
        details?.Find("Refs")?.WriteTo(all);
        details?.Find("AddtlTxInf")?.WriteTo(all);
        entry?.Find("AddtlNtryInf")?.WriteTo(all);
        return all.ToString();
    }

    /// <summary>Null: not in this currency, or no amount at all.</summary>
    private static Money? Amount(CamtNode? node, Currency currency)
    {
        if (node is null || node.Currency != currency.Code)
        {
            return null;
        }

        // ISO 20022 allows five decimals; those that this currency does not have must be 0.
        var text = node.Text.Contains('.', StringComparison.Ordinal) ? node.Text.TrimEnd('0').TrimEnd('.') : node.Text;
        return Money.TryParseDecimal(text, currency, out var money) && money.Minor >= 0 ? money : throw new StatementException("an amount is none");
    }

    /// <summary>The names of the elements in the one that the reader stands on. Whoever takes one reads it or skips it.</summary>
    private static IEnumerable<string> Children(XmlReader xml)
    {
        if (xml.IsEmptyElement)
        {
            xml.Read();
            yield break;
        }

        var depth = xml.Depth;
        xml.Read();
        while (xml.Depth > depth)
        {
            if (xml.NodeType == XmlNodeType.Element)
            {
                yield return xml.LocalName;
            }
            else
            {
                xml.Read();
            }
        }

        xml.Read();
    }
}
