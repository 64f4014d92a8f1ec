using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Payments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "given_back_minor",
                table: "payment",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<short>(
                name: "refunds_asked",
                table: "payment",
                type: "smallint",
                nullable: false,
                defaultValue: (short)0);

            migrationBuilder.AddColumn<string>(
                name: "start_number",
                table: "payment",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "bank_credit",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    account = table.Column<string>(type: "text", nullable: false),
                    entry_id = table.Column<string>(type: "text", nullable: false),
                    amount_minor = table.Column<long>(type: "bigint", nullable: false),
                    currency = table.Column<string>(type: "text", nullable: false),
                    value_date = table.Column<string>(type: "text", nullable: false),
                    payment_id = table.Column<Guid>(type: "uuid", nullable: true),
                    imported_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_bank_credit", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "bank_refund",
                columns: table => new
                {
                    refund_number = table.Column<string>(type: "text", nullable: false),
                    confirmed_at = table.Column<long>(type: "bigint", nullable: false),
                    confirmed_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_bank_refund", x => x.refund_number);
                });

            migrationBuilder.CreateTable(
                name: "discrepancy",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    gateway = table.Column<string>(type: "text", nullable: false),
                    day = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<short>(type: "smallint", nullable: false),
                    subject = table.Column<string>(type: "text", nullable: false),
                    payment_id = table.Column<Guid>(type: "uuid", nullable: true),
                    gateway_number = table.Column<string>(type: "text", nullable: true),
                    ours_minor = table.Column<long>(type: "bigint", nullable: true),
                    theirs_minor = table.Column<long>(type: "bigint", nullable: true),
                    currency = table.Column<string>(type: "text", nullable: true),
                    at = table.Column<long>(type: "bigint", nullable: false),
                    text = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    found_at = table.Column<long>(type: "bigint", nullable: false),
                    closed_at = table.Column<long>(type: "bigint", nullable: true),
                    note = table.Column<string>(type: "text", nullable: true),
                    closed_by = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_discrepancy", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "reconciliation",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    gateway = table.Column<string>(type: "text", nullable: false),
                    day = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    started_at = table.Column<long>(type: "bigint", nullable: false),
                    done_at = table.Column<long>(type: "bigint", nullable: true),
                    lease_until = table.Column<long>(type: "bigint", nullable: false),
                    lease_owner = table.Column<string>(type: "text", nullable: true),
                    rows = table.Column<int>(type: "integer", nullable: false),
                    matched = table.Column<int>(type: "integer", nullable: false),
                    only_theirs = table.Column<int>(type: "integer", nullable: false),
                    only_ours = table.Column<int>(type: "integer", nullable: false),
                    amount_differs = table.Column<int>(type: "integer", nullable: false),
                    others = table.Column<int>(type: "integer", nullable: false),
                    currency = table.Column<string>(type: "text", nullable: true),
                    payments_minor = table.Column<long>(type: "bigint", nullable: false),
                    refunds_minor = table.Column<long>(type: "bigint", nullable: false),
                    fees_minor = table.Column<long>(type: "bigint", nullable: false),
                    settled_minor = table.Column<long>(type: "bigint", nullable: false),
                    trouble = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_reconciliation", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "refund",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    payment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    top_up_id = table.Column<Guid>(type: "uuid", nullable: false),
                    ordinal = table.Column<short>(type: "smallint", nullable: false),
                    amount_minor = table.Column<long>(type: "bigint", nullable: false),
                    currency = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    reason = table.Column<string>(type: "text", nullable: false),
                    asked_by = table.Column<string>(type: "text", nullable: false),
                    requested_at = table.Column<long>(type: "bigint", nullable: false),
                    done_at = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_refund", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateIndex(
                name: "IX_payment_gateway_paid_at",
                table: "payment",
                columns: new[] { "gateway", "paid_at" },
                filter: "paid_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_payment_gateway_refunded_at",
                table: "payment",
                columns: new[] { "gateway", "refunded_at" },
                filter: "refunded_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_bank_credit_account_entry_id",
                table: "bank_credit",
                columns: new[] { "account", "entry_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_bank_credit_payment_id",
                table: "bank_credit",
                column: "payment_id",
                unique: true,
                filter: "payment_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_discrepancy_gateway_subject_kind",
                table: "discrepancy",
                columns: new[] { "gateway", "subject", "kind" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_discrepancy_state_found_at",
                table: "discrepancy",
                columns: new[] { "state", "found_at" });

            migrationBuilder.CreateIndex(
                name: "IX_reconciliation_gateway_day",
                table: "reconciliation",
                columns: new[] { "gateway", "day" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_refund_cell_payment_id_ordinal",
                table: "refund",
                columns: new[] { "cell", "payment_id", "ordinal" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_refund_cell_top_up_id",
                table: "refund",
                columns: new[] { "cell", "top_up_id" });

            migrationBuilder.CreateIndex(
                name: "IX_refund_done_at",
                table: "refund",
                column: "done_at",
                filter: "done_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_refund_state_requested_at",
                table: "refund",
                columns: new[] { "state", "requested_at" },
                filter: "state = 1");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "bank_credit");

            migrationBuilder.DropTable(
                name: "bank_refund");

            migrationBuilder.DropTable(
                name: "discrepancy");

            migrationBuilder.DropTable(
                name: "reconciliation");

            migrationBuilder.DropTable(
                name: "refund");

            migrationBuilder.DropIndex(
                name: "IX_payment_gateway_paid_at",
                table: "payment");

            migrationBuilder.DropIndex(
                name: "IX_payment_gateway_refunded_at",
                table: "payment");

            migrationBuilder.DropColumn(
                name: "given_back_minor",
                table: "payment");

            migrationBuilder.DropColumn(
                name: "refunds_asked",
                table: "payment");

            migrationBuilder.DropColumn(
                name: "start_number",
                table: "payment");
        }
    }
}
