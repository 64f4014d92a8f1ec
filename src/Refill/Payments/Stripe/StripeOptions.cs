namespace Refill.Payments.Stripe;

/// <summary>How Stripe is reached. Prints no key.</summary>
/// <param name="ApiBase">Such as https://api.stripe.com; plain http on loopback only.</param>
/// <param name="Keys">The keys that count now (<see cref="StripeKeyRing"/>); asked at each call, so it must be quick.</param>
/// <param name="Timeout">How long one call may take, its repeats included: 1 s to 1 min.</param>
public sealed record StripeOptions(Uri ApiBase, Func<StripeKeys> Keys, TimeSpan Timeout)
{
    /// <summary>The origin of Stripe's payment pages, to which alone the browser is sent; another one with a domain of the seller's own.</summary>
    public Uri CheckoutOrigin { get; init; } = new("https://checkout.stripe.com");

    /// <summary>How often the library repeats a call by itself after 409, 5xx or a broken line, with the same idempotency key: 0 to 3. Our own callers repeat, too.</summary>
    public int MaxNetworkRetries { get; init; } = 1;

    public override string ToString() => $"Stripe at {ApiBase}";

    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    internal StripeOptions Checked()
    {
        if (!IsSecure(ApiBase) || ApiBase.PathAndQuery != "/")
        {
            throw new GatewaySettingException($"Stripe's address must be https (http on loopback only), without a path: {ApiBase}");
        }

        if (!IsSecure(CheckoutOrigin))
        {
            throw new GatewaySettingException($"the origin of Stripe's payment pages must be https (http on loopback only): {CheckoutOrigin}");
        }

        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(1))
        {
            throw new GatewaySettingException($"the time limit of a call must be 1 s to 1 min: {Timeout}");
        }

        if (MaxNetworkRetries is < 0 or > 3)
        {
            throw new GatewaySettingException($"a call may be repeated 0 to 3 times: {MaxNetworkRetries}");
        }

        Keys().Check();
        return this;
    }

    private static bool IsSecure(Uri url) => url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}

/// <summary>Who we are at Stripe. Prints no key.</summary>
/// <param name="SecretKey">sk_test_… or sk_live_…, or a restricted key (rk_…) that may write Checkout Sessions, PaymentIntents, SetupIntents, PaymentMethods, Customers and Refunds and read charges and balance transactions.</param>
/// <param name="WebhookSecrets">whsec_…, of the one endpoint; two while it is being rotated. Any of them makes a notification genuine.</param>
public sealed record StripeKeys(string SecretKey, IReadOnlyList<string> WebhookSecrets)
{
    public const int MaxWebhookSecrets = 5;
    private const int MaxKey = 500;

    public bool IsLive => SecretKey.StartsWith("sk_live_", StringComparison.Ordinal) || SecretKey.StartsWith("rk_live_", StringComparison.Ordinal);

    public override string ToString() => $"{Mode} keys of Stripe";

    internal string Mode => IsLive ? "live" : "test";

    /// <exception cref="GatewaySettingException">A key that cannot be one, by its name.</exception>
    internal void Check()
    {
        if (!IsKey(SecretKey, "sk_test_", "sk_live_", "rk_test_", "rk_live_"))
        {
            throw new GatewaySettingException(SecretKey.StartsWith("pk_", StringComparison.Ordinal)
                ? "what is given as Stripe's secret key is the publishable one; the dashboard shows both"
                : "Stripe's secret key must be sk_test_…, sk_live_…, rk_test_… or rk_live_…, in one line");
        }

        if (WebhookSecrets.Count is 0 or > MaxWebhookSecrets)
        {
            throw new GatewaySettingException($"Stripe's webhook needs 1 to {MaxWebhookSecrets} signing secrets, not {WebhookSecrets.Count}");
        }

        for (var index = 0; index < WebhookSecrets.Count; index++)
        {
            if (!IsKey(WebhookSecrets[index], "whsec_"))
            {
                throw new GatewaySettingException($"signing secret {index + 1} of Stripe's webhook must be whsec_…, one a line");
            }
        }
    }

    private static bool IsKey(string key, params ReadOnlySpan<string> beginnings)
    {
        foreach (var beginning in beginnings)
        {
            if (key.StartsWith(beginning, StringComparison.Ordinal) && key.Length > beginning.Length && key.Length <= MaxKey && key.All(c => c is > ' ' and < '\x7f'))
            {
                return true;
            }
        }

        return false;
    }
}
