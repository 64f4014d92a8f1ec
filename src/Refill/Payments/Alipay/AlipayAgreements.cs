using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Alipay;

/// <summary>What the seller's contract on cycle deduction (周期扣款) says.</summary>
/// <param name="SignScene">The scene that it was made for, such as INDUSTRY|DIGITAL_MEDIA.</param>
/// <param name="Channel">How the payer comes to sign (access_params.channel): QRCODE and QRCODEORSMS on a page, ALIPAYAPP within Alipay's app.</param>
public sealed record AlipayAgreementOptions(string SignScene, string Channel = "QRCODE");

/// <summary>
/// Alipay's cycle deduction (payments-protocols, 1A): the payer signs an agreement, which we charge in the days before it is due. The agreement's numbers are kept, nothing
/// of the payer. Alipay holds us to the terms: what they do not allow is not sent.
/// </summary>
public sealed class AlipayAgreements : ISavedMeans
{
    private const string PersonalProduct = "CYCLE_PAY_AUTH_P";
    private const string Product = "CYCLE_PAY_AUTH";

    /// <summary>Not every month has a later one.</summary>
    private const int LastDayOfMonth = 28;

    /// <summary>Shorter is no cycle to Alipay.</summary>
    private const int LeastDays = 7;

    /// <summary>The money may be taken on the day that it is due and in these days before it (Alipay's help page of 2024-05-06; older ones say three).</summary>
    private const int DaysBefore = 5;

    private readonly AlipayClient client;
    private readonly AlipayTrades trades;
    private readonly AlipayAgreementOptions contract;
    private readonly TimeProvider time;
    private readonly ILogger<AlipayAgreements> log;

    /// <param name="http">Follows no redirects, has no time limit of its own; may be the gateway's.</param>
    /// <param name="ring">The gateway's.</param>
    public AlipayAgreements(HttpClient http, AlipayKeyRing ring, AlipayAgreementOptions contract, TimeProvider time, ILogger<AlipayAgreements> log)
    {
        (this.contract, this.time, this.log) = (contract, time, log);
        client = new AlipayClient(http, ring, time, log);
        trades = new AlipayTrades(client, log);
    }

    public string Name => AlipayGateway.GatewayName;

    public Task<SavingStart> StartSavingAsync(SavingOrder order, CancellationToken cancellation)
    {
        if (WhyNot(order) is { } reason)
        {
            return Task.FromResult<SavingStart>(new SavingStart.Rejected(reason));
        }

        var terms = order.Terms!;
        var content = new Dictionary<string, object>
        {
            ["external_agreement_no"] = order.Reference,
            ["personal_product_code"] = PersonalProduct, // product_code may be left out here, and copies of the documentation differ in what it would be.
            ["sign_scene"] = contract.SignScene,
            ["access_params"] = new Dictionary<string, string> { ["channel"] = contract.Channel },
            ["period_rule_params"] = new Dictionary<string, object>
            {
                ["period_type"] = terms.EveryMonths > 0 ? "MONTH" : "DAY",
                ["period"] = terms.EveryMonths > 0 ? terms.EveryMonths : terms.EveryDays,
                ["execute_time"] = AlipayTime.Format(terms.First),
                ["single_amount"] = terms.MostEach.ToDecimalString(),
            },
        };
        return Task.FromResult<SavingStart>(new SavingStart.Redirect(client.Address("alipay.user.agreement.page.sign", content, order.ReturnUrl), order.Reference));
    }

    public async Task<SavedMeans?> FinishAsync(string startNumber, CancellationToken cancellation)
    {
        var content = new Dictionary<string, object> { ["external_agreement_no"] = startNumber, ["personal_product_code"] = PersonalProduct, ["sign_scene"] = contract.SignScene };
        var call = await client.CallAsync("alipay.user.agreement.query", content, null, cancellation);
        return call is { Code: "10000" } && call.Text("external_agreement_no") == startNumber && call.Text("status") == "NORMAL" && call.Text("agreement_no") is { Length: > 0 and <= 64 } number
            ? new SavedMeans(number, null)
            : null;
    }

