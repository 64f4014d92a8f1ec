using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay.Agreements;

/// <summary>The rules of agreements: who may sign, charge and end them, and when. Each works within one entry of the books.</summary>
internal static class AgreementBook
{
    internal const string SenderName = "alipay-agreement";

    internal static readonly AlipayRefusal NotExist = new("USER_AGREEMENT_NOT_EXIST", "there is no such agreement, or it has been ended");

    /// <summary>A merchant wants an agreement. The same external number that is not signed yet is the same agreement, with what is asked for now.</summary>
    internal static Agreement Ask(BooksEntry entry, AgreementAsk ask, DateTimeOffset now)
    {
        if (ask.External is not null && Find(entry, null, ask.External) is { Status: var status } known)
        {
            if (status == AgreementStatus.Temporary)
            {
                entry.Change("DELETE FROM agreements WHERE number = $1", known.Number);
            }
            else
            {
                return known;
            }
        }

        var number = $"{AlipayWords.Time(now)[..4]}{RandomNumberGenerator.GetString("0123456789", 16)}";
        var first = AlipayWords.Day(ask.First);
        entry.Change(
            $"""
            INSERT INTO agreements ({Agreement.Columns})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, NULL, $12, $13, $14, NULL, NULL)
            """,
            number, RandomNumberGenerator.GetHexString(32, lowercase: true), ask.External, ask.Scene, ask.Rule.Type, ask.Rule.Period, ask.Rule.SingleFen, ask.Rule.TotalFen,
            ask.Rule.Payments, AgreementStatus.Temporary, first, ask.NotifyUrl, ask.ReturnUrl, now);
        return Find(entry, number, null)!;
    }

    /// <summary>One that has not been ended, by either number; the newest of several.</summary>
    internal static Agreement? Find(BooksEntry entry, string? number, string? external) => number is null && external is null ? null : entry.Rows(
        $"""
        SELECT {Agreement.Columns} FROM agreements
        WHERE status <> $3 AND ($1 IS NULL OR number = $1) AND ($2 IS NULL OR external_number = $2) ORDER BY created_at DESC LIMIT 1
        """,
        Agreement.Read, number, external, AgreementStatus.Unsigned).FirstOrDefault();

    internal static Agreement? FindByTicket(BooksEntry entry, string ticket) =>
        entry.Rows($"SELECT {Agreement.Columns} FROM agreements WHERE ticket = $1", Agreement.Read, ticket).FirstOrDefault();

    internal static Agreement? FindEnded(BooksEntry entry, string number) =>
        entry.Rows($"SELECT {Agreement.Columns} FROM agreements WHERE number = $1", Agreement.Read, number).FirstOrDefault();

    /// <summary>The payer agrees.</summary>
    internal static AlipayRefusal? Sign(BooksEntry entry, Agreement agreement, DateTimeOffset now)
    {
        if (agreement.Status != AgreementStatus.Temporary)
        {
            return agreement.Status == AgreementStatus.Normal ? new("AGREEMENT_HAS_SIGNED", "it is signed already") : NotExist;
        }

        entry.Change("UPDATE agreements SET status = $2, signed_at = $3 WHERE number = $1", agreement.Number, AgreementStatus.Normal, now);
        Notify(entry, agreement, new AgreementNotice(agreement.Number, "dut_user_sign", AgreementStatus.Normal), agreement.NotifyUrl, now);
        return null;
    }

    /// <param name="notifyUrl">Of the merchant's own call; the app's gateway if the payer ends it within Alipay. Null: nobody is told.</param>
    internal static AlipayRefusal? Unsign(BooksEntry entry, Agreement agreement, string? notifyUrl, DateTimeOffset now)
    {
        if (agreement.Status != AgreementStatus.Normal)
        {
            return NotExist;
        }

        entry.Change("UPDATE agreements SET status = $2, unsigned_at = $3 WHERE number = $1", agreement.Number, AgreementStatus.Unsigned, now);
        Notify(entry, agreement, new AgreementNotice(agreement.Number, "dut_user_unsign", AgreementStatus.Unsigned), notifyUrl, now);
        return null;
    }

