using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Refill.Ledger;
using Refill.Payments;
using Refill.Payments.Transfers;
using Refill.Reconciliation.Bank;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Reconciliation;

public static class Registration
{
    /// <summary>A bank's statements and refunds. Expects <see cref="TransferGateway"/> and <see cref="TransferBook"/> besides.</summary>
    public static IServiceCollection AddBankStatements(this IServiceCollection services) => services
        .AddSingleton(p => new BankStatementImport(
            p.GetRequiredService<Database>(), p.GetRequiredService<TransferGateway>(), p.GetRequiredService<TransferBook>(), p.GetRequiredService<TopUpStore>(), p.GetRequiredService<PaymentWatch>(),
            p.GetRequiredService<ReconciliationBook>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<BankStatementImport>>()))
        .AddSingleton(p => new BankRefunds(p.GetRequiredService<Database>(), p.GetRequiredService<TransferBook>(), p.GetRequiredService<TopUpStore>(), p.GetRequiredService<ReconciliationBook>()));

    /// <summary>Expects <see cref="ReconciliationBook"/>, the journey of top-ups and the gateways' statement sources (there may be none) to be registered.</summary>
    /// <param name="folder">Where the row-by-row reports stand.</param>
    /// <param name="node">This process's name.</param>
    public static IServiceCollection AddReconciliation(this IServiceCollection services, string folder, string node) => services
        .AddSingleton(new ReconciliationReports(folder))
        .AddSingleton(p => new StatementPostings(p.GetRequiredService<GeneralLedger>(), p.GetRequiredService<TimeProvider>()))
        .AddSingleton(p => new Reconciler(
            p.GetRequiredService<Database>(), p.GetServices<IStatementSource>(), p.GetRequiredService<PaymentGateways>(), p.GetRequiredService<PaymentWatch>(), p.GetRequiredService<TopUpStore>(),
            p.GetRequiredService<ReconciliationBook>(), p.GetRequiredService<StatementPostings>(), p.GetRequiredService<ReconciliationReports>(), p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Reconciler>>()))
        .AddSingleton(p => new ReconciliationKeeper(
            p.GetRequiredService<Reconciler>(), p.GetRequiredService<ReconciliationBook>(), node, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<ReconciliationKeeper>>()));
}
