using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Refill.Ledger;
using Refill.Payments;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Server.Tests;

/// <summary>How a command ended, and what it wrote.</summary>
internal sealed record Ran(int ExitCode, string Output, string Error);

/// <summary>An order at the gateway, not yet paid.</summary>
internal sealed record OpenOrder(Guid TopUpId, string Number, Money Amount);

/// <summary>
/// An operator's installation of the demo: a folder of its own, a database of its own, the program's commands run on it, and the parts of the program
/// beside the server, so that a test can make an order and play the gateway. Unless a sandbox is named, no gateway or carrier is there: whoever asks one gets no answer.
/// </summary>
internal sealed class Installation : IAsyncDisposable
{
    /// <summary>Nobody listens here.</summary>
    private const string Nowhere = "http://127.0.0.1:9";

    private readonly Lazy<ServiceProvider> parts;
    private readonly string sandboxUrl;

    private Installation(string folder, string database, TimeProvider clock, string? sandboxUrl = null)
    {
        (Folder, Database, this.sandboxUrl) = (folder, database, sandboxUrl ?? Nowhere);
        parts = new(() => new ServiceCollection().AddLogging().AddGround(Settings).AddJourneys(Settings).AddSingleton(clock).BuildServiceProvider());
    }

    public string Folder { get; }

    /// <summary>As the setting --database wants it.</summary>
    public string Database { get; }

    public DemoSecrets Secrets => DemoSecrets.LoadOrCreate(Folder);

    /// <summary>What every command and server of this installation is given.</summary>
    public Dictionary<string, string> Given => new()
    {
        ["data"] = Folder,
        ["database"] = Database,
        ["urls"] = "http://127.0.0.1:0",
        ["public-url"] = Nowhere,
        ["sandbox"] = "running",
        ["sandbox-url"] = sandboxUrl,
        ["outside-timeout-seconds"] = "2",
        ["log-level"] = "error",
    };

    public Settings Settings => Settings.Read(Given, new Dictionary<string, string>(), null);

    public string[] Arguments => [.. Given.SelectMany(given => new[] { "--" + given.Key, given.Value })];

    /// <summary>The parts of the program beside the server.</summary>
    public IServiceProvider Parts => parts.Value;

    public TopUpDesk Desk => parts.Value.GetRequiredService<TopUpDesk>();

    public TopUpAudit Audit => parts.Value.GetRequiredService<TopUpAudit>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="clock">What the parts beside the server go by; commands go by the system's.</param>
    public static async Task<Installation> NewAsync(DatabaseKind kind = DatabaseKind.Sqlite, TimeProvider? clock = null)
    {
        var folder = Directory.CreateTempSubdirectory("refill-installation-").FullName;
        if (kind == DatabaseKind.Sqlite)
        {
            return new Installation(folder, "sqlite:" + Path.Combine(folder, "refill.db"), clock ?? TimeProvider.System);
        }

        return new Installation(folder, "postgres:" + await ScratchPostgres.CreateAsync(isEmpty: true), clock ?? TimeProvider.System);
    }

    /// <summary>One on SQLite whose gateways and carriers are a sandbox's, on a folder that holds the secrets which that sandbox was given.</summary>
    public static Installation Beside(string folder, Uri sandboxUrl, TimeProvider clock) => new(folder, "sqlite:" + Path.Combine(folder, "refill.db"), clock, sandboxUrl.AbsoluteUri.TrimEnd('/'));

