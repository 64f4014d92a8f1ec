using System.Globalization;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay.Agreements;

/// <summary>What a merchant asks about agreements: sign (a page), query, unsign, put the next charge off, charge.</summary>
internal static class AgreementCalls
{
    internal const string PageSign = "alipay.user.agreement.page.sign";
    private const int LongestScene = 64;
    private const int LongestPeriod = 1000;
    private const int MostPayments = 10_000;
    private const string UntilForEver = "2115-02-01 00:00:00";

    /// <summary>The agreement whose page a browser is to be sent to, or why there is none.</summary>
    internal static (Agreement? Agreement, AlipayRefusal? Refusal) Start(BooksEntry entry, AlipayCall call, DateTimeOffset now) =>
        ReadAsk(call, AlipayWords.DayOf(now)) switch
        {
            ({ } ask, _) => (AgreementBook.Ask(entry, ask, now), null),
            var (_, refusal) => (null, refusal),
        };

    internal static AlipayAnswer Query(BooksEntry entry, AlipayVisit visit)
    {
        if (visit.Has(FaultKind.Never) || Find(entry, visit.Call) is not { } agreement)
        {
            return AlipayAnswer.Failed(AgreementBook.NotExist);
        }

        return AlipayAnswer.Success(
            ("agreement_no", agreement.Number),
            ("alipay_logon_id", SandboxBuyer.Logon),
            ("external_agreement_no", agreement.External),
            ("invalid_time", UntilForEver),
            ("last_deduct_time", agreement.LastCharged is { } last ? AlipayWords.Day(last) : null),
            ("next_deduct_time", AlipayWords.Day(agreement.Due)),
            ("personal_product_code", Agreement.ProductCode),
            ("principal_id", SandboxBuyer.Id),
            ("principal_type", "CARD"),
            ("sign_scene", agreement.Scene),
            ("sign_time", agreement.SignedAt is { } signed ? AlipayWords.Time(signed) : null),
            ("status", visit.Fault?.Kind switch { FaultKind.Pending => AgreementStatus.Temporary, FaultKind.UnknownState => AgreementStatus.NobodyKnows, _ => agreement.Status }),
            ("valid_time", agreement.SignedAt is { } valid ? AlipayWords.Time(valid) : null));
    }

    /// <summary>The merchant ends it. Whoever the call itself names is told.</summary>
    internal static AlipayAnswer Unsign(BooksEntry entry, AlipayVisit visit)
    {
        var refusal = visit.Call.AddressesRefusal()
            ?? (Find(entry, visit.Call) is { } agreement ? AgreementBook.Unsign(entry, agreement, visit.Call["notify_url"], visit.Now) : AgreementBook.NotExist);
        return refusal is null ? AlipayAnswer.Success() : AlipayAnswer.Failed(refusal);
    }

    internal static AlipayAnswer PutOff(BooksEntry entry, AlipayVisit visit)
    {
        if (Find(entry, visit.Call) is not { Status: AgreementStatus.Normal } agreement)
        {
            return AlipayAnswer.Failed(AgreementBook.NotExist);
        }

        var day = AlipayWords.Day(visit.Call.Text("deduct_time")) ?? DateOnly.MinValue;
        return AgreementBook.PutOff(entry, agreement, day, AlipayWords.DayOf(visit.Now)) is { } refusal
            ? AlipayAnswer.Failed(refusal)
            : AlipayAnswer.Success(("agreement_no", agreement.Number), ("deduct_time", AlipayWords.Day(day)));
    }

    /// <summary>alipay.trade.pay with agreement_params: takes the money without the payer. An order that is known already is told as it is, whatever day it is now.</summary>
    internal static AlipayAnswer Charge(BooksEntry entry, AlipayVisit visit)
    {
        var (ask, refusal) = visit.Call.ReadAsk(visit.Call.Method, "CYCLE_PAY_AUTH", TimeSpan.FromDays(1), visit.Now);
        if (ask is null)
        {
            return AlipayAnswer.Failed(refusal!);
        }

        var number = visit.Call.Within("agreement_params")!.Text("agreement_no");
        if (AlipayTrades.Find(entry, ask.Order) is null)
        {
            var obstacle = number is not null && AgreementBook.Find(entry, number, null) is { } agreement
                ? AgreementBook.Obstacle(entry, agreement, ask.Fen, AlipayWords.DayOf(visit.Now))
                : new AlipayRefusal("ACQ.AGREEMENT_NOT_EXIST", "agreement_params.agreement_no: there is no such agreement, or it has been ended");
            if (obstacle is not null)
            {
                return AlipayAnswer.Failed(obstacle);
            }
        }

        return AlipayBarcode.Take(entry, visit, ask, code: null, number);
    }

