namespace Refill.Sandbox.Stripe;

/// <summary>The one account that the sandbox's Stripe knows. It settles in USD.</summary>
/// <param name="SecretKey">What callers show as their bearer token: sk_test_… or rk_test_….</param>
/// <param name="WebhookUrl">Where events go; null: nowhere.</param>
/// <param name="WebhookSecret">Signs events, as the text that it is.</param>
public sealed record StripeBooksOptions(string SecretKey, Uri? WebhookUrl, string WebhookSecret)
{
    private const int LongestSecret = 256;
    private const int MostFeeBasisPoints = 5_000;
    private const int MostFeeFixedCents = 10_000;

    /// <summary>The secret that is being rolled away: while it stands here each event carries two v1 signatures, and either is good.</summary>
    public string? OldWebhookSecret { get; init; }

    /// <summary>Stretches the waits between tries of an event, which start at 2 seconds.</summary>
    public double RetryFactor { get; init; } = 1;

    /// <summary>The part of Stripe's fee that grows with the amount: 290 is 2.9 %.</summary>
    public int FeeBasisPoints { get; init; } = 290;

    /// <summary>The part of Stripe's fee that does not, in cents of USD.</summary>
    public int FeeFixedCents { get; init; } = 30;

    public override string ToString() => "Stripe account";

    internal void Check()
    {
        if (SecretKey is null || !(SecretKey.StartsWith("sk_test_", StringComparison.Ordinal) || SecretKey.StartsWith("rk_test_", StringComparison.Ordinal)))
        {
            throw new ArgumentException($"Stripe.{nameof(SecretKey)} must begin with sk_test_ or rk_test_");
        }

        foreach (var (name, text) in new[] { (nameof(SecretKey), SecretKey), (nameof(WebhookSecret), WebhookSecret), (nameof(OldWebhookSecret), OldWebhookSecret ?? "none") })
        {
            if (string.IsNullOrEmpty(text) || text.Length > LongestSecret || !text.All(character => character is > ' ' and <= '~'))
            {
                throw new ArgumentException($"Stripe.{name} must have 1 to {LongestSecret} printable ASCII characters");
            }
        }

        if (WebhookUrl is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https")))
        {
            throw new ArgumentException($"Stripe.{nameof(WebhookUrl)} must be an http or https address: {url}");
        }

        if (RetryFactor is not (> 0 and <= 1000))
        {
            throw new ArgumentException($"Stripe.{nameof(RetryFactor)} must be above 0 and at most 1000: {RetryFactor}");
        }

        if (FeeBasisPoints is < 0 or > MostFeeBasisPoints || FeeFixedCents is < 0 or > MostFeeFixedCents)
        {
            throw new ArgumentException($"Stripe.{nameof(FeeBasisPoints)} must be 0 to {MostFeeBasisPoints}, {nameof(FeeFixedCents)} 0 to {MostFeeFixedCents}");
        }
    }
}
