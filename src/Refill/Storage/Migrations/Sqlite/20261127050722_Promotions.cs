using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Sqlite
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
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "promotion",
                columns: table => new
                {
                    code = table.Column<string>(type: "TEXT", nullable: false),
                    kind = table.Column<short>(type: "INTEGER", nullable: false),
                    value = table.Column<long>(type: "INTEGER", nullable: false),
                    name_en = table.Column<string>(type: "TEXT", nullable: false),
                    name_zh = table.Column<string>(type: "TEXT", nullable: true),
                    name_es = table.Column<string>(type: "TEXT", nullable: true),
                    plans = table.Column<string>(type: "TEXT", nullable: false),
                    carriers = table.Column<string>(type: "TEXT", nullable: false),
                    gateways = table.Column<string>(type: "TEXT", nullable: false),
                    shops = table.Column<string>(type: "TEXT", nullable: false),
                    coupon = table.Column<string>(type: "TEXT", nullable: true),
                    first_purchase = table.Column<bool>(type: "INTEGER", nullable: false),
                    least_spend_cents = table.Column<long>(type: "INTEGER", nullable: false),
                    starts_at = table.Column<long>(type: "INTEGER", nullable: true),
                    ends_at = table.Column<long>(type: "INTEGER", nullable: true),
                    time_zone = table.Column<string>(type: "TEXT", nullable: false),
                    limit_uses = table.Column<long>(type: "INTEGER", nullable: true),
                    limit_per_card = table.Column<int>(type: "INTEGER", nullable: true),
                    combinable = table.Column<bool>(type: "INTEGER", nullable: false),
                    stopped_at = table.Column<long>(type: "INTEGER", nullable: true),
                    issued_uses = table.Column<long>(type: "INTEGER", nullable: false),
                    tellings = table.Column<int>(type: "INTEGER", nullable: false)
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