    /// <summary>Runs a command on this installation, as Program does.</summary>
    public async Task<Ran> RunAsync(params string[] command)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.RunAsync([.. command, "--data", Folder, "--database", Database], output, error, Cancellation);
        return new Ran(code, output.ToString(), error.ToString());
    }

    /// <summary>Writes a file into the installation's folder.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> WriteAsync(string name, byte[] content)
    {
        var path = Path.Combine(Folder, name);
        await File.WriteAllBytesAsync(path, content, Cancellation);
        return path;
    }

    /// <summary>Fills the database as the server does when it starts.</summary>
    public Task PrepareAsync() => Composition.PrepareAsync(parts.Value, Settings, Cancellation);

    /// <summary>A visitor has chosen the cheapest plan for a demo card of our own network and been sent to the gateway.</summary>
    public async Task<OpenOrder> OrderAsync(string number = "+12015550123")
    {
        var card = (await Desk.FindCardAsync(number, Cancellation)).Value!;
        var plan = (await Desk.OffersAsync(card, Cancellation))[0].Plan;
        var topUp = (await Desk.QuoteAsync(card.NameId, plan.Code, null, Cancellation)).Value!;
        Assert.IsType<PaymentStart.Redirect>((await Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, Payer.Unknown, null, new Uri(Nowhere), Cancellation)).Value);
        var payment = Assert.Single((await StandingAsync(topUp.Id)).Payments);
        return new OpenOrder(topUp.Id, payment.Id.ToString("N"), payment.Amount);
    }

    /// <summary>A top-up that was paid and delivered by our own network.</summary>
    public async Task<OpenOrder> CompletedAsync()
    {
        var order = await OrderAsync();
        var reply = await parts.Value.GetRequiredService<NotificationDesk>().NotifyAsync("alipay", new RawNotification("POST", "/", "", new Dictionary<string, string>(), GatewayNotification.Of(order, Secrets)), Cancellation);
        Assert.Equal("success", reply!.Body);
        await DueAsync();
        Assert.Equal(TopUpState.Completed, (await StandingAsync(order.TopUpId)).State);
        return order;
    }

    /// <summary>A top-up that a wallet of its own has paid, for a demo card of our own network, and that the card has.</summary>
    public async Task<Guid> CompletedFromWalletAsync()
    {
        var wallet = await parts.Value.GetRequiredService<Wallets>().OpenAsync("shop", Cancellation);
        await parts.Value.GetRequiredService<Wallets>().CreditAsync(wallet.Id, Money.Usd(100_00), "test", "first", Cancellation);
        var order = new WalletOrder(wallet.Id, "k", [.. new byte[32]], "+12015550123", "refill-mobile-pass-24h");
        return Assert.IsType<WalletOrderOutcome.Ordered>(await parts.Value.GetRequiredService<WalletOrders>().OrderAsync(order, _ => [], Cancellation)).TopUpId;
    }

    /// <summary>Does the work that is due.</summary>
    /// <returns>How many pieces.</returns>
    public Task<int> DueAsync() => parts.Value.GetRequiredService<Dispatcher>().RunDueAsync(Cancellation);

    /// <summary>Lays work about a subject before a person.</summary>
    public async Task<Guid> BuryWorkAsync(Guid subject, string reason)
    {
        var cell = CellId.CellOf(subject);
        var ledger = parts.Value.GetRequiredService<GeneralLedger>();
        await ledger.CommitAsync(new Commit(cell) { Rows = [WorkItem.Schedule(cell, TopUpSteps.DeliverWork, subject, DateTimeOffset.UtcNow.AddDays(1), TimeProvider.System)] }, Cancellation);
        await using var db = new Database(Settings.Database).Open();
        var row = await db.Set<WorkRow>().AsNoTracking().SingleAsync(work => work.Subject == subject && work.Kind == TopUpSteps.DeliverWork, Cancellation);
        await ledger.CommitAsync(new Commit(cell) { Rows = [row.ToItem().Bury(reason)] }, Cancellation);
        return row.Id;
    }

    public async Task<TopUpView> StandingAsync(Guid topUpId) => await Desk.GetAsync(topUpId, Cancellation) ?? throw new InvalidOperationException("the top-up is gone");

    /// <summary>Runs SQL as somebody who goes past the program.</summary>
    public async Task<int> SqlAsync(string sql)
    {
        await using var db = new Database(Settings.Database).Open();
        return await db.Database.ExecuteSqlRawAsync(sql, Cancellation);
    }

    /// <summary>Takes the database away: the file, or the database on its server.</summary>
    public async Task LoseDatabaseAsync()
    {
        if (Settings.Database.Kind == DatabaseKind.Sqlite)
        {
            SqliteConnection.ClearAllPools();
            File.Delete(new Database(Settings.Database).SqliteFile!);
        }
        else
        {
            await ScratchPostgres.ReleaseAsync(Settings.Database.ConnectionString);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (parts.IsValueCreated)
        {
            await parts.Value.DisposeAsync();
        }

        if (Settings.Database.Kind == DatabaseKind.Postgres)
        {
            await LoseDatabaseAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>What Alipay posts when a buyer has paid, signed with its key; written for these tests from the protocol's description.</summary>
internal static class GatewayNotification
{
    /// <param name="changes">What is said instead, before it is signed.</param>
    public static byte[] Of(OpenOrder order, DemoSecrets secrets, params (string Name, string Value)[] changes)
    {
        var form = new Dictionary<string, string>
        {
            ["app_id"] = DemoSecrets.AppId,
            ["seller_id"] = DemoSecrets.SellerId,
            ["charset"] = "utf-8",
            ["notify_type"] = "trade_status_sync",
            ["notify_id"] = "2026112300222120000000000001",
            ["out_trade_no"] = order.Number,
            ["trade_no"] = "20261123220014" + order.Number[^12..],
            ["trade_status"] = "TRADE_SUCCESS",
            ["total_amount"] = order.Amount.ToDecimalString(),
            ["gmt_payment"] = "2026-11-23 12:00:00",
            ["buyer_logon_id"] = "wang***@example.com",
        };
        foreach (var (name, value) in changes)
        {
            form[name] = value;
        }

        using var key = RSA.Create();
        key.ImportFromPem(secrets.AlipayPrivateKey);
        var text = string.Join('&', form.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
        form["sign"] = Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        form["sign_type"] = "RSA2";
        return Encoding.ASCII.GetBytes(string.Join('&', form.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}")));
    }
}
