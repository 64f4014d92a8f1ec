using System.Security.Cryptography;
using System.Text;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Reloadly;

/// <summary>POST /oauth/token, and the check of what it gave. Tokens stand in the books: a restart does not end them.</summary>
internal sealed class ReloadlyTokens(ReloadlyBooksOptions options, SandboxBooks books, FaultBook faults, TimeProvider time)
{
    private const string Scheme = "Bearer ";

    /// <summary>The products that a token of this sandbox is for. The real one names them by their public addresses.</summary>
    private static readonly string[] Audiences = ["https://topups.reloadly.com", "https://topups-sandbox.reloadly.com"];

    internal async Task GiveAsync(HttpContext context)
    {
        var asked = await ReloadlyWords.ReadAsync(context);
        var fault = faults.Take("reloadly", "token", null);
        if (fault?.Kind == FaultKind.Error500)
        {
            await ReloadlyWords.WriteAsync(context, ReloadlyWords.Error(context, time, StatusCodes.Status500InternalServerError, "INTERNAL_SERVER_ERROR", "the sandbox was asked to fail"));
            return;
        }

        // All are compared: how long it takes tells nothing.
        var known = IsEqual(ReloadlyWords.Text(asked, "client_id"), options.ClientId)
            & IsEqual(ReloadlyWords.Text(asked, "client_secret"), options.ClientSecret)
            & (ReloadlyWords.Text(asked, "grant_type") == "client_credentials")
            & Audiences.Contains(ReloadlyWords.Text(asked, "audience"));
        var answer = known && fault?.Kind != FaultKind.Reject
            ? Give()
            : ReloadlyWords.Error(context, time, StatusCodes.Status401Unauthorized, "INVALID_CREDENTIALS", "Access Denied");
        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            await ReloadlyWords.WriteAsync(context, answer);
        }
    }

    /// <summary>Null if the request carries a token that is good now; else the answer to it.</summary>
    internal ReloadlyAnswer? Objection(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var expiry = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? books.Enter(entry => entry.Number("SELECT expires_at FROM tokens WHERE token = $1", header[Scheme.Length..]))
            : null;
        return expiry switch
        {
            null => Unauthorized("INVALID_TOKEN", "Full authentication is required to access this resource"),
            { } instant when instant <= time.GetUtcNow().ToUnixTimeMilliseconds() => Unauthorized("TOKEN_EXPIRED", "The token has expired"),
            _ => null,
        };

        ReloadlyAnswer Unauthorized(string errorCode, string message) => ReloadlyWords.Error(context, time, StatusCodes.Status401Unauthorized, errorCode, message);
    }

    private ReloadlyAnswer Give()
    {
        var token = RandomNumberGenerator.GetHexString(64, lowercase: true);
        var now = time.GetUtcNow();
        books.Enter(entry =>
        {
            // Those that ended a day ago are forgotten; until then their holders are told that they have expired.
            entry.Change("DELETE FROM tokens WHERE expires_at < $1", now - TimeSpan.FromDays(1));
            entry.Change("INSERT INTO tokens (token, expires_at) VALUES ($1, $2)", token, now.AddSeconds(options.TokenSeconds));
        });
        return ReloadlyAnswer.Success(new { access_token = token, scope = "developer", expires_in = options.TokenSeconds, token_type = "Bearer" });
    }

    private static bool IsEqual(string? given, string expected) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given ?? "")), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
}
