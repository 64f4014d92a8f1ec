using Refill.Sandbox.Alipay.Agreements;
using Refill.Sandbox.Alipay.Bills;
using Refill.Sandbox.Alipay.Certificates;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay;

/// <summary>Puts the sandbox's Alipay together.</summary>
internal static class AlipayServices
{
    internal static IServiceCollection AddAlipay(this IServiceCollection services) => services

        // Keys that were rotated stay through a reset, for merchants still believe in them.
        .AddSingleton(new BooksPart(Schema, "trades", "refunds", "trade_payers", "agreements", "bill_tickets"))
        .AddSingleton<AlipayKeyRing>()
        .AddSingleton<AlipaySigning>()
        .AddSingleton<AlipayCashier>()
        .AddSingleton<AgreementCounter>()
        .AddSingleton<BillDesk>()
        .AddSingleton<AlipayGateway>()
        .AddSingleton<ISender, AlipayNotifier>()
        .AddSingleton<ISender, AgreementNotifier>();

    internal static void MapAlipay(this WebApplication app)
    {
        var (gateway, cashier, agreements, bills) = (
            app.Services.GetRequiredService<AlipayGateway>(), app.Services.GetRequiredService<AlipayCashier>(),
            app.Services.GetRequiredService<AgreementCounter>(), app.Services.GetRequiredService<BillDesk>());
        app.MapMethods(AlipayGateway.Path, ["GET", "POST"], gateway.HandleAsync);
        app.MapGet(AlipayCashier.Route, (HttpContext context, string ticket) => cashier.ShowAsync(context, ticket));
        app.MapPost(AlipayCashier.Route, (HttpContext context, string ticket) => cashier.ActAsync(context, ticket));
        app.MapGet(AgreementCounter.Route, (HttpContext context, string ticket) => agreements.ShowAsync(context, ticket));
        app.MapPost(AgreementCounter.Route, (HttpContext context, string ticket) => agreements.ActAsync(context, ticket));
        app.MapGet(BillDesk.Route, bills.DownloadAsync);
        app.MapAlipayControl();
    }

    // Instants are Unix milliseconds, amounts are fen or cents.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS trades (
            order_number TEXT PRIMARY KEY, ticket TEXT NOT NULL UNIQUE, trade_number TEXT NOT NULL UNIQUE, product TEXT NOT NULL, fen INTEGER NOT NULL, subject TEXT NOT NULL,
            status TEXT NOT NULL, notify_url TEXT, return_url TEXT, quit_url TEXT, passback TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
            opened_at INTEGER, pays_at INTEGER, paid_at INTEGER, closed_at INTEGER, notifications INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS refunds (
            order_number TEXT NOT NULL, refund_number TEXT NOT NULL, fen INTEGER NOT NULL, settles_at INTEGER NOT NULL, refunded_at INTEGER,
            PRIMARY KEY (order_number, refund_number));
        CREATE TABLE IF NOT EXISTS trade_payers (order_number TEXT PRIMARY KEY, auth_code TEXT, agreement_number TEXT);
        CREATE INDEX IF NOT EXISTS trade_payers_code ON trade_payers (auth_code) WHERE auth_code IS NOT NULL;
        CREATE INDEX IF NOT EXISTS trade_payers_agreement ON trade_payers (agreement_number) WHERE agreement_number IS NOT NULL;
        CREATE TABLE IF NOT EXISTS agreements (
            number TEXT PRIMARY KEY, ticket TEXT NOT NULL UNIQUE, external_number TEXT, scene TEXT NOT NULL, period_type TEXT NOT NULL, period INTEGER NOT NULL,
            single_fen INTEGER NOT NULL, total_fen INTEGER, payments INTEGER, status TEXT NOT NULL, planned TEXT NOT NULL, due TEXT NOT NULL, last_charged TEXT,
            notify_url TEXT, return_url TEXT, created_at INTEGER NOT NULL, signed_at INTEGER, unsigned_at INTEGER);
        CREATE INDEX IF NOT EXISTS agreements_external ON agreements (external_number);
        CREATE TABLE IF NOT EXISTS bill_tickets (ticket TEXT PRIMARY KEY, bill_type TEXT NOT NULL, bill_date TEXT NOT NULL, expires_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS alipay_keys (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, key TEXT NOT NULL, certificate TEXT, alone INTEGER NOT NULL);
        """;
}
