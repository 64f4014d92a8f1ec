using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Refill.Archive;
using Refill.Ledger;
using Refill.Payments;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Tests.TopUps;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.Archive;

/// <summary>A November of top-ups, told in a <see cref="Scene"/>, that moves to the archive months later.</summary>
public abstract class ArchiveStory(DatabaseKind kind) : TopUpStory(kind)
{
    /// <summary>Whole months that stay.</summary>
    protected const int Retention = 2;

    protected static readonly Month November = new(2026, 11);

    protected string Folder => Path.Combine(Scene.Folder, "archive");

    private protected string FileOf(Month month) => Path.Combine(Folder, ArchiveFile.NameOf(month));

    private protected Archivist Archivist(Action<ArchivePoint>? reached = null) => new(Scene.Test.Database, Folder, Scene.Time, chunk: 2, reached ?? (_ => { }));

    /// <summary>Tops up from a wallet, and from a visitor's pocket, with every ending that there is; one refund is still on its way.</summary>
    /// <returns>The wallet, and the top-up that has not ended.</returns>
    private protected async Task<(Wallet Wallet, TopUpView Waiting)> LiveThroughNovemberAsync()
    {
        await Months.MakeAsync(Scene.Test.Database, Scene.Time.GetUtcNow(), Token);
        var wallet = await Scene.Wallets.OpenAsync("shop", Token);
        await CreditAsync(wallet, 500_00, "first");
        await OrderAsync(wallet, "a", own: true);
        await OrderAsync(wallet, "b", own: true);
        await OrderAsync(wallet, "c", own: false);
        await CreditAsync(wallet, 1_00, "second");
        Scene.Carrier.Script.Enqueue("refuse");
        await OrderAsync(wallet, "d", own: false);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await Scene.QuoteAsync("2015550199");
        await Scene.PassAsync(TopUp.QuoteLifetime, TimeSpan.FromMinutes(5));
        await PaidAsync();
        Scene.Carrier.Script.Enqueue("refuse");
        await PaidAsync();
        Scene.Carrier.Script.Enqueue("refuse");
        Scene.Gateway.Refunds = () => new RefundStatus.Pending();
        var waiting = await PaidAsync();
        await Scene.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(5)); // What was to be done about the others is done.
        await SoundAsync();
        Assert.Equal(
            [TopUpState.Completed, TopUpState.Completed, TopUpState.Completed, TopUpState.Refunded, TopUpState.Expired, TopUpState.Completed, TopUpState.Refunded, TopUpState.Refunding],
            await StatesAsync());
        return (wallet, waiting);
    }

    /// <summary>The second of a month, at noon.</summary>
    private protected void GoTo(int year, int month) => Scene.Time.Advance(new DateTimeOffset(year, month, 2, 12, 0, 0, TimeSpan.Zero) - Scene.Time.GetUtcNow());

    private protected async Task<Guid> OrderAsync(Wallet wallet, string key, bool own)
    {
        Scene.Carrier.AllowancesInLedger = own;
        Assert.NotNull((await Scene.Desk.FindCardAsync("2015550123", Token)).Value);
        var order = new WalletOrder(wallet.Id, key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(key))], "2015550123", "mint-5gb");
        var ordered = Assert.IsType<WalletOrderOutcome.Ordered>(await Scene.Orders.OrderAsync(order, _ => [], Token));
        await Scene.DueAsync();
        Scene.Time.Advance(TimeSpan.FromSeconds(1));
        return ordered.TopUpId;
    }

    private protected async Task CreditAsync(Wallet wallet, long cents, string reference)
    {
        Assert.IsType<CreditOutcome.Credited>(await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(cents), "test", reference, Token));
        Scene.Time.Advance(TimeSpan.FromSeconds(1));
    }

    private protected async Task<TopUpView> PaidAsync()
    {
        Scene.Carrier.AllowancesInLedger = false;
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        return topUp;
    }

    private protected async Task<MovedMonth> MoveNovemberAsync()
    {
        GoTo(2027, 2);
        return Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months);
    }

    private protected async Task<Verified> VerifyAsync() => await new Verification(Scene.Test.Database, Folder).RunAsync(TimeSpan.Zero, Token) ?? throw new InvalidOperationException("another process archives");

    /// <summary>Nothing is wrong over the database and the archives, and all of them are at hand.</summary>
    private protected async Task SoundAsync()
    {
        var verified = await VerifyAsync();
        Assert.All(verified.Findings, finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
        Assert.Empty(verified.Notes);
    }

    /// <summary>Of the database's top-ups, in the order in which they were made.</summary>
    private protected async Task<IReadOnlyList<TopUpState>> StatesAsync()
    {
        await using var db = Scene.Test.Database.Open();
        return [.. (await db.Set<TopUpRow>().OrderBy(row => row.Id).Select(row => row.State).ToListAsync(Token)).Select(state => (TopUpState)state)];
    }

    private protected async Task<(int TopUps, int Payments, int Steps, int Transfers)> CountsAsync()
    {
        await using var db = Scene.Test.Database.Open();
        return (await db.Set<TopUpRow>().CountAsync(Token), await db.Set<PaymentRow>().CountAsync(Token), await db.Set<TopUpStepRow>().CountAsync(Token), await db.Set<TransferRow>().CountAsync(Token));
    }

    private protected async Task<long> ScalarAsync(string sql)
    {
        await using var connection = await Scene.Test.Database.OpenConnectionAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(await command.ExecuteScalarAsync(Token), System.Globalization.CultureInfo.InvariantCulture);
    }

    private protected async Task<ArchiveRow> RowAsync(Month month)
    {
        await using var db = Scene.Test.Database.Open();
        var key = month.ToString();
        return await db.Set<ArchiveRow>().AsNoTracking().SingleAsync(row => row.Month == key, Token);
    }

    /// <summary>As a process that is killed here.</summary>
    private protected static void Stop(bool here)
    {
        if (here)
        {
            throw new StoppedException();
        }
    }

    private protected sealed class StoppedException : Exception;
}
