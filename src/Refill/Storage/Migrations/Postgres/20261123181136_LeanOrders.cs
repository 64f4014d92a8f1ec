using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Postgres
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

            migrationBuilder.AddColumn<Guid>(
                name: "terms_id",
                table: "top_up",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "wallet_id",
                table: "top_up",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "id",
                table: "answer",
                type: "uuid",
                nullable: false,
                defaultValue: new Guid("00000000-0000-0000-0000-000000000000"));

            migrationBuilder.AddPrimaryKey(
                name: "PK_answer",
                table: "answer",
                columns: new[] { "cell", "id" });

            migrationBuilder.CreateTable(
                name: "terms",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    detail = table.Column<string>(type: "text", nullable: false)
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
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "key",
                table: "answer",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddPrimaryKey(
                name: "PK_answer",
                table: "answer",
                columns: new[] { "cell", "scope", "key" });
        }
    }
}
