using System.Text;
using Refill.Payments;
using Refill.Payments.Transfers;
using Refill.Units;

namespace Refill.Tests.Payments.Transfers;

/// <summary>Statements as banks write them, for the account DE89 3704 0044 0532 0130 00 in dollars. Written from the message definition, for these tests.</summary>
internal static class CamtMaker
{
    public const string Ours = "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>USD</Ccy></Acct>";

    public static readonly TransferOptions Account = new("DE89 3704 0044 0532 0130 00 (Demo Bank)", "Refill", Currency.Usd);

    public static string Document(string statements, string version = "08") =>
        $"""<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-25T23:00:00Z</CreDtTm></GrpHdr>{statements}</BkToCstmrStmt></Document>""";

    public static string Statement(string entries, string account = Ours, string id = "S1") =>
        $"<Stmt><Id>{id}</Id><ElctrncSeqNb>1</ElctrncSeqNb><CreDtTm>2026-11-25T23:00:00Z</CreDtTm>{account}<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"USD\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-25</Dt></Dt></Bal>{entries}</Stmt>";

    public static string Entry(string amount = "15.00", string text = "", string? reference = "B1", string direction = "CRDT", string status = "<Sts><Cd>BOOK</Cd></Sts>", string more = "", string? details = null, string currency = "USD", string number = "") =>
        $"<Ntry>{(number.Length > 0 ? $"<NtryRef>{number}</NtryRef>" : "")}<Amt Ccy=\"{currency}\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}{status}<BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt><Dt>2026-11-25</Dt></ValDt>"
        + $"{(reference is null ? "" : $"<AcctSvcrRef>{reference}</AcctSvcrRef>")}<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls>{details ?? Details(text)}</NtryDtls></Ntry>";

    public static string Details(string text, string refs = "<EndToEndId>NOTPROVIDED</EndToEndId>", string amount = "") =>
        $"<TxDtls><Refs>{refs}</Refs>{amount}<RltdPties><Dbtr><Nm>Somebody</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>";

    public static BankStatement Read(string xml) => Read(Encoding.UTF8.GetBytes(xml));

    public static BankStatement Read(byte[] file)
    {
        using var stream = new MemoryStream(file);
        return BankStatementFile.ReadAsync(stream, Account, CancellationToken.None).GetAwaiter().GetResult();
    }

    public static string Refused(string xml) => Assert.Throws<StatementException>(() => Read(xml)).Message;

    /// <summary>Either a statement or a refusal in words: nothing else may come of a file.</summary>
    public static bool IsReadOrRefused(byte[] file)
    {
        try
        {
            Read(file);
        }
        catch (StatementException)
        {
            // Also well.
        }

        return true;
    }
}
