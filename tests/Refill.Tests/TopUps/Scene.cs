using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Refill.Advice;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments;
using Refill.Payments.Transfers;
using Refill.Payments.Wallets;
using Refill.Promotions;
using Refill.Reconciliation;
using Refill.Reconciliation.Bank;
using Refill.Storage;
using Refill.Tests.Reconciliation;
using Refill.Tests.Storage;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Tests.TopUps;

/// <summary>The whole journey on a real database, with a clock that the test turns and an outside world that does what it is told.</summary>
internal sealed class Scene : IAsyncDisposable
{
    private const string Csv = """
        carrier_code,carrier_name,network,connector,connector_reference,time_zone,plan_code,plan_name,carrier_product,price_usd,full_speed,after_quota,voice_minutes,sms,hotspot,hotspot_data,validity,activation,verified,source,note
        mint,Mint,T-Mobile,test,1,America/New_York,mint-5gb,5GB,15.00,15.00,5 GB,stops,100,50,yes,2 GB,30x24h,purchase,no,test,
        other,Other,T-Mobile,test,2,America/New_York,other-1gb,1GB,9.00,9.00,1 GB,stops,0,0,no,,7 days,purchase,no,test,
        """;

    private static readonly Uri Back = new("https://shop.example/back");
    private readonly TestDatabase test;
    private readonly ServiceProvider provider;
    private readonly string folder;

    private Scene(TestDatabase test, ServiceProvider provider, string folder) => (this.test, this.provider, this.folder) = (test, provider, folder);

    public FakeTimeProvider Time => (FakeTimeProvider)provider.GetRequiredService<TimeProvider>();

    public ScriptedGateway Gateway => (ScriptedGateway)provider.GetRequiredService<IPaymentGateway>();

    public required ScriptedCarrier Carrier { get; init; }

    public RefundDesk Refunds => provider.GetRequiredService<RefundDesk>();

    public NotificationDesk Notifications => provider.GetRequiredService<NotificationDesk>();

    public TopUpDesk Desk => provider.GetRequiredService<TopUpDesk>();

    public Wallets Wallets => provider.GetRequiredService<Wallets>();

    public WalletOrders Orders => provider.GetRequiredService<WalletOrders>();

    public CardBook Cards => provider.GetRequiredService<CardBook>();

    public GeneralLedger Ledger => provider.GetRequiredService<GeneralLedger>();

    public Sweep Sweep => provider.GetRequiredService<Sweep>();

    public ScriptedStatement Statement => (ScriptedStatement)provider.GetRequiredService<IStatementSource>();

    public Reconciler Reconciler => provider.GetRequiredService<Reconciler>();

    public PaymentGateways Gateways => provider.GetRequiredService<PaymentGateways>();

    public ReconciliationBook Differences => provider.GetRequiredService<ReconciliationBook>();

    public ReconciliationReports Reports => provider.GetRequiredService<ReconciliationReports>();

    public ReconciliationKeeper Keeper => provider.GetRequiredService<ReconciliationKeeper>();

    public BankStatementImport Bank => provider.GetRequiredService<BankStatementImport>();

    public BankRefunds BankRefunds => provider.GetRequiredService<BankRefunds>();

    public TransferBook Transfers => provider.GetRequiredService<TransferBook>();

    public TestDatabase Test => test;

    /// <summary>A folder of its own, gone at the end.</summary>
    public string Folder => folder;

