using Refill.Sandbox.Books;

namespace Refill.Sandbox.Reloadly;

/// <summary>Puts the sandbox's Reloadly together.</summary>
internal static class ReloadlyServices
{
    internal static IServiceCollection AddReloadly(this IServiceCollection services) => services

        // Access tokens stay through a reset, for their holders still believe in them; the account is set back by the books.
        .AddSingleton(new BooksPart(Schema, "transactions"))
        .AddSingleton<ReloadlyTokens>()
        .AddSingleton<ReloadlyApi>()
        .AddSingleton<ISender, ReloadlyWebhooks>();

    // Instants are Unix milliseconds, amounts are fen or cents.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY CHECK (id = 1), balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0), updated_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS transactions (
            id INTEGER PRIMARY KEY AUTOINCREMENT, custom_identifier TEXT NOT NULL UNIQUE, number TEXT NOT NULL, operator_id INTEGER NOT NULL, cents INTEGER NOT NULL,
            discount_cents INTEGER NOT NULL, status TEXT NOT NULL, old_balance_cents INTEGER NOT NULL, created_at INTEGER NOT NULL,
            settles_at INTEGER, settles_as TEXT, settled_at INTEGER);
        INSERT INTO sqlite_sequence (name, seq) SELECT 'transactions', 4600000 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'transactions');
        """;
}
