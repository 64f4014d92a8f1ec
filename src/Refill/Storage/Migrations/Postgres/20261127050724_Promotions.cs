using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Promotions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "first_topped_up_at",
                table: "card",
                type: "bigint",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "promotion",
                columns: table => new
                {
                    code = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<short>(type: "smallint", nullable: false),
                    value = table.Column<long>(type: "bigint", nullable: false),
                    name_en = table.Column<string>(type: "text", nullable: false),
                    name_zh = table.Column<string>(type: "text", nullable: true),
                    name_es = table.Column<string>(type: "text", nullable: true),
                    plans = table.Column<string>(type: "text", nullable: false),
                    carriers = table.Column<string>(type: "text", nullable: false),
                    gateways = table.Column<string>(type: "text", nullable: false),
                    shops = table.Column<string>(type: "text", nullable: false),
                    coupon = table.Column<string>(type: "text", nullable: true),
                    first_purchase = table.Column<bool>(type: "boolean", nullable: false),
                    least_spend_cents = table.Column<long>(type: "bigint", nullable: false),
                    starts_at = table.Column<long>(type: "bigint", nullable: true),
                    ends_at = table.Column<long>(type: "bigint", nullable: true),
                    time_zone = table.Column<string>(type: "text", nullable: false),
                    limit_uses = table.Column<long>(type: "bigint", nullable: true),
                    limit_per_card = table.Column<int>(type: "integer", nullable: true),
                    combinable = table.Column<bool>(type: "boolean", nullable: false),
                    stopped_at = table.Column<long>(type: "bigint", nullable: true),
                    issued_uses = table.Column<long>(type: "bigint", nullable: false),
                    tellings = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_promotion", x => x.code);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "promotion");

            migrationBuilder.DropColumn(
                name: "first_topped_up_at",
                table: "card");
        }
    }
}
