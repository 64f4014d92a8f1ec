using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class KeysInOrderOfTime : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "PK_work",
                table: "work");

            migrationBuilder.DropPrimaryKey(
                name: "PK_wallet_credit",
                table: "wallet_credit");

            migrationBuilder.DropPrimaryKey(
                name: "PK_transfer",
                table: "transfer");

            migrationBuilder.DropPrimaryKey(
                name: "PK_top_up_step",
                table: "top_up_step");

            migrationBuilder.DropPrimaryKey(
                name: "PK_top_up",
                table: "top_up");

            migrationBuilder.DropPrimaryKey(
                name: "PK_posting",
                table: "posting");

            migrationBuilder.DropPrimaryKey(
                name: "PK_payment",
                table: "payment");

            migrationBuilder.DropPrimaryKey(
                name: "PK_card_identifier",
                table: "card_identifier");

            migrationBuilder.DropPrimaryKey(
                name: "PK_card",
                table: "card");

            migrationBuilder.DropPrimaryKey(
                name: "PK_answer",
                table: "answer");

            migrationBuilder.DropPrimaryKey(
                name: "PK_account",
                table: "account");

            migrationBuilder.AddPrimaryKey(
                name: "PK_work",
                table: "work",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_wallet_credit",
                table: "wallet_credit",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_transfer",
                table: "transfer",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_top_up_step",
                table: "top_up_step",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_top_up",
                table: "top_up",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_posting",
                table: "posting",
                columns: new[] { "account_id", "sequence", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_payment",
                table: "payment",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_card_identifier",
                table: "card_identifier",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_card",
                table: "card",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_answer",
                table: "answer",
                columns: new[] { "id", "cell" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_account",
                table: "account",
                columns: new[] { "id", "cell" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "PK_work",
                table: "work");

            migrationBuilder.DropPrimaryKey(
                name: "PK_wallet_credit",
                table: "wallet_credit");

            migrationBuilder.DropPrimaryKey(
                name: "PK_transfer",
                table: "transfer");

            migrationBuilder.DropPrimaryKey(
                name: "PK_top_up_step",
                table: "top_up_step");

            migrationBuilder.DropPrimaryKey(
                name: "PK_top_up",
                table: "top_up");

            migrationBuilder.DropPrimaryKey(
                name: "PK_posting",
                table: "posting");

            migrationBuilder.DropPrimaryKey(
                name: "PK_payment",
                table: "payment");

            migrationBuilder.DropPrimaryKey(
                name: "PK_card_identifier",
                table: "card_identifier");

            migrationBuilder.DropPrimaryKey(
                name: "PK_card",
                table: "card");

            migrationBuilder.DropPrimaryKey(
                name: "PK_answer",
                table: "answer");

            migrationBuilder.DropPrimaryKey(
                name: "PK_account",
                table: "account");

            migrationBuilder.AddPrimaryKey(
                name: "PK_work",
                table: "work",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_wallet_credit",
                table: "wallet_credit",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_transfer",
                table: "transfer",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_top_up_step",
                table: "top_up_step",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_top_up",
                table: "top_up",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_posting",
                table: "posting",
                columns: new[] { "cell", "account_id", "sequence" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_payment",
                table: "payment",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_card_identifier",
                table: "card_identifier",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_card",
                table: "card",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_answer",
                table: "answer",
                columns: new[] { "cell", "id" });

            migrationBuilder.AddPrimaryKey(
                name: "PK_account",
                table: "account",
                columns: new[] { "cell", "id" });
        }
    }
}
