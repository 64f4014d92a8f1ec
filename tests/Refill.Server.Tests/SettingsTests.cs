using System.Collections;
using System.Text.Json;
using Refill.Storage;

namespace Refill.Server.Tests;

/// <summary>Settings, as the command line, the environment and a file give them.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("refill-settings-").FullName;

    public static TheoryData<string> Names => [.. Settings.All.Select(setting => setting.Name)];

    /// <summary>Texts that look as if they might do. The theory wants some for every setting that there is: a new one cannot be forgotten.</summary>
    private static readonly Dictionary<string, string[]> Wrong = new()
    {
        ["urls"] = ["127.0.0.1:5080", "ftp://127.0.0.1:5080", "http://127.0.0.1", "http://127.0.0.1:5080/shop", "http://127.0.0.1:5080,", "http://127.0.0.1:99999", "http://me:secret@127.0.0.1:5080"],
        ["public-url"] = ["shop.example", "https://shop.example/refill", "https://shop.example?a=b", "javascript:alert(1)"],
        ["data"] = [" ", "a\0b"],
        ["database"] = ["refill.db", "sqlite:", "sqlite: ", "sqlite::memory:", "postgres:", "postgres:Username=refill", "postgres:Host=h;Nonsense=1", "mysql:Host=h"],
        ["keys"] = [" "],
        ["demo"] = ["true", "Yes", "1"],
        ["sandbox"] = ["stop", "yes"],
        ["sandbox-url"] = ["https://127.0.0.1:5081", "http://192.0.2.1:5081", "http://127.0.0.1", "http://127.0.0.1:5081/path"],
        ["alipay-gateway-url"] = ["http://openapi.alipay.com/gateway.do", "openapi.alipay.com"],
        ["alipay-app-id"] = ["1234567", "12345678a", "１２３４５６７８"],
        ["alipay-seller-id"] = ["2088", "2088-000000000001"],
        ["alipay-private-key"] = ["/nowhere/key.pem"],
        ["alipay-public-key"] = ["/nowhere/key.pem"],
        ["alipay-app-certificate"] = ["/nowhere/app.crt"],
        ["alipay-certificate"] = ["/nowhere/alipay.crt"],
        ["alipay-root-certificates"] = ["/nowhere/root.crt"],
        ["wechatpay-api-url"] = ["http://api.mch.weixin.qq.com", "https://api.mch.weixin.qq.com/v3"],
        ["wechatpay-merchant-id"] = ["1900", "190000000a"],
        ["wechatpay-app-id"] = ["wx", "wx-8888888888"],
        ["wechatpay-certificate"] = ["/nowhere/cert.pem"],
        ["wechatpay-private-key"] = ["/nowhere/key.pem"],
        ["wechatpay-api-v3-key"] = ["/nowhere/key.txt"],
        ["wechatpay-public-key-id"] = ["0116000000", "PUB_KEY_ID_" + new string('1', 60)],
        ["wechatpay-public-key"] = ["/nowhere/key.pem"],
        ["wechatpay-app-secret"] = ["/nowhere/secret.txt"],
        ["stripe-api-url"] = ["http://api.stripe.com", "https://api.stripe.com/v1"],
        ["stripe-checkout-url"] = ["http://checkout.stripe.com"],
        ["stripe-secret-key"] = ["/nowhere/key.txt", "sk_test_given_by_itself"],
        ["stripe-webhook-secrets"] = ["/nowhere/secrets.txt"],
        ["transfer-account"] = ["123", "(only a remark 12345)", "1234\t5678", new string('1', 101)],
        ["transfer-holder"] = [" ", "a\nb", new string('a', 71)],
        ["transfer-currency"] = ["EUR", "usd", "US dollars"],
        ["reloadly-auth-url"] = ["http://auth.reloadly.com", "auth.reloadly.com"],
        ["reloadly-api-url"] = ["http://topups.reloadly.com", "topups.reloadly.com"],
        ["reloadly-audience"] = [new string('a', 201)],
        ["reloadly-client-id"] = [new string('a', 201)],
        ["reloadly-client-secret"] = [new string('a', 501)],
        ["reloadly-webhook-secret"] = [new string('a', 501)],
        ["reloadly-in-flight-seconds"] = ["0", "86401", "-1", "1.5", "ten"],
        ["outside-timeout-seconds"] = ["0", "61", "+5", " 5"],
        ["node"] = ["a b", "a_b", new string('a', 61)],
        ["commit-group"] = ["0", "513", "all"],
        ["committers"] = ["0", "17", "2.5"],
        ["retention-months"] = ["0", "1", "241", "-2", "2.5", "two"],
        ["archive"] = [" ", "a\0b"],
        ["fx-margin-basis-points"] = ["-1", "2001", "1.5"],
        ["fx-max-age-hours"] = ["0", "8761", "a day"],
        ["reports"] = [" ", "a\0b"],
        ["console-key"] = ["too short", new string('a', 201)],
        ["lookups-per-minute"] = ["0", "10001", "1e3"],
        ["trusted-proxies"] = ["10.0.0", "1", "10.0.0.0/8", "10.0.0.1,", "proxy.example"],
        ["log-level"] = ["trace", "Info"],
        ["log-format"] = ["xml", "JSON"],
        ["otlp-endpoint"] = ["127.0.0.1:4317", "grpc://127.0.0.1:4317"],
    };

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_wrong_text_is_refused_by_the_name_of_its_setting_with_what_is_allowed_wherever_it_stands(string name)
    {
        var setting = Settings.All.Single(one => one.Name == name);
        Assert.All(["", new string('x', 10_000), .. Wrong[name]], text =>
        {
            foreach (var (where, read) in new (string, Func<Settings>)[]
            {
                ($"--{name}", () => Read(new() { [name] = text })),
                (setting.EnvironmentName, () => Read(environment: new() { [setting.EnvironmentName] = text })),
                ($"{name} in {folder}", () => Read(file: new() { [name] = text })),
            })
            {
                var refused = Assert.Throws<SettingException>(read).Message;
                Assert.StartsWith(where, refused, StringComparison.Ordinal);
                Assert.EndsWith($"Allowed: {setting.Allowed}", refused, StringComparison.Ordinal);
                Assert.True(!setting.Secret || text.Length == 0 || !refused[where.Length..].Split("Allowed:")[0].Contains(text.Trim(), StringComparison.Ordinal) || text.Trim().Length < 3, $"{refused} shows a secret");
            }
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_default_is_allowed_by_its_own_rule(string name)
    {
        var setting = Settings.All.Single(one => one.Name == name);
        Assert.True(setting.Default is null || setting.IsAllowed(setting.Default), $"{name}: {setting.Default}");
    }

    [Fact]
    public void Names_that_are_no_settings_are_refused_in_the_environment_and_in_a_file()
    {
        var environment = Assert.Throws<SettingException>(() => Read(environment: new() { ["REFILL_DATABSE"] = "sqlite:x.db" }));
        var file = Assert.Throws<SettingException>(() => Read(file: new() { ["databse"] = "sqlite:x.db" }));

        Assert.StartsWith("REFILL_DATABSE is not a setting. There are: REFILL_URLS, ", environment.Message, StringComparison.Ordinal);
        Assert.StartsWith("databse in ", file.Message, StringComparison.Ordinal);
        Assert.Contains("is not a setting. There are: urls, ", file.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_holds_before_the_environment_before_the_file_before_the_default()
    {
        Dictionary<string, string> line = new() { ["lookups-per-minute"] = "1" }, environment = new() { ["REFILL_LOOKUPS_PER_MINUTE"] = "2" }, file = new() { ["lookups-per-minute"] = "3" };

        Assert.Equal(1, Read(line, environment, file).Number("lookups-per-minute"));
        Assert.Equal(2, Read(null, environment, file).Number("lookups-per-minute"));
        Assert.Equal(3, Read(null, null, file).Number("lookups-per-minute"));
        Assert.Equal(20, Read().Number("lookups-per-minute"));
    }

    [Theory]
    [InlineData("{\"node\": null}", "node in ")]
    [InlineData("{\"lookups-per-minute\": 5}", "lookups-per-minute")]
    [InlineData("{\"node\": \"a\", \"node\": \"b\"}", "--settings ")]
    [InlineData("[\"node\"]", "--settings ")]
    [InlineData("{\"node\"", "--settings ")]
    [InlineData("", "--settings ")]
    public async Task A_file_that_is_no_object_of_names_and_texts_is_refused(string content, string named)
    {
        var path = Path.Combine(folder, "settings.json");
        await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);

        var refused = Assert.Throws<SettingException>(() => Settings.Read(new Dictionary<string, string>(), new Hashtable(), path)).Message;

        Assert.Contains(named, refused, StringComparison.Ordinal);
        Assert.Contains(path, refused, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused_by_its_name() =>
        Assert.Contains("/nowhere/settings.json", Assert.Throws<SettingException>(() => Settings.Read(new Dictionary<string, string>(), new Hashtable(), "/nowhere/settings.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_needed_and_not_given_is_asked_for_by_name()
    {
        var refused = Assert.Throws<SettingException>(() => Read(new() { ["demo"] = "no" })["alipay-app-id"]).Message;

        Assert.Equal("--alipay-app-id is needed: the app id at Alipay; allowed: 8 to 32 digits", refused);
    }

    [Fact]
    public void A_call_may_not_outlast_the_time_after_which_it_is_taken_for_lost() =>
        Assert.Contains("reloadly-in-flight-seconds", Assert.Throws<SettingException>(() => Read(new() { ["reloadly-in-flight-seconds"] = "5", ["outside-timeout-seconds"] = "6" })).Message, StringComparison.Ordinal);

    [Fact]
    public void Several_addresses_may_have_blanks_between_them_and_the_first_is_the_public_one()
    {
        var settings = Read(new() { ["urls"] = "http://127.0.0.1:5080, http://[::1]:5080/" });

        Assert.Equal(["http://127.0.0.1:5080", "http://[::1]:5080/"], settings.Urls);
        Assert.Equal(new Uri("http://127.0.0.1:5080"), settings.PublicUrl);
    }

    [Theory]
    [InlineData("sqlite:/var/lib/refill/refill.db", DatabaseKind.Sqlite, "/var/lib/refill/refill.db")]
    [InlineData("sqlite:a;b.db", DatabaseKind.Sqlite, "a;b.db")]
    [InlineData("postgres:Host=db;Database=refill;Username=u;Password=not for logs", DatabaseKind.Postgres, "refill at db:5432")]
    public void The_name_of_a_database_holds_no_password(string text, DatabaseKind kind, string name)
    {
        var settings = Read(new() { ["database"] = text });

        Assert.Equal((kind, name), (settings.Database.Kind, settings.DatabaseName));
    }

    [Fact]
    public async Task Help_lists_every_setting_with_its_purpose_its_default_and_what_is_allowed()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        Assert.Equal(0, await Commands.RunAsync(["--help"], output, error, TestContext.Current.CancellationToken));

        // Help breaks its lines to the width of the screen.
        var help = string.Join(' ', output.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.All(Settings.All, setting => Assert.Contains(
            $"--{setting.Name} <text> {setting.Purpose}. {setting.Allowed}{(setting.Default is { } text ? $"; default {text}" : "")}; {setting.EnvironmentName}", help, StringComparison.Ordinal));
        Assert.Equal("", error.ToString());
    }

    private Settings Read(Dictionary<string, string>? line = null, Dictionary<string, string>? environment = null, Dictionary<string, string>? file = null)
    {
        var path = Path.Combine(folder, "settings.json");
        if (file is not null)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(file));
        }

        return Settings.Read(line ?? [], environment ?? [], file is null ? null : path);
    }
}
