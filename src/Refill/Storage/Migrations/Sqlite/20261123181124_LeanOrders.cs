using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class LeanOrders : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Before the first release: keys that were used until now are forgotten (SQLite cannot make their hashes).
            migrationBuilder.Sql("DELETE FROM answer");

            migrationBuilder.DropPrimaryKey(
                name: "PK_answer",
                table: "answer");

            migrationBuilder.DropColumn(
                name: "scope",
                table: "answer");

            migrationBuilder.DropColumn(
                name: "key",
                table: "answer");

            migrationBuilder.AddColumn<byte[]>(
                name: "terms_id",
                table: "top_up",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "wallet_id",
                table: "top_up",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "id",
                table: "answer",
                type: "BLOB",
                nullable: false,
                defaultValue: new byte[0]);

            migrationBuilder.AddPrimaryKey(
                name: "PK_answer",
                table: "answer",
                columns: new[] { "cell", "id" });

            migrationBuilder.CreateTable(
                name: "terms",
                columns: table => new
                {
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    detail = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_terms", x => x.id);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "terms");

            migrationBuilder.DropPrimaryKey(
                name: "PK_answer",
                table: "answer");

            migrationBuilder.DropColumn(
                name: "terms_id",
                table: "top_up");

            migrationBuilder.DropColumn(
                name: "wallet_id",
                table: "top_up");

            migrationBuilder.DropColumn(
                name: "id",
                table: "answer");

            migrationBuilder.AddColumn<string>(
                name: "scope",
                table: "answer",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "key",
                table: "answer",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddPrimaryKey(
                name: "PK_answer",
                table: "answer",
                columns: new[] { "cell", "scope", "key" });
        }
    }
}
