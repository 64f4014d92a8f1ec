using Refill.Payments;
using Refill.Payments.Alipay;
using Refill.Payments.Stripe;
using Refill.Payments.Transfers;
using Refill.Payments.Wallets;
using Refill.Payments.WeChatPay;
using Refill.Reconciliation;
using Refill.Units;

namespace Refill.Server;

/// <summary>The payment gateways that the settings name; in the demo all of them, as the sandbox plays them.</summary>
internal static class GatewayComposition
{
    private static readonly string[] AlipayFileSettings = ["alipay-private-key", "alipay-public-key", "alipay-app-certificate", "alipay-certificate", "alipay-root-certificates"];

    public static IServiceCollection AddGateways(this IServiceCollection services, Settings settings)
    {
        var demo = settings.Demo ? DemoSecrets.LoadOrCreate(settings.Data) : null;
        if (demo is not null || settings.Find("alipay-app-id") is not null || (settings.Find("wechatpay-merchant-id") is null && settings.Find("stripe-secret-key") is null && settings.Find("transfer-account") is null))
        {
            services.AddSingleton(provider => new AlipayKeyRing(
                () => AlipayOptionsFrom(settings, demo), demo is null ? AlipayFiles(settings) : [], provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AlipayKeyRing>>()));
            services.AddSingleton(provider => new AlipayGateway(Client(), provider.GetRequiredService<AlipayKeyRing>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AlipayGateway>>()));
            services.AddGateway<AlipayGateway>();
            services.AddSingleton<IStatementSource>(provider => new AlipayStatement(Client(), provider.GetRequiredService<AlipayKeyRing>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AlipayStatement>>()));
        }

        if (demo is not null || settings.Find("wechatpay-merchant-id") is not null)
        {
            services.AddSingleton(provider => new WeChatPayGateway(Client(), WeChatPayOptionsFrom(settings, demo), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<WeChatPayGateway>>()));
            services.AddGateway<WeChatPayGateway>();
            services.AddSingleton<IStatementSource>(provider => new WeChatPayStatement(provider.GetRequiredService<WeChatPayGateway>()));
        }

        if (demo is not null || settings.Find("stripe-secret-key") is not null)
        {
            services.AddSingleton(provider => StripeOptionsFrom(settings, demo, provider));
            services.AddSingleton(provider => new StripeGateway(
                StripeGateway.NewClient(), provider.GetRequiredService<StripeOptions>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<StripeGateway>>()));
            services.AddGateway<StripeGateway>();
            services.AddSingleton<IStatementSource>(provider => new StripeStatement(
                StripeGateway.NewClient(), provider.GetRequiredService<StripeOptions>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<StripeStatement>>()));
        }

        if (demo is not null || settings.Find("transfer-account") is not null)
        {
            services.AddSingleton(TransferOptionsFrom(settings)).AddSingleton<TransferBook>().AddSingleton<TransferGateway>();
            services.AddGateway<TransferGateway>();
            services.AddBankStatements();
        }

        return services.AddSingleton<WalletGateway>().AddSingleton<IPaymentGateway>(provider => provider.GetRequiredService<WalletGateway>()).AddSingleton<PaymentGateways>();
    }

    private static void AddGateway<TGateway>(this IServiceCollection services)
        where TGateway : class, IPaymentGateway, ISelfTest => services
        .AddSingleton<IPaymentGateway>(provider => provider.GetRequiredService<TGateway>())
        .AddSingleton<ISelfTest>(provider => provider.GetRequiredService<TGateway>());

