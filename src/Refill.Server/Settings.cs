using System.Net;
using System.Text.Json;
using Refill.Archive;
using Refill.Ledger;
using Refill.Payments.Transfers;
using Refill.Storage;
using Refill.Units;

namespace Refill.Server;

/// <summary>
/// Every setting there is. Command line before environment before file before default; a name that is not here is refused,
/// wherever it stands, because a setting that is silently ignored is worse than one that is refused.
/// </summary>
public sealed class Settings
{
    private const string Prefix = "REFILL_";

    /// <summary>Variables of the tests, which begin like settings.</summary>
    private const string TestPrefix = "REFILL_TEST_";
    private const string CrashAt = "REFILL_CRASH_AT";

    private static readonly JsonSerializerOptions StrictJson = new() { AllowDuplicateProperties = false };

    public static readonly IReadOnlyList<Setting> All =
    [
        new("urls", "http://127.0.0.1:5080", "where the server listens", "http:// or https:// addresses with a port and no path, separated by commas", text => text.Split(',').All(IsListening)),
        new("public-url", null, "the address by which browsers and gateways reach the server; the first of urls if not given", "an http:// or https:// address without a path", IsOrigin),
        new("data", "data", "folder for the SQLite file, keys and the demo's sandbox", "a path", IsPath),
        new("database", null, "which database; sqlite:DATA/refill.db if not given", "sqlite:PATH or postgres:CONNECTION-STRING (15 or later)", text => Parse(text) is not null, Secret: true),
        new("keys", null, "file with the keys that encrypt numbers; DATA/keys.json if not given (the demo makes it)", "a path", IsPath),
        new("demo", "yes", "load the demo catalogue and cards, and talk to the sandbox", "yes or no", text => text is "yes" or "no"),
        new("sandbox", "start", "in the demo: start the sandbox in this process, or use one that is running", "start or running", text => text is "start" or "running"),
        new("sandbox-url", "http://127.0.0.1:5081", "where the sandbox listens", "an http:// address on loopback, with a port and no path", text => IsListening(text) && new Uri(text) is { IsLoopback: true, Scheme: "http" }),
        new("alipay-gateway-url", null, "Alipay's gateway, such as https://openapi.alipay.com/gateway.do", "an https:// address (http:// on loopback)", IsSecure),
        new("alipay-app-id", null, "the app id at Alipay", "8 to 32 digits", IsDigits),
        new("alipay-seller-id", null, "the seller's id at Alipay (2088…)", "8 to 32 digits", IsDigits),
        new("alipay-private-key", null, "file with our private key (PEM)", "a file that is there", File.Exists),
        new("alipay-public-key", null, "file with Alipay's public key (PEM)", "a file that is there", File.Exists),
        new("alipay-app-certificate", null, "file with our app's certificate; given, Alipay is used in certificate mode, without alipay-public-key", "a file that is there", File.Exists),
        new("alipay-certificate", null, "file with Alipay's certificate, in certificate mode", "a file that is there", File.Exists),
        new("alipay-root-certificates", null, "file with Alipay's root certificates, in certificate mode", "a file that is there", File.Exists),
        new("wechatpay-api-url", "https://api.mch.weixin.qq.com", "WeChat Pay's API", "an https:// address without a path (http:// on loopback)", text => IsSecure(text) && IsOrigin(text)),
        new("wechatpay-merchant-id", null, "the merchant's number at WeChat Pay (mchid); without it there is no WeChat Pay", "8 to 32 digits", IsDigits),
        new("wechatpay-app-id", null, "the appid that the merchant is bound to (wx…)", "8 to 32 letters or digits", text => text.Length is >= 8 and <= 32 && text.All(char.IsAsciiLetterOrDigit)),
        new("wechatpay-certificate", null, "file with our API certificate (PEM), or with its serial number", "a file that is there", File.Exists),
        new("wechatpay-private-key", null, "file with our private key (PEM)", "a file that is there", File.Exists),
        new("wechatpay-api-v3-key", null, "file with the APIv3 key, while it is rotated the old one on a second line", "a file that is there", File.Exists),
        new("wechatpay-public-key-id", null, "the id of WeChat Pay's public key (PUB_KEY_ID_…), in public-key mode", "PUB_KEY_ID_ and letters or digits", text => text.StartsWith("PUB_KEY_ID_", StringComparison.Ordinal) && text.Length <= 64),
        new("wechatpay-public-key", null, "file with WeChat Pay's public key (PEM), in public-key mode", "a file that is there", File.Exists),
        new("wechatpay-app-secret", null, "file with the app's secret; without it nobody can pay within WeChat", "a file that is there", File.Exists),
        new("stripe-api-url", "https://api.stripe.com", "Stripe's API", "an https:// address without a path (http:// on loopback)", text => IsSecure(text) && IsOrigin(text)),
        new("stripe-checkout-url", "https://checkout.stripe.com", "where Stripe's payment pages stand; another with a domain of your own", "an https:// address without a path (http:// on loopback)", text => IsSecure(text) && IsOrigin(text)),
        new("stripe-secret-key", null, "file with the secret or restricted key (sk_… or rk_…); without it there are no cards", "a file that is there", File.Exists),
        new("stripe-webhook-secrets", null, "file with the webhook's signing secret (whsec_…), while it is rotated both, one a line", "a file that is there", File.Exists),
        new("transfer-account", null, "the bank account that is transferred to, an IBAN or a number; what stands in parentheses is only shown to payers, such as a routing number. Without it there are no bank transfers", "4 to 100 characters, at least four letters or digits outside parentheses", TransferOptions.IsAccount),
        new("transfer-holder", null, "whose account it is, as payers are shown it", "1 to 70 characters", TransferOptions.IsHolder),
        new("transfer-currency", "USD", "what the account is kept in", "USD or CNY", text => Currency.Find(text) is not null),
        new("reloadly-auth-url", "https://auth.reloadly.com", "Reloadly's token endpoint", "an https:// address (http:// on loopback)", IsSecure),
        new("reloadly-api-url", "https://topups.reloadly.com", "Reloadly's Airtime API", "an https:// address (http:// on loopback)", IsSecure),
        new("reloadly-audience", "https://topups.reloadly.com", "what the token is for", "1 to 200 characters", text => text.Length is > 0 and <= 200),
        new("reloadly-client-id", null, "the client id at Reloadly", "1 to 200 characters", text => text.Length is > 0 and <= 200, Secret: true),
        new("reloadly-client-secret", null, "the client secret at Reloadly", "1 to 500 characters", text => text.Length is > 0 and <= 500, Secret: true),
        new("reloadly-webhook-secret", null, "the webhook signing secret; without it webhooks are refused", "1 to 500 characters", text => text.Length is > 0 and <= 500, Secret: true),
        new("reloadly-in-flight-seconds", "600", "how long a call without answer may still be under way to Reloadly", "1 to 86400, and not less than outside-timeout-seconds", text => IsWithin(text, 1, 86_400)),
        new("fx-margin-basis-points", "0", "what a quote's exchange rate is dearer than the one that was set, in hundredths of a percent; shown to customers", "0 to 2000", text => IsWithin(text, 0, 2_000)),
        new("fx-max-age-hours", null, "an exchange rate older than this makes no quote; 96 if not given, in the demo any age", "1 to 8760", text => IsWithin(text, 1, 8_760)),
        new("outside-timeout-seconds", "10", "how long a gateway or carrier may take to answer", "1 to 60", text => IsWithin(text, 1, 60)),
        new("node", Environment.MachineName, "this process's name among those that share the database", "1 to 60 letters, digits, dots, hyphens", text => text.Length is > 0 and <= 60 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-')),
        new("commit-group", "512", "how many commits one transaction holds at most; 1 only to compare with", "1 to 512", text => IsWithin(text, 1, LedgerOptions.MostInGroup)),
        new("committers", "1", "how many write to PostgreSQL at once, each for its share of the cells", "1 to 16", text => IsWithin(text, 1, LedgerOptions.MostCommitters)),
        new("retention-months", null, "whole months that stay in the database after the current one; older ones move to the archive, once a day. Nothing moves if not given", "2 to 240", text => IsWithin(text, ArchiveOptions.LeastRetention, ArchiveOptions.MostRetention)),
        new("archive", null, "folder of the archive; DATA/archive if not given", "a path", IsPath),
        new("reports", null, "folder of the row-by-row reports of reconciliation; DATA/reports if not given", "a path", IsPath),
        new("console-key", null, "opens the operator's pages under /console (HTTP Basic, user operator); without it there are none, in the demo one is made", "24 to 200 characters", text => text.Length is >= 24 and <= 200, Secret: true),
        new("lookups-per-minute", "20", "how many cards one address may look up in a minute", "1 to 10000", text => IsWithin(text, 1, 10_000)),
        new("trusted-proxies", null, "proxies whose X-Forwarded headers are believed", "IP addresses, separated by commas", text => text.Split(',').All(part => IsAddress(part.Trim()))),
        new("log-level", "info", "how much is logged", "debug, info, warning or error", text => text is "debug" or "info" or "warning" or "error"),
        new("log-format", "text", "lines for people, or JSON for machines", "text or json", text => text is "text" or "json"),
        new("otlp-endpoint", null, "where OpenTelemetry metrics and traces go; off if not given", "an http:// or https:// address", IsHttp),
    ];

    private readonly IReadOnlyDictionary<string, string> values;

    private Settings(IReadOnlyDictionary<string, string> values) => this.values = values;

    public IReadOnlyList<string> Urls => [.. this["urls"].Split(',').Select(url => url.Trim())];

    public Uri PublicUrl => new(Find("public-url") ?? Urls[0]);

    public string Data => this["data"];

    public DatabaseOptions Database => Parse(Find("database") ?? $"sqlite:{Path.Combine(Data, "refill.db")}")!;

    /// <summary>Which database, for messages: without user and password.</summary>
    public string DatabaseName => Database.Kind == DatabaseKind.Sqlite
        ? new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(Database.ConnectionString).DataSource
        : new Npgsql.NpgsqlConnectionStringBuilder(Database.ConnectionString) is var postgres ? $"{postgres.Database} at {postgres.Host}:{postgres.Port}" : "";

    public string Keys => Find("keys") ?? Path.Combine(Data, "keys.json");

    public string Archive => Find("archive") ?? Path.Combine(Data, "archive");

    /// <summary>What opens the operator's pages; null: there are none.</summary>
    public string? ConsoleKey => Find("console-key") ?? (Demo ? DemoSecrets.LoadOrCreate(Data).ConsoleKey : null);

    public string Reports => Find("reports") ?? Path.Combine(Data, "reports");

    public int? RetentionMonths => Find("retention-months") is null ? null : Number("retention-months");

    public bool Demo => this["demo"] == "yes";

    public bool StartsSandbox => Demo && this["sandbox"] == "start";

    public Uri SandboxUrl => new(this["sandbox-url"]);

    public TimeSpan? FxMaxAge => Find("fx-max-age-hours") is not null ? TimeSpan.FromHours(Number("fx-max-age-hours")) : Demo ? null : TimeSpan.FromHours(96);

    public TimeSpan OutsideTimeout => TimeSpan.FromSeconds(Number("outside-timeout-seconds"));

    public string this[string name] => Find(name) ?? throw new SettingException($"--{name} is needed: {Describe(name).Purpose}; allowed: {Describe(name).Allowed}");

    public string? Find(string name) => values.GetValueOrDefault(name) ?? Describe(name).Default;

    public int Number(string name) => int.Parse(this[name], System.Globalization.CultureInfo.InvariantCulture);

    /// <param name="commandLine">What the command line says, by name.</param>
    /// <param name="file">A JSON object of names and texts; null: none.</param>
    /// <exception cref="SettingException">A name that is not a setting, or a text that is not allowed.</exception>
    public static Settings Read(IReadOnlyDictionary<string, string> commandLine, System.Collections.IDictionary environment, string? file)
    {
        var values = new Dictionary<string, string>();
        foreach (var (name, text) in ReadFile(file))
        {
            values[name] = Checked(name, text, $"{name} in {file}");
        }

        foreach (System.Collections.DictionaryEntry variable in environment)
        {
            var name = (string)variable.Key;
            if (!name.StartsWith(Prefix, StringComparison.Ordinal) || name.StartsWith(TestPrefix, StringComparison.Ordinal) || name == CrashAt)
            {
                continue;
            }

            var setting = All.FirstOrDefault(s => s.EnvironmentName == name)
                ?? throw new SettingException($"{name} is not a setting. There are: {string.Join(", ", All.Select(s => s.EnvironmentName))}");
            values[setting.Name] = Checked(setting.Name, variable.Value as string ?? "", name);
        }

        foreach (var (name, text) in commandLine)
        {
            values[name] = Checked(name, text, $"--{name}");
        }

        var settings = new Settings(values);
        return settings.Number("reloadly-in-flight-seconds") >= settings.Number("outside-timeout-seconds")
            ? settings
            : throw new SettingException($"reloadly-in-flight-seconds is less than outside-timeout-seconds. Allowed: {Describe("reloadly-in-flight-seconds").Allowed}");
    }

    private static Setting Describe(string name) => All.First(setting => setting.Name == name);

    private static string Checked(string name, string text, string where)
    {
        var setting = All.FirstOrDefault(s => s.Name == name) ?? throw new SettingException($"{where} is not a setting. There are: {string.Join(", ", All.Select(s => s.Name))}");
        return setting.IsAllowed(text)
            ? text
            : throw new SettingException($"{where}: {(setting.Secret ? "what is given" : $"'{text}'")} is not allowed. Allowed: {setting.Allowed}");
    }

    private static Dictionary<string, string> ReadFile(string? file)
    {
        if (file is null)
        {
            return [];
        }

        try
        {
            var values = JsonSerializer.Deserialize<Dictionary<string, string?>>(File.ReadAllText(file), StrictJson) ?? [];
            return values.ToDictionary(value => value.Key, value => value.Value ?? throw new SettingException($"{value.Key} in {file} is null; a setting that is not wanted is left out"));
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new SettingException($"--settings {file} cannot be read as a JSON object of names and texts: {error.Message}");
        }
    }

    private static DatabaseOptions? Parse(string text) => text.Split(':', 2) switch
    {
        ["sqlite", var path] when IsPath(path) && path != ":memory:" => new DatabaseOptions(DatabaseKind.Sqlite, new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder { DataSource = path }.ConnectionString),
        ["postgres", { Length: > 0 } connection] when IsConnectionString(connection) => new DatabaseOptions(DatabaseKind.Postgres, connection),
        _ => null,
    };

    private static bool IsConnectionString(string text)
    {
        try
        {
            return new Npgsql.NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 };
        }
        catch (Exception error) when (error is ArgumentException or FormatException or KeyNotFoundException)
        {
            return false;
        }
    }

    private static bool IsHttp(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == "http" || url.Scheme == "https");

    /// <summary>What Kestrel can listen at: it takes no path, and a port that is not said would be 80.</summary>
    private static bool IsListening(string text) => IsOrigin(text) && text.TrimEnd('/').Split(':') is [_, _, .., var port] && IsWithin(port, 0, 65_535);

    private static bool IsOrigin(string text) => IsHttp(text) && new Uri(text) is { PathAndQuery: "/", Fragment: "", UserInfo: "" };

    private static bool IsSecure(string text) => IsHttp(text) && new Uri(text) is var url && (url.Scheme == "https" || url.IsLoopback);

    /// <summary>Whole addresses only: "10.0.0" is one, too, to those who wrote the parser, and not the one that was meant.</summary>
    private static bool IsAddress(string text) => IPAddress.TryParse(text, out var address) && (text.Contains(':') || address.ToString() == text);

    private static bool IsPath(string text) => text.Length is > 0 and < 1000 && !string.IsNullOrWhiteSpace(text) && !text.Contains('\0');

    private static bool IsDigits(string text) => text.Length is >= 8 and <= 32 && text.All(char.IsAsciiDigit);

    private static bool IsWithin(string text, int least, int most) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least && number <= most;
}
