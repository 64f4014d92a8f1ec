using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.Migrations;

namespace Refill.Storage;

/// <summary>
/// Tables that grow by a row for each order are kept by months on PostgreSQL (<see cref="Months"/>): a month that moves to the archive is dropped, not deleted row by row. EF Core has no word for it. An id begins with
/// its time, so the primary key tells the months apart and no column is needed for it.
/// </summary>
#pragma warning disable EF1001 // The generator's constructor takes an option that Npgsql calls its own.
internal sealed class PostgresTables(MigrationsSqlGeneratorDependencies dependencies, INpgsqlSingletonOptions options) : NpgsqlMigrationsSqlGenerator(dependencies, options)
#pragma warning restore EF1001
{
    protected override void Generate(CreateTableOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        if (!Months.Tables.Contains(operation.Name))
        {
            base.Generate(operation, model, builder, terminate);
            return;
        }

        base.Generate(operation, model, builder, terminate: false);
        builder.AppendLine(" PARTITION BY RANGE (id);");
        builder.AppendLine($"CREATE TABLE {operation.Name}_other PARTITION OF {operation.Name} DEFAULT;");
        EndStatement(builder);
    }
}