    /// <summary>Puts the next charge off, not beyond the one after it. The way out for an agreement whose day has gone by without a charge.</summary>
    internal static AlipayRefusal? PutOff(BooksEntry entry, Agreement agreement, DateOnly day, DateOnly today)
    {
        var planned = agreement.Rule.Current(agreement.Planned, today);
        if (day < today || day < planned || day >= agreement.Rule.After(planned))
        {
            return AlipayRefusal.Parameter("deduct_time", "yyyy-MM-dd, from the planned day on and before the day of the charge after it");
        }

        entry.Change("UPDATE agreements SET planned = $2, due = $3 WHERE number = $1", agreement.Number, AlipayWords.Day(planned), AlipayWords.Day(day));
        return null;
    }

    /// <summary>Why a charge may not be made today; null if it may.</summary>
    internal static AlipayRefusal? Obstacle(BooksEntry entry, Agreement agreement, long fen, DateOnly today)
    {
        var (charges, charged, open) = entry.Rows(
            """
            SELECT count(*) FILTER (WHERE t.paid_at IS NOT NULL), coalesce(sum(t.fen) FILTER (WHERE t.paid_at IS NOT NULL), 0), count(*) FILTER (WHERE t.status = $2)
            FROM trades t JOIN trade_payers p ON p.order_number = t.order_number WHERE p.agreement_number = $1
            """,
            row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), agreement.Number, TradeStatus.Waiting)[0];
        return agreement switch
        {
            { Status: not AgreementStatus.Normal } => new("ACQ.AGREEMENT_STATUS_NOT_NORMAL", "the payer has not signed it"),
            _ when fen > agreement.Rule.SingleFen => new("ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED", $"more than the {AlipayWords.Yuan(agreement.Rule.SingleFen)} that one charge may take"),
            _ when charges >= agreement.Rule.Payments => new("ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED", "there have been as many charges as were agreed"),
            _ when charged + fen > agreement.Rule.TotalFen => new("ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED", "more than what was agreed for all charges together"),
            _ when open > 0 => new("ACQ.CYCLE_PAY_DATE_NOT_MATCH", "another charge of this period is not decided yet"),
            _ when !CycleRule.Allows(agreement.Due, today) => new(
                "ACQ.CYCLE_PAY_DATE_NOT_MATCH", $"the next charge is due on {AlipayWords.Day(agreement.Due)} and may be made up to {CycleRule.DaysBefore} days before it"),
            _ => null,
        };
    }

    /// <summary>A trade has been paid. If it was a charge, its period is over.</summary>
    internal static void Charged(BooksEntry entry, string order, DateTimeOffset paidAt)
    {
        foreach (var agreement in entry.Rows(
            $"SELECT {Agreement.Columns} FROM agreements WHERE number = (SELECT agreement_number FROM trade_payers WHERE order_number = $1)", Agreement.Read, order))
        {
            var day = AlipayWords.DayOf(paidAt);
            entry.Change(
                "UPDATE agreements SET planned = $2, due = $2, last_charged = $3 WHERE number = $1",
                agreement.Number, AlipayWords.Day(agreement.Rule.After(agreement.Rule.Current(agreement.Planned, day))), AlipayWords.Day(day));
        }
    }

    private static void Notify(BooksEntry entry, Agreement agreement, AgreementNotice notice, string? url, DateTimeOffset due)
    {
        if (url is not null)
        {
            var noticeId = due.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) + RandomNumberGenerator.GetHexString(21, lowercase: true);
            Outbox.HandIn(entry, SenderName, agreement.About, noticeId, JsonSerializer.Serialize(notice), url, due);
        }
    }
}

/// <summary>What a notification tells about an agreement.</summary>
/// <param name="Type">dut_user_sign or dut_user_unsign.</param>
internal sealed record AgreementNotice(string Number, string Type, string Status);
