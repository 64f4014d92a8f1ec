using Refill.Sandbox.Books;

namespace Refill.Sandbox.Stripe;

/// <summary>The endpoints of Stripe's API that the sandbox has.</summary>
internal static class StripeApi
{
    internal static IServiceCollection AddStripe(this IServiceCollection services, StripeBooksOptions? options) => options is null ? services : services
        .AddSingleton(options)
        .AddSingleton(new BooksPart(StripeShelf.Schema, [.. StripeShelf.Tables]))
        .AddSingleton<StripeKeys>()
        .AddSingleton<StripeGate>()
        .AddSingleton<StripeCheckout>()
        .AddSingleton<ISender, StripeWebhooks>();

    /// <summary>Maps nothing if the sandbox has no Stripe account.</summary>
    internal static void MapStripe(this WebApplication app)
    {
        if (app.Services.GetService<StripeGate>() is not { } gate)
        {
            return;
        }

        Post("/v1/checkout/sessions", "session", StripeSessions.Create);
        Get("/v1/checkout/sessions", "session", StripeSessions.List);
        GetOne<CheckoutSession>("/v1/checkout/sessions", "session");
        PostTo("/v1/checkout/sessions/{id}/expire", "session", (_, id) => StripeSessions.ExpireNow(id));

        Post("/v1/payment_intents", "intent", StripeIntents.Create);
        GetOne<PaymentIntent>("/v1/payment_intents", "intent");
        PostTo("/v1/payment_intents/{id}/confirm", "intent", StripeIntents.Confirm);
        PostTo("/v1/payment_intents/{id}/cancel", "intent", StripeIntents.Cancel);
        GetOne<Charge>("/v1/charges", "intent");

        GetOne<SetupIntent>("/v1/setup_intents", StripeGate.Gateway);
        Post("/v1/customers", StripeGate.Gateway, StripeCustomers.Create);
        GetOne<Customer>("/v1/customers", StripeGate.Gateway);
        GetOne<PaymentMethod>("/v1/payment_methods", StripeGate.Gateway);
        PostTo("/v1/payment_methods/{id}/detach", StripeGate.Gateway, (_, id) => StripeCustomers.Detach(id));

        Post("/v1/refunds", "refund", StripeRefunds.Create);
        Get("/v1/refunds", "refund", StripeRefunds.List);
        GetOne<Refund>("/v1/refunds", "refund");

        app.MapGet("/v1/balance_transactions", context => gate.HandleAsync(context, new StripeRoute("balance", StripeBalance.List, OfLines: true)));
        GetOne<BalanceTransaction>("/v1/balance_transactions", "balance");
        Get("/v1/payouts", "balance", StripePayouts.List);
        GetOne<Payout>("/v1/payouts", "balance");

        Get("/v1/events", "events", StripeEvents.List);
        GetOne<StripeEvent>("/v1/events", "events");
        app.Map("/v1/{**rest}", StripeGate.NothingHereAsync);

        var checkout = app.Services.GetRequiredService<StripeCheckout>();
        app.MapGet(StripeCheckout.Route, (HttpContext context, string session) => checkout.ShowAsync(context, session));
        app.MapPost(StripeCheckout.Route, (HttpContext context, string session) => checkout.ActAsync(context, session));
        app.MapGet(StripeCheckout.AuthenticationRoute, (HttpContext context, string intent) => checkout.ShowQuestionAsync(context, intent));
        app.MapPost(StripeCheckout.AuthenticationRoute, (HttpContext context, string intent) => checkout.AnswerAsync(context, intent));
        app.MapStripeControl();

        void Post(string path, string point, Func<StripeForm, StripeWork> read) => app.MapPost(path, context => gate.HandleAsync(context, new StripeRoute(point, read)));

        void PostTo(string path, string point, Func<StripeForm, string, StripeWork> read) =>
            app.MapPost(path, (HttpContext context, string id) => gate.HandleAsync(context, new StripeRoute(point, form => read(form, id))));

        void Get(string path, string point, Func<StripeForm, StripeWork> read) => app.MapGet(path, context => gate.HandleAsync(context, new StripeRoute(point, read)));

        void GetOne<T>(string path, string point) where T : StripeObject =>
            app.MapGet($"{path}/{{id}}", (HttpContext context, string id) => gate.HandleAsync(context, new StripeRoute(point, _ => turn =>
                StripeShelf.Find<T>(turn.Entry, id) is { } found ? StripeAnswer.Of(found) : StripeAnswer.Refused(StripeRefusal.Missing(StripeKinds.Of(typeof(T)).Name, id)))));
    }
}
