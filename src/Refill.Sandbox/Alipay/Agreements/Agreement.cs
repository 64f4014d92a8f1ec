using System.Globalization;
using Microsoft.Data.Sqlite;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay.Agreements;

internal static class AgreementStatus
{
    /// <summary>Asked for, and not signed yet.</summary>
    internal const string Temporary = "TEMP";
    internal const string Normal = "NORMAL";

    /// <summary>Told in notifications only: a query does not find it any more.</summary>
    internal const string Unsigned = "UNSIGN";

    /// <summary>For the fault "unknown-state".</summary>
    internal const string NobodyKnows = "UNDER_REVIEW";
}

/// <summary>What may be taken from a payer, and when: period_rule_params.</summary>
/// <param name="Type">DAY or MONTH.</param>
/// <param name="SingleFen">The most that one charge may take.</param>
/// <param name="TotalFen">The most that all charges together may take; null: no limit.</param>
/// <param name="Payments">How many charges there may be; null: no limit.</param>
internal sealed record CycleRule(string Type, int Period, long SingleFen, long? TotalFen, int? Payments)
{
    internal const int DaysBefore = 5;
    internal const int FewestDays = 7;
    internal const int LastDayOfMonth = 28;

    /// <summary>The day of the charge after this one. No month is too short for it: <see cref="LastDayOfMonth"/>.</summary>
    internal DateOnly After(DateOnly day) => Type == "MONTH" ? day.AddMonths(Period) : day.AddDays(Period);

    /// <summary>The day of the period that today belongs to: the planned one, or if whole periods have gone by without a charge, the last of theirs.</summary>
    internal DateOnly Current(DateOnly planned, DateOnly today)
    {
        while (After(planned) <= today)
        {
            planned = After(planned);
        }

        return planned;
    }

    /// <summary>A charge may come on its day and on the five days before it (the newer of two descriptions; the older one says three).</summary>
    internal static bool Allows(DateOnly due, DateOnly today) => today <= due && today >= due.AddDays(-DaysBefore);
}

/// <summary>A payer's permission to charge him again and again.</summary>
/// <param name="Number">agreement_no.</param>
/// <param name="Ticket">Names the page where it is signed; cannot be guessed.</param>
/// <param name="External">external_agreement_no, the merchant's own number.</param>
/// <param name="Planned">The day of the next charge by the rule.</param>
/// <param name="Due">The day of the next charge: planned, or as executionplan.modify has put it off.</param>
internal sealed record Agreement(
    string Number,
    string Ticket,
    string? External,
    string Scene,
    CycleRule Rule,
    string Status,
    DateOnly Planned,
    DateOnly Due,
    DateOnly? LastCharged,
    string? NotifyUrl,
    string? ReturnUrl,
    DateTimeOffset CreatedAt,
    DateTimeOffset? SignedAt,
    DateTimeOffset? UnsignedAt)
{
    internal const string ProductCode = "CYCLE_PAY_AUTH_P";

    internal const string Columns =
        "number, ticket, external_number, scene, period_type, period, single_fen, total_fen, payments, status, planned, due, last_charged, notify_url, return_url, created_at, signed_at, unsigned_at";

    /// <summary>What notifications and faults call it.</summary>
    internal string About => External ?? Number;

    internal static Agreement Read(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.TextOrNull(2), row.GetString(3),
        new CycleRule(row.GetString(4), row.GetInt32(5), row.GetInt64(6), row.IsDBNull(7) ? null : row.GetInt64(7), row.IsDBNull(8) ? null : row.GetInt32(8)),
        row.GetString(9), Day(row.GetString(10)), Day(row.GetString(11)), row.TextOrNull(12) is { } last ? Day(last) : null,
        row.TextOrNull(13), row.TextOrNull(14), row.Instant(15), row.InstantOrNull(16), row.InstantOrNull(17));

    public override string ToString() => $"agreement {Number}, {Status}";

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, AlipayWords.DayFormat, CultureInfo.InvariantCulture);
}

/// <summary>What a merchant wants to be permitted.</summary>
internal sealed record AgreementAsk(string? External, string Scene, CycleRule Rule, DateOnly First, string? NotifyUrl, string? ReturnUrl);