    public async Task<ChargeOutcome> ChargeAsync(SavedMeans means, PaymentOrder order, CancellationToken cancellation)
    {
        if (order.Amount.Currency != Currency.Cny || order.Amount.Minor <= 0)
        {
            return new ChargeOutcome.Rejected("Alipay's agreements are charged in CNY");
        }

        if (time.GetUtcNow() >= order.ExpiresAt)
        {
            return await UnlessPaidAsync(order, new ChargeOutcome.Rejected("the order's time is over"), close: true, cancellation);
        }

        switch (await FindAsync(means.Number, cancellation))
        {
            case { Silence: { } silence }:
                return new ChargeOutcome.Unknown(silence);
            case { Ended: true }:
                return await UnlessPaidAsync(order, new ChargeOutcome.Rejected("the agreement has ended"), close: true, cancellation);
            case { Due: { } due } when AlipayTime.DayOf(time.GetUtcNow()) is var today && (today < due.AddDays(-DaysBefore) || today > due):
                // A charge that went through before has moved the day on by a period: then the order is paid.
                return today > due
                    ? await UnlessPaidAsync(order, new ChargeOutcome.NeedsPayer(null, $"the agreement's day to be charged, {AlipayTime.Format(due)}, is over"), close: true, cancellation)
                    : await UnlessPaidAsync(order, new ChargeOutcome.Unknown($"the agreement may be charged from {AlipayTime.Format(due.AddDays(-DaysBefore))} to {AlipayTime.Format(due)} only"), close: false, cancellation);
        }

        var content = new Dictionary<string, object>
        {
            ["out_trade_no"] = order.OrderNumber,
            ["total_amount"] = order.Amount.ToDecimalString(),
            ["subject"] = AlipayTrades.Subject(order.Subject),
            ["product_code"] = Product,
            ["time_expire"] = AlipayTime.Format(order.ExpiresAt),
            ["agreement_params"] = new Dictionary<string, string> { ["agreement_no"] = means.Number },
        };
        var call = await client.CallAsync("alipay.trade.pay", content, client.Options.NotifyUrl, cancellation);
        return call switch
        {
            { IsInDoubt: true } => new ChargeOutcome.Unknown(call.Silence ?? call.Refusal), // Failure case 17.
            { Code: "10000" or "10003" } when call.Text("out_trade_no") is { } other && other != order.OrderNumber => new ChargeOutcome.Unknown("an answer about another order"),
            { Code: "10000" } => Paid(AlipayTrades.Paid(call, "gmt_payment", Money.Cny(0))),
            { Code: "10003" } => new ChargeOutcome.Pending(null),
            { SubCode: "ACQ.TRADE_HAS_SUCCESS" } => Paid(await trades.QueryAsync(order.OrderNumber, cancellation)),
            _ when AlipayRefusals.NeedsPayer(call) => await UnlessPaidAsync(order, new ChargeOutcome.NeedsPayer(null, Refused(call)), close: true, cancellation),
            _ when AlipayRefusals.OfPaying(call) || call.SubCode == "ACQ.TRADE_HAS_CLOSE" => await UnlessPaidAsync(order, new ChargeOutcome.Rejected(Refused(call)), close: true, cancellation),
            _ => new ChargeOutcome.Unknown(call.Refusal),
        };
    }

    public async Task<bool> ForgetAsync(SavedMeans means, CancellationToken cancellation)
    {
        var call = await client.CallAsync("alipay.user.agreement.unsign", new() { ["agreement_no"] = means.Number }, null, cancellation);
        return call.Code == "10000" || AlipayRefusals.NoAgreement(call) || (!call.IsInDoubt && await FindAsync(means.Number, cancellation) is { Ended: true });
    }

    /// <summary>Has the next charge be due on another day, as when a payer puts a renewal off.</summary>
    /// <param name="why">For the payer, who sees it in Alipay; 1 to 100 characters.</param>
    /// <returns>True: it is so. False: Alipay refused, or no answer says so; ask again.</returns>
    public async Task<bool> MoveAsync(SavedMeans means, DateOnly next, string why, CancellationToken cancellation)
    {
        var content = new Dictionary<string, object> { ["agreement_no"] = means.Number, ["deduct_time"] = AlipayTime.Format(next), ["memo"] = why };
        var call = await client.CallAsync("alipay.user.agreement.executionplan.modify", content, null, cancellation);
        return call.Code == "10000" || (call.IsInDoubt && await FindAsync(means.Number, cancellation) is { Due: { } due } && due == next);
    }

    /// <summary>Verifies and reads a notification at the agreement's address or at the app's gateway address, where Alipay tells that a payer has ended it there; changes nothing.</summary>
    public async ValueTask<AgreementNotification> ReadAsync(RawNotification notification, CancellationToken cancellation)
    {
        var (form, why) = await AlipayNotification.OpenAsync(notification, client, cancellation);
        var read = form is null ? new AgreementNotification.Refused(why!) : Read(form);
        if (read is AgreementNotification.Refused refused)
        {
            log.LogWarning("a notification of Alipay's about an agreement was refused: {Reason}", refused.Reason);
        }

        return read;
    }

