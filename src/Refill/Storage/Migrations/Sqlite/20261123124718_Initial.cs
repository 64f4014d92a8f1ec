using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "account",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    purpose = table.Column<string>(type: "TEXT", nullable: false),
                    unit = table.Column<string>(type: "TEXT", nullable: false),
                    owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    floor = table.Column<long>(type: "INTEGER", nullable: false),
                    balance = table.Column<long>(type: "INTEGER", nullable: false),
                    postings = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_account", x => new { x.cell, x.id });
                    table.CheckConstraint("account_floor", "balance >= floor");
                });

            migrationBuilder.CreateTable(
                name: "answer",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    scope = table.Column<string>(type: "TEXT", nullable: false),
                    key = table.Column<string>(type: "TEXT", nullable: false),
                    body_hash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    answer = table.Column<byte[]>(type: "BLOB", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_answer", x => new { x.cell, x.scope, x.key });
                });

            migrationBuilder.CreateTable(
                name: "card",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    carrier_code = table.Column<string>(type: "TEXT", nullable: false),
                    connector = table.Column<string>(type: "TEXT", nullable: false),
                    reference = table.Column<string>(type: "TEXT", nullable: false),
                    status = table.Column<short>(type: "INTEGER", nullable: false),
                    current_plan = table.Column<string>(type: "TEXT", nullable: true),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: true),
                    seen_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_card", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "card_identifier",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    kind = table.Column<short>(type: "INTEGER", nullable: false),
                    encrypted = table.Column<byte[]>(type: "BLOB", nullable: false),
                    card_id = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_card_identifier", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "carrier",
                columns: table => new
                {
                    code = table.Column<string>(type: "TEXT", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    network = table.Column<string>(type: "TEXT", nullable: false),
                    connector = table.Column<string>(type: "TEXT", nullable: false),
                    connector_reference = table.Column<string>(type: "TEXT", nullable: false),
                    time_zone = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_carrier", x => x.code);
                });

            migrationBuilder.CreateTable(
                name: "exchange_rate",
                columns: table => new
                {
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    from_currency = table.Column<string>(type: "TEXT", nullable: false),
                    to_currency = table.Column<string>(type: "TEXT", nullable: false),
                    rate_micro = table.Column<long>(type: "INTEGER", nullable: false),
                    source = table.Column<string>(type: "TEXT", nullable: false),
                    taken_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_exchange_rate", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "key_check",
                columns: table => new
                {
                    id = table.Column<int>(type: "INTEGER", nullable: false),
                    index_check = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_key_check", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "payment",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    top_up_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    gateway = table.Column<string>(type: "TEXT", nullable: false),
                    way = table.Column<short>(type: "INTEGER", nullable: false),
                    state = table.Column<short>(type: "INTEGER", nullable: false),
                    amount_minor = table.Column<long>(type: "INTEGER", nullable: false),
                    currency = table.Column<string>(type: "TEXT", nullable: false),
                    paid_minor = table.Column<long>(type: "INTEGER", nullable: true),
                    code = table.Column<string>(type: "TEXT", nullable: true),
                    gateway_number = table.Column<string>(type: "TEXT", nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: false),
                    paid_at = table.Column<long>(type: "INTEGER", nullable: true),
                    refund_requested_at = table.Column<long>(type: "INTEGER", nullable: true),
                    refunded_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_payment", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "plan",
                columns: table => new
                {
                    code = table.Column<string>(type: "TEXT", nullable: false),
                    carrier_code = table.Column<string>(type: "TEXT", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    carrier_product = table.Column<string>(type: "TEXT", nullable: false),
                    full_speed_kind = table.Column<int>(type: "INTEGER", nullable: false),
                    full_speed_bytes = table.Column<long>(type: "INTEGER", nullable: false),
                    after_quota = table.Column<int>(type: "INTEGER", nullable: false),
                    throttle_kbps = table.Column<int>(type: "INTEGER", nullable: true),
                    voice_kind = table.Column<int>(type: "INTEGER", nullable: false),
                    voice_seconds = table.Column<long>(type: "INTEGER", nullable: false),
                    sms_kind = table.Column<int>(type: "INTEGER", nullable: false),
                    sms_messages = table.Column<long>(type: "INTEGER", nullable: false),
                    hotspot = table.Column<int>(type: "INTEGER", nullable: false),
                    hotspot_kind = table.Column<int>(type: "INTEGER", nullable: false),
                    hotspot_bytes = table.Column<long>(type: "INTEGER", nullable: false),
                    validity_count = table.Column<int>(type: "INTEGER", nullable: false),
                    validity_clock = table.Column<int>(type: "INTEGER", nullable: false),
                    activation = table.Column<int>(type: "INTEGER", nullable: false),
                    verified = table.Column<bool>(type: "INTEGER", nullable: false),
                    source = table.Column<string>(type: "TEXT", nullable: false),
                    note = table.Column<string>(type: "TEXT", nullable: false),
                    withdrawn_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_plan", x => x.code);
                });

            migrationBuilder.CreateTable(
                name: "plan_price",
                columns: table => new
                {
                    plan_code = table.Column<string>(type: "TEXT", nullable: false),
                    valid_from = table.Column<long>(type: "INTEGER", nullable: false),
                    cents = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_plan_price", x => new { x.plan_code, x.valid_from });
                });

            migrationBuilder.CreateTable(
                name: "posting",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    account_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    sequence = table.Column<long>(type: "INTEGER", nullable: false),
                    transfer_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    amount = table.Column<long>(type: "INTEGER", nullable: false),
                    balance_after = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_posting", x => new { x.cell, x.account_id, x.sequence });
                });

            migrationBuilder.CreateTable(
                name: "top_up",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    order_code = table.Column<string>(type: "TEXT", nullable: false),
                    state = table.Column<short>(type: "INTEGER", nullable: false),
                    card_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    last_four = table.Column<string>(type: "TEXT", nullable: false),
                    price_minor = table.Column<long>(type: "INTEGER", nullable: false),
                    charge_minor = table.Column<long>(type: "INTEGER", nullable: false),
                    charge_currency = table.Column<string>(type: "TEXT", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false),
                    completed_at = table.Column<long>(type: "INTEGER", nullable: true),
                    valid_until = table.Column<long>(type: "INTEGER", nullable: true),
                    trouble = table.Column<short>(type: "INTEGER", nullable: false),
                    detail = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_top_up", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "top_up_step",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    top_up_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    top_up_version = table.Column<long>(type: "INTEGER", nullable: false),
                    from_state = table.Column<short>(type: "INTEGER", nullable: false),
                    to_state = table.Column<short>(type: "INTEGER", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_top_up_step", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "transfer",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    kind = table.Column<string>(type: "TEXT", nullable: false),
                    subject = table.Column<byte[]>(type: "BLOB", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_transfer", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "work",
                columns: table => new
                {
                    cell = table.Column<short>(type: "INTEGER", nullable: false),
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    kind = table.Column<string>(type: "TEXT", nullable: false),
                    subject = table.Column<byte[]>(type: "BLOB", nullable: false),
                    due_at = table.Column<long>(type: "INTEGER", nullable: false),
                    attempts = table.Column<long>(type: "INTEGER", nullable: false),
                    state = table.Column<short>(type: "INTEGER", nullable: false),
                    lease_until = table.Column<long>(type: "INTEGER", nullable: false),
                    lease_owner = table.Column<string>(type: "TEXT", nullable: true),
                    last_error = table.Column<string>(type: "TEXT", nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_work", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateIndex(
                name: "IX_card_identifier_card_id",
                table: "card_identifier",
                column: "card_id");

            migrationBuilder.CreateIndex(
                name: "IX_exchange_rate_from_currency_to_currency_taken_at",
                table: "exchange_rate",
                columns: new[] { "from_currency", "to_currency", "taken_at" });

            migrationBuilder.CreateIndex(
                name: "IX_payment_cell_gateway_gateway_number",
                table: "payment",
                columns: new[] { "cell", "gateway", "gateway_number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_payment_cell_top_up_id",
                table: "payment",
                columns: new[] { "cell", "top_up_id" });

            migrationBuilder.CreateIndex(
                name: "IX_plan_carrier_code",
                table: "plan",
                column: "carrier_code");

            migrationBuilder.CreateIndex(
                name: "IX_top_up_cell_order_code",
                table: "top_up",
                columns: new[] { "cell", "order_code" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_top_up_state_updated_at",
                table: "top_up",
                columns: new[] { "state", "updated_at" },
                filter: "state IN (2, 3, 4, 8)");

            migrationBuilder.CreateIndex(
                name: "IX_top_up_step_cell_top_up_id_top_up_version",
                table: "top_up_step",
                columns: new[] { "cell", "top_up_id", "top_up_version" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_work_cell_subject",
                table: "work",
                columns: new[] { "cell", "subject" });

            migrationBuilder.CreateIndex(
                name: "IX_work_state_due_at",
                table: "work",
                columns: new[] { "state", "due_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "account");

            migrationBuilder.DropTable(
                name: "answer");

            migrationBuilder.DropTable(
                name: "card");

            migrationBuilder.DropTable(
                name: "card_identifier");

            migrationBuilder.DropTable(
                name: "carrier");

            migrationBuilder.DropTable(
                name: "exchange_rate");

            migrationBuilder.DropTable(
                name: "key_check");

            migrationBuilder.DropTable(
                name: "payment");

            migrationBuilder.DropTable(
                name: "plan");

            migrationBuilder.DropTable(
                name: "plan_price");

            migrationBuilder.DropTable(
                name: "posting");

            migrationBuilder.DropTable(
                name: "top_up");

            migrationBuilder.DropTable(
                name: "top_up_step");

            migrationBuilder.DropTable(
                name: "transfer");

            migrationBuilder.DropTable(
                name: "work");
        }
    }
}
