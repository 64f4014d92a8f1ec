namespace Refill.Payments.Alipay;

/// <summary>Finds out by one harmless call whether our settings can work, and which of them cannot.</summary>
internal static class AlipayCheck
{
    /// <summary>No order of ours has such a number.</summary>
    private const string NoOrder = "refill_check_of_settings";

    /// <returns>Null: all is well. Else a sentence for an operator, without a key, a certificate or an id in it.</returns>
    public static async Task<string?> RunAsync(AlipayClient client, AlipayKeyRing ring, TimeProvider time, CancellationToken cancellation)
    {
        var keys = ring.Keys();
        if (keys.Trust?.WhyAppNotNow(time.GetUtcNow()) is { } expired)
        {
            return expired;
        }

        var call = await client.CallAsync("alipay.trade.query", new() { ["out_trade_no"] = NoOrder }, null, cancellation);
        if (call is { Code: "10000" } or { Code: "40004", SubCode: "ACQ.TRADE_NOT_EXIST" })
        {
            return null;
        }

        // An app id that Alipay does not know is told without a signature: with whose key would it be signed? So this alone is looked at unproven.
        var (code, sub) = call.Unproven is { } unproven ? (AlipayCall.Text(unproven, "code"), AlipayCall.Text(unproven, "sub_code")) : (call.Code, call.SubCode);
        if (Wrong(keys, code, sub, time.GetUtcNow()) is { } wrong)
        {
            return wrong;
        }

        return call switch
        {
            { Unproven: not null } => keys.Trust is null
                ? "Alipay's public key is wrong: the signature of its answers does not hold (our own public key, or that of another app?)"
                : $"Alipay's certificate is wrong: {call.Silence}",
            { Silence: { } silence } => $"Alipay gives no usable answer: {silence}",
            { Code: "20000" } => "Alipay is not available at the moment",
            _ => $"Alipay refuses: {Plain(code)}, {Plain(sub)}",
        };
    }

    /// <summary>What the gateway's common refusals say of our settings.</summary>
    private static string? Wrong(AlipayKeys keys, string? code, string? sub, DateTimeOffset now) => sub?.ToLowerInvariant() switch
    {
        "isv.invalid-signature" => keys.Trust is null
            ? "our private key does not belong to the app id: Alipay refuses our signature (the public key of this private key must stand in the console, at this app)"
            : "our private key and app certificate do not belong to the app id: Alipay refuses our signature",
        "isv.invalid-app-id" or "isv.missing-app-id" => "the app id is wrong: Alipay knows no such app at this address (the sandbox and the real gateway have different ones)",
        "isv.invalid-timestamp" or "isv.missing-timestamp" => FormattableString.Invariant($"our clock is wrong: Alipay refuses our time, which is {now:yyyy-MM-dd HH:mm} UTC here"),
        { } word when word.Contains("root-cert", StringComparison.Ordinal) => "Alipay's root file is not the one that it gives for this app",
        { } word when word.Contains("cert", StringComparison.Ordinal) => keys.Trust is null
            ? "the app is set to certificates at Alipay, and we have keys only"
            : "our app certificate is not the one that stands in the console, at this app",
        "isv.insufficient-isv-permissions" or "isv.insufficient-user-permissions" => "the app may not do this: it is not online, or the product is not signed for",
        _ when code == "40006" => "the app may not do this: it is not online, or the product is not signed for",
        _ => null,
    };

    private static string Plain(string? text) => AlipayNotification.Plain(text);
}