    public static async Task<Scene> NewAsync(DatabaseKind kind)
    {
        var test = await TestDatabase.NewAsync(kind);
        var folder = Directory.CreateTempSubdirectory("refill_scene").FullName;
        var carrier = new ScriptedCarrier();
        var services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.None))
            .AddSingleton<TimeProvider>(new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero)))
            .AddSingleton(test.Database)
            .AddSingleton<GeneralLedger>()
            .AddSingleton(CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: true))
            .AddSingleton<CardBook>().AddSingleton<CatalogueReader>().AddSingleton<CatalogueImport>().AddSingleton(FxOptions.Plain).AddSingleton<FxRates>().AddSingleton<TopUpAudit>().AddSingleton<PromotionReader>().AddSingleton<PromotionImport>()
            .AddSingleton<WalletGateway>().AddSingleton<IPaymentGateway>(provider => provider.GetRequiredService<WalletGateway>())
            .AddSingleton<Wallets>()
            .AddSingleton(new TransferOptions("6222 0000 1234 5678 (Bank of the Scene)", "Refill", Currency.Cny)).AddSingleton<TransferBook>().AddSingleton<TransferGateway>()
            .AddSingleton<IPaymentGateway>(provider => provider.GetRequiredService<TransferGateway>()).AddBankStatements()
            .AddSingleton<IPaymentGateway>(new ScriptedGateway())
            .AddSingleton<PaymentGateways>()
            .AddSingleton(DispatcherOptions.Default("test"))
            .AddSingleton(_ => new CarrierDirectory([carrier]))
            .AddTopUps().AddAdvice()
            .AddSingleton<ReconciliationBook>().AddSingleton<IStatementSource>(new ScriptedStatement()).AddReconciliation(Path.Combine(folder, "reports"), "test");
        var provider = services.BuildServiceProvider();
        var time = provider.GetRequiredService<TimeProvider>();
        using var csv = new MemoryStream(Encoding.UTF8.GetBytes(Csv));
        var report = await provider.GetRequiredService<CatalogueImport>().ImportAsync(csv, time.GetUtcNow(), false, default);
        Assert.True(report.Done, report.ToString());
        await provider.GetRequiredService<FxRates>().SetAsync(Currency.Usd, Currency.Cny, 7_100_000, "test", time.GetUtcNow(), default);
        return new Scene(test, provider, folder) { Carrier = carrier };
    }

    /// <summary>Imports offers: lines of CSV under this heading.</summary>
    public Task<OfferReport> OfferAsync(string heading, params string[] lines) => OfferAsync(heading, new Dictionary<string, string> { ["mint-5gb"] = "mint", ["other-1gb"] = "other" }, lines);

    /// <param name="plans">Carriers by plan.</param>
    public async Task<OfferReport> OfferAsync(string heading, Dictionary<string, string> plans, string[] lines)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes($"{heading}\n{string.Join('\n', lines)}\n"));
        var facts = new OfferFacts(
            plans, new HashSet<string> { "mint", "other" },
            Carrier.AllowancesInLedger ? new HashSet<string> { "mint" } : [], new HashSet<string> { "alipay", "transfer", "wallet" });
        return await provider.GetRequiredService<PromotionImport>().ImportAsync(file, facts, preview: false, default);
    }

    /// <summary>Imports plans: lines of CSV under the heading of <see cref="Csv"/>; what they do not name is withdrawn.</summary>
    public async Task StockAsync(params string[] plans)
    {
        using var csv = new MemoryStream(Encoding.UTF8.GetBytes($"{Csv[..Csv.IndexOf('\n', StringComparison.Ordinal)]},stacking,sim_price_usd\n{string.Join('\n', plans)}\n"));
        var report = await provider.GetRequiredService<CatalogueImport>().ImportAsync(csv, Time.GetUtcNow(), true, default);
        Assert.True(report.Done, report.ToString());
    }

    public AdviceDesk Advice => provider.GetRequiredService<AdviceDesk>();

    public async Task Stop(string code) => Assert.True(await provider.GetRequiredService<PromotionImport>().StopAsync(code, default));

    public PromotionReader Offers => provider.GetRequiredService<PromotionReader>();

    public async Task<TopUpView> QuoteAsync(string number = "2015550123", string? formKey = null)
    {
        var card = (await Desk.FindCardAsync(number, default)).Value!;
        return (await Desk.QuoteAsync(card.NameId, "mint-5gb", formKey, default)).Value!;
    }

    /// <summary>Starts the payment and gives the order's number at the gateway.</summary>
    public async Task<string> StartAsync(TopUpView topUp, PaymentWay way = PaymentWay.Page)
    {
        var before = Gateway.Orders.ToHashSet();
        var start = await Desk.PayAsync(topUp.Id, "alipay", way, Payer.Unknown, null, Back, default);
        Assert.NotNull(start.Value);
        return Gateway.Orders.Except(before).SingleOrDefault() ?? Gateway.Orders.Last();
    }

    /// <summary>Chooses bank transfer and gives the reference that is shown.</summary>
    public async Task<string> TransferAsync(TopUpView topUp) =>
        Assert.IsType<PaymentStart.ShowTransfer>((await Desk.PayAsync(topUp.Id, "transfer", PaymentWay.Transfer, Payer.Unknown, null, Back, default)).Value).Reference;

    public Task<NotificationReply?> NotifyAsync(string order) =>
        Notifications.NotifyAsync("alipay", new RawNotification("POST", "/", "", new Dictionary<string, string>(), Encoding.UTF8.GetBytes(order)), default);

    /// <summary>Lets time pass in small steps, doing whatever falls due.</summary>
    public async Task PassAsync(TimeSpan span, TimeSpan? step = null)
    {
        var until = Time.GetUtcNow() + span;
        await DueAsync();
        while (Time.GetUtcNow() < until)
        {
            Time.Advance(step ?? TimeSpan.FromSeconds(5));
            await DueAsync();
        }
    }

    public async Task<Payment> PaymentAsync(Guid id) => await provider.GetRequiredService<TopUpStore>().LoadPaymentAsync(id, default) ?? throw new InvalidOperationException("no such payment");

    public async Task<int> DueAsync() => await provider.GetRequiredService<Dispatcher>().RunDueAsync(default);

    public async Task<TopUpView> NowAsync(TopUpView topUp) => await Desk.GetAsync(topUp.Id, default) ?? throw new InvalidOperationException("gone");

    public Task<IReadOnlyList<WorkItem>> DeadAsync() => provider.GetRequiredService<TopUpAudit>().DeadWorkAsync(default);

    /// <summary>As `refill work retry`.</summary>
    public async Task RetryByHandAsync(WorkItem dead) =>
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(dead.Cell) { Rows = [(dead with { Attempts = 0 }).Again(Time.GetUtcNow(), "tried again by hand")] }));

    /// <summary>Every invariant holds (reliability.md, I1 to I10), and the carrier's own count says: at most one credit, and one exactly if completed.</summary>
    public async Task SoundAsync(params TopUpView[] topUps)
    {
        var findings = (await new LedgerAudit(test.Database).RunAsync()).Concat(await provider.GetRequiredService<TopUpAudit>().RunAsync(default));
        Assert.All(findings, finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
        foreach (var topUp in topUps)
        {
            var credits = Carrier.Credits.GetValueOrDefault(topUp.Id);
            var state = (await NowAsync(topUp)).State;
            Assert.True(credits <= 1 && (state != TopUpState.Completed || credits == 1) && (state != TopUpState.Refunded || credits == 0), $"{state} with {credits} credits");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        await test.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
