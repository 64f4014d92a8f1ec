using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class PaymentsUnderWay : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_payment_state_created_at",
                table: "payment",
                columns: new[] { "state", "created_at" },
                filter: "state IN (1, 4)");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_payment_state_created_at",
                table: "payment");
        }
    }
}