    private static AgreementNotification Read(Dictionary<string, string> form)
    {
        var (type, status) = (form.GetValueOrDefault("notify_type"), form.GetValueOrDefault("status"));
        if (type is not ("dut_user_sign" or "dut_user_unsign"))
        {
            return new AgreementNotification.Ignored($"notify_type {AlipayNotification.Plain(type)}");
        }

        if (form.GetValueOrDefault("external_agreement_no") is not { Length: > 0 and <= 64 } reference || form.GetValueOrDefault("agreement_no") is not { Length: > 0 and <= 64 } number)
        {
            return new AgreementNotification.Refused("the agreement's numbers are missing");
        }

        return (type, status) switch
        {
            ("dut_user_sign", "NORMAL") => new AgreementNotification.Signed(reference, new SavedMeans(number, null)),
            ("dut_user_unsign", "UNSIGN") => new AgreementNotification.Ended(reference, new SavedMeans(number, null)),
            _ => new AgreementNotification.Ignored($"{type} with status {AlipayNotification.Plain(status)}"), // Failure case 15.
        };
    }

    /// <summary>The terms that Alipay would refuse, refused before the payer is sent there.</summary>
    private string? WhyNot(SavingOrder order) => order.Terms switch
    {
        _ when order.Reference is not { Length: >= 6 and <= 32 } || !order.Reference.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') => "a reference is 6 to 32 letters, digits and underscores",
        null => "Alipay wants to know how much may be charged and how often",
        { MostEach: var most } when most.Currency != Currency.Cny || most.Minor <= 0 => "Alipay's agreements are in CNY",
        { EveryMonths: > 0, EveryDays: not 0 } or { EveryMonths: < 0 } or { EveryDays: < 0 } or { EveryMonths: 0, EveryDays: 0 } => "a cycle is of months or of days",
        { EveryMonths: > 0, First.Day: > LastDayOfMonth } => $"a cycle of months is charged on the {LastDayOfMonth}th at the latest",
        { EveryMonths: 0, EveryDays: < LeastDays } => $"a cycle of days has {LeastDays} at least",
        { First: var first } when first < AlipayTime.DayOf(time.GetUtcNow()) => "the first charge lies in the past",
        _ => null,
    };

    private async Task<(bool Ended, DateOnly? Due, string? Silence)> FindAsync(string number, CancellationToken cancellation)
    {
        var call = await client.CallAsync("alipay.user.agreement.query", new() { ["agreement_no"] = number }, null, cancellation);
        return call switch
        {
            { Silence: { } silence } => (false, null, silence),
            _ when AlipayRefusals.NoAgreement(call) => (true, null, null),
            { Code: not "10000" } => (false, null, call.Refusal),
            _ when call.Text("agreement_no") != number => (false, null, "an answer about another agreement"),
            _ => call.Text("status") switch
            {
                "NORMAL" => (false, AlipayTime.ParseDay(call.Text("next_deduct_time")), null),
                "STOP" or "UNSIGN" => (true, null, null),
                var other => (false, null, $"an agreement of status {AlipayNotification.Plain(other)}"),
            },
        };
    }

    /// <summary>The same order may have been charged by a call before this one, whose answer was lost: only if it was not, and cannot be any more, is it refused.</summary>
    private async Task<ChargeOutcome> UnlessPaidAsync(PaymentOrder order, ChargeOutcome outcome, bool close, CancellationToken cancellation)
    {
        switch (await trades.QueryAsync(order.OrderNumber, cancellation))
        {
            case PaymentStatus.Closed or PaymentStatus.NotFound:
                return outcome;
            case PaymentStatus.Waiting when !close:
                return new ChargeOutcome.Pending(null);
            case PaymentStatus.Waiting:
                return await trades.CloseAsync(order.OrderNumber, cancellation) switch
                {
                    PaymentClose.Closed or PaymentClose.NotFound => outcome,
                    var other => new ChargeOutcome.Unknown($"refused, and closing the order ended {other.GetType().Name}"),
                };
            case var status:
                return Paid(status);
        }
    }

    private static ChargeOutcome Paid(PaymentStatus status) => status switch
    {
        PaymentStatus.Paid paid => new ChargeOutcome.Paid(paid.GatewayNumber, paid.Amount),
        PaymentStatus.WrongCurrency wrong => new ChargeOutcome.Unknown($"paid in another currency: {wrong.Currency}"),
        PaymentStatus.Unknown unknown => new ChargeOutcome.Unknown(unknown.Reason),
        _ => new ChargeOutcome.Unknown($"Alipay says that it is paid, and then {status.GetType().Name}"),
    };

    private string Refused(AlipayCall call)
    {
        log.LogWarning("Alipay refuses to charge an agreement: {Refusal}", call.Refusal);
        return call.Refusal;
    }
}