    private static AlipayOptions AlipayOptionsFrom(Settings settings, DemoSecrets? demo) => demo is not null
        ? new AlipayOptions(new Uri(settings.SandboxUrl, "/gateway.do"), DemoSecrets.AppId, DemoSecrets.SellerId, demo.MerchantPrivateKey, demo.AlipayPublicKey, NotifyUrl(settings, "alipay"), settings.OutsideTimeout)
        : new AlipayOptions(
            new Uri(settings["alipay-gateway-url"]), settings["alipay-app-id"], settings["alipay-seller-id"],
            File.ReadAllText(settings["alipay-private-key"]), settings.Find("alipay-app-certificate") is null ? File.ReadAllText(settings["alipay-public-key"]) : "", NotifyUrl(settings, "alipay"), settings.OutsideTimeout)
        {
            Certificates = settings.Find("alipay-app-certificate") is { } certificate
                ? new AlipayCertificates(File.ReadAllText(certificate), File.ReadAllText(settings["alipay-certificate"]), File.ReadAllText(settings["alipay-root-certificates"]))
                : null,
        };

    /// <summary>Read again when one of them has changed.</summary>
    private static string[] AlipayFiles(Settings settings) =>
        [.. AlipayFileSettings.Select(settings.Find).OfType<string>()];

    private static WeChatPayOptions WeChatPayOptionsFrom(Settings settings, DemoSecrets? demo)
    {
        var notify = NotifyUrl(settings, "wechatpay");
        if (demo?.WeChatPay is { } secrets)
        {
            var keys = new WeChatPayKeys(secrets.MerchantSerial, secrets.MerchantPrivateKey, [secrets.ApiV3Key])
            {
                PublicKeys = [new WeChatPayPublicKey(secrets.PublicKeyId, secrets.PublicKey)],
                AppSecret = secrets.AppSecret,
            };
            return new WeChatPayOptions(settings.SandboxUrl, DemoSecrets.WeChatPaySecrets.MerchantId, DemoSecrets.WeChatPaySecrets.AppId, () => keys, notify, settings.OutsideTimeout)
            {
                AuthoriseUrl = settings.SandboxUrl,
                AccountsUrl = settings.SandboxUrl,
                PagesUrl = settings.SandboxUrl,
            };
        }

        var files = new WeChatPayKeyFiles(
            settings["wechatpay-certificate"], settings["wechatpay-private-key"], settings["wechatpay-api-v3-key"],
            settings.Find("wechatpay-public-key-id") is { } id ? [(id, settings["wechatpay-public-key"])] : [],
            settings.Find("wechatpay-app-secret"));
        return new WeChatPayOptions(new Uri(settings["wechatpay-api-url"]), settings["wechatpay-merchant-id"], settings["wechatpay-app-id"], files.Read, notify, settings.OutsideTimeout);
    }

    private static StripeOptions StripeOptionsFrom(Settings settings, DemoSecrets? demo, IServiceProvider provider)
    {
        if (demo?.Stripe is { } secrets)
        {
            var keys = new StripeKeys(secrets.SecretKey, [secrets.WebhookSecret]);
            return new StripeOptions(settings.SandboxUrl, () => keys, settings.OutsideTimeout) { CheckoutOrigin = settings.SandboxUrl };
        }

        var ring = new StripeKeyRing(settings["stripe-secret-key"], settings["stripe-webhook-secrets"], provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<StripeKeyRing>>());
        return new StripeOptions(new Uri(settings["stripe-api-url"]), ring.Keys, settings.OutsideTimeout) { CheckoutOrigin = new Uri(settings["stripe-checkout-url"]) };
    }

    /// <summary>In the demo an account that is none, unless a real one is given.</summary>
    private static TransferOptions TransferOptionsFrom(Settings settings) => settings.Find("transfer-account") is null
        ? new TransferOptions("000123456789 (demo)", "Refill Demo", Currency.Of(settings["transfer-currency"]))
        : new TransferOptions(settings["transfer-account"], settings["transfer-holder"].Trim(), Currency.Of(settings["transfer-currency"]));

    private static Uri NotifyUrl(Settings settings, string gateway) => new(settings.PublicUrl, "/inbound/payments/" + gateway);

    /// <summary>No redirects, no cookies; the adapter sets the time limit of each call.</summary>
    private static HttpClient Client() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