    private static Agreement? Find(BooksEntry entry, AlipayCall call) => AgreementBook.Find(entry, call.Text("agreement_no"), call.Text("external_agreement_no"));

    private static (AgreementAsk? Ask, AlipayRefusal? Refusal) ReadAsk(AlipayCall call, DateOnly today)
    {
        var (product, external, scene) = (call.Text("personal_product_code"), call.Text("external_agreement_no"), call.Text("sign_scene"));
        if (product != Agreement.ProductCode)
        {
            return (null, AlipayRefusal.Parameter("personal_product_code", Agreement.ProductCode));
        }

        if (call.Text("product_code") is not (null or "GENERAL_WITHHOLDING"))
        {
            return (null, AlipayRefusal.Parameter("product_code", "GENERAL_WITHHOLDING"));
        }

        if (scene is not { Length: <= LongestScene })
        {
            return (null, AlipayRefusal.Parameter("sign_scene", $"1 to {LongestScene} characters, such as INDUSTRY|DEFAULT_SCENE"));
        }

        if (external is not null && !AlipayCall.IsOrderNumber(external))
        {
            return (null, AlipayRefusal.Parameter("external_agreement_no", "1 to 64 of A-Z a-z 0-9 _"));
        }

        if (call.Within("access_params")?.Text("channel") is not ("ALIPAYAPP" or "QRCODE" or "QRCODEORSMS"))
        {
            return (null, AlipayRefusal.Parameter("access_params.channel", "ALIPAYAPP, QRCODE or QRCODEORSMS"));
        }

        if (call.AddressesRefusal() is { } refusal)
        {
            return (null, refusal);
        }

        return ReadRule(call.Within("period_rule_params"), today) switch
        {
            ({ } rule, var first, _) => (new AgreementAsk(external, scene, rule, first, call["notify_url"], call["return_url"]), null),
            var (_, _, fault) => (null, fault),
        };
    }

    private static (CycleRule? Rule, DateOnly First, AlipayRefusal? Refusal) ReadRule(AlipayCall? rule, DateOnly today)
    {
        if (rule?.Text("period_type") is not ("DAY" or "MONTH") || rule.Count("period", LongestPeriod) is not { } period)
        {
            return (null, default, AlipayRefusal.Parameter("period_rule_params", $"period_type DAY or MONTH, period 1 to {LongestPeriod}"));
        }

        var type = rule.Text("period_type")!;
        if (type == "DAY" && period < CycleRule.FewestDays)
        {
            return (null, default, AlipayRefusal.Parameter("period_rule_params.period", $"{CycleRule.FewestDays} days or more"));
        }

        if (AlipayWords.Day(rule.Text("execute_time")) is not { } first || first < today || (type == "MONTH" && first.Day > CycleRule.LastDayOfMonth))
        {
            return (null, default, AlipayRefusal.Parameter("period_rule_params.execute_time", $"yyyy-MM-dd, today or later, with MONTH up to the {CycleRule.LastDayOfMonth.ToString(CultureInfo.InvariantCulture)}th"));
        }

        var (total, payments) = (AlipayWords.Fen(rule.Text("total_amount")), rule.Count("total_payments", MostPayments));
        if (AlipayWords.Fen(rule.Text("single_amount")) is not { } single
            || (total is null && rule.Text("total_amount") is not null) || (payments is null && rule.Text("total_payments") is not null))
        {
            return (null, default, AlipayRefusal.Parameter("period_rule_params", $"single_amount and, where given, total_amount in yuan, total_payments 1 to {MostPayments}"));
        }

        return (new CycleRule(type, period, single, total, payments), first, null);
    }
}
