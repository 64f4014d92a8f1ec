using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Postgres
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
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    purpose = table.Column<string>(type: "text", nullable: false),
                    unit = table.Column<string>(type: "text", nullable: false),
                    owner = table.Column<Guid>(type: "uuid", nullable: false),
                    floor = table.Column<long>(type: "bigint", nullable: false),
                    balance = table.Column<long>(type: "bigint", nullable: false),
                    postings = table.Column<long>(type: "bigint", nullable: false),
                    last_transfer = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_account", x => new { x.cell, x.id });
                    table.CheckConstraint("account_floor", "balance >= floor");
                })
                .Annotation("Npgsql:StorageParameter:fillfactor", 80);

            migrationBuilder.CreateTable(
                name: "answer",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    answer = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_answer", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "api_key",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    wallet_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    scopes = table.Column<string>(type: "text", nullable: false),
                    secret_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    revoked_at = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_key", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "archive",
                columns: table => new
                {
                    month = table.Column<string>(type: "text", nullable: false),
                    file = table.Column<string>(type: "text", nullable: false),
                    sha256 = table.Column<byte[]>(type: "bytea", nullable: false),
                    bytes = table.Column<long>(type: "bigint", nullable: false),
                    top_ups = table.Column<long>(type: "bigint", nullable: false),
                    transfers = table.Column<long>(type: "bigint", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    sums = table.Column<byte[]>(type: "bytea", nullable: false),
                    revived = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_archive", x => x.month);
                });

            migrationBuilder.CreateTable(
                name: "card",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    carrier_code = table.Column<string>(type: "text", nullable: false),
                    connector = table.Column<string>(type: "text", nullable: false),
                    reference = table.Column<string>(type: "text", nullable: false),
                    status = table.Column<short>(type: "smallint", nullable: false),
                    current_plan = table.Column<string>(type: "text", nullable: true),
                    expires_at = table.Column<long>(type: "bigint", nullable: true),
                    seen_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_card", x => new { x.cell, x.id });
                })
                .Annotation("Npgsql:StorageParameter:fillfactor", 70);

            migrationBuilder.CreateTable(
                name: "card_identifier",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    kind = table.Column<short>(type: "smallint", nullable: false),
                    encrypted = table.Column<byte[]>(type: "bytea", nullable: false),
                    card_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_card_identifier", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "carrier",
                columns: table => new
                {
                    code = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    network = table.Column<string>(type: "text", nullable: false),
                    connector = table.Column<string>(type: "text", nullable: false),
                    connector_reference = table.Column<string>(type: "text", nullable: false),
                    time_zone = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_carrier", x => x.code);
                });

            migrationBuilder.CreateTable(
                name: "cell_lease",
                columns: table => new
                {
                    first_cell = table.Column<short>(type: "smallint", nullable: false),
                    epoch = table.Column<long>(type: "bigint", nullable: false),
                    owner = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_cell_lease", x => x.first_cell);
                });

            migrationBuilder.CreateTable(
                name: "exchange_rate",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    from_currency = table.Column<string>(type: "text", nullable: false),
                    to_currency = table.Column<string>(type: "text", nullable: false),
                    rate_micro = table.Column<long>(type: "bigint", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    taken_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_exchange_rate", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "key_check",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false),
                    index_check = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_key_check", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "node",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    present_until = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_node", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "payment",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    top_up_id = table.Column<Guid>(type: "uuid", nullable: false),
                    gateway = table.Column<string>(type: "text", nullable: false),
                    way = table.Column<short>(type: "smallint", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    amount_minor = table.Column<long>(type: "bigint", nullable: false),
                    currency = table.Column<string>(type: "text", nullable: false),
                    paid_minor = table.Column<long>(type: "bigint", nullable: true),
                    code = table.Column<string>(type: "text", nullable: true),
                    gateway_number = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    expires_at = table.Column<long>(type: "bigint", nullable: false),
                    paid_at = table.Column<long>(type: "bigint", nullable: true),
                    refund_requested_at = table.Column<long>(type: "bigint", nullable: true),
                    refunded_at = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_payment", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "plan",
                columns: table => new
                {
                    code = table.Column<string>(type: "text", nullable: false),
                    carrier_code = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    carrier_product = table.Column<string>(type: "text", nullable: false),
                    full_speed_kind = table.Column<int>(type: "integer", nullable: false),
                    full_speed_bytes = table.Column<long>(type: "bigint", nullable: false),
                    after_quota = table.Column<int>(type: "integer", nullable: false),
                    throttle_kbps = table.Column<int>(type: "integer", nullable: true),
                    voice_kind = table.Column<int>(type: "integer", nullable: false),
                    voice_seconds = table.Column<long>(type: "bigint", nullable: false),
                    sms_kind = table.Column<int>(type: "integer", nullable: false),
                    sms_messages = table.Column<long>(type: "bigint", nullable: false),
                    hotspot = table.Column<int>(type: "integer", nullable: false),
                    hotspot_kind = table.Column<int>(type: "integer", nullable: false),
                    hotspot_bytes = table.Column<long>(type: "bigint", nullable: false),
                    validity_count = table.Column<int>(type: "integer", nullable: false),
                    validity_clock = table.Column<int>(type: "integer", nullable: false),
                    activation = table.Column<int>(type: "integer", nullable: false),
                    verified = table.Column<bool>(type: "boolean", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    note = table.Column<string>(type: "text", nullable: false),
                    withdrawn_at = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_plan", x => x.code);
                });

            migrationBuilder.CreateTable(
                name: "plan_price",
                columns: table => new
                {
                    plan_code = table.Column<string>(type: "text", nullable: false),
                    valid_from = table.Column<long>(type: "bigint", nullable: false),
                    cents = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_plan_price", x => new { x.plan_code, x.valid_from });
                });

            migrationBuilder.CreateTable(
                name: "tally",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    deltas = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tally", x => new { x.cell, x.id });
                });

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

            migrationBuilder.CreateTable(
                name: "top_up",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    updated_at = table.Column<long>(type: "bigint", nullable: false),
                    card_id = table.Column<Guid>(type: "uuid", nullable: false),
                    charge_minor = table.Column<long>(type: "bigint", nullable: false),
                    charge_currency = table.Column<string>(type: "text", nullable: false),
                    order_code = table.Column<string>(type: "text", nullable: true),
                    wallet_id = table.Column<Guid>(type: "uuid", nullable: true),
                    terms_id = table.Column<Guid>(type: "uuid", nullable: false),
                    detail = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_top_up", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "top_up_step",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    top_up_id = table.Column<Guid>(type: "uuid", nullable: false),
                    top_up_version = table.Column<long>(type: "bigint", nullable: false),
                    from_state = table.Column<short>(type: "smallint", nullable: false),
                    to_state = table.Column<short>(type: "smallint", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_top_up_step", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "transfer",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    subject = table.Column<Guid>(type: "uuid", nullable: false),
                    postings = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_transfer", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "wallet",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_wallet", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "wallet_credit",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    wallet_id = table.Column<Guid>(type: "uuid", nullable: false),
                    amount_minor = table.Column<long>(type: "bigint", nullable: false),
                    reason = table.Column<string>(type: "text", nullable: false),
                    reference = table.Column<string>(type: "text", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_wallet_credit", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateTable(
                name: "work",
                columns: table => new
                {
                    cell = table.Column<short>(type: "smallint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    subject = table.Column<Guid>(type: "uuid", nullable: false),
                    due_at = table.Column<long>(type: "bigint", nullable: false),
                    attempts = table.Column<long>(type: "bigint", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    lease_until = table.Column<long>(type: "bigint", nullable: false),
                    lease_owner = table.Column<string>(type: "text", nullable: true),
                    last_error = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_work", x => new { x.cell, x.id });
                });

            migrationBuilder.CreateIndex(
                name: "IX_api_key_wallet_id",
                table: "api_key",
                column: "wallet_id");

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
                name: "IX_payment_state_created_at",
                table: "payment",
                columns: new[] { "state", "created_at" },
                filter: "state IN (1, 4)");

            migrationBuilder.CreateIndex(
                name: "IX_plan_carrier_code",
                table: "plan",
                column: "carrier_code");

            migrationBuilder.CreateIndex(
                name: "IX_top_up_cell_order_code",
                table: "top_up",
                columns: new[] { "cell", "order_code" },
                filter: "order_code IS NOT NULL");

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
                name: "api_key");

            migrationBuilder.DropTable(
                name: "archive");

            migrationBuilder.DropTable(
                name: "card");

            migrationBuilder.DropTable(
                name: "card_identifier");

            migrationBuilder.DropTable(
                name: "carrier");

            migrationBuilder.DropTable(
                name: "cell_lease");

            migrationBuilder.DropTable(
                name: "exchange_rate");

            migrationBuilder.DropTable(
                name: "key_check");

            migrationBuilder.DropTable(
                name: "node");

            migrationBuilder.DropTable(
                name: "payment");

            migrationBuilder.DropTable(
                name: "plan");

            migrationBuilder.DropTable(
                name: "plan_price");

            migrationBuilder.DropTable(
                name: "tally");

            migrationBuilder.DropTable(
                name: "terms");

            migrationBuilder.DropTable(
                name: "top_up");

            migrationBuilder.DropTable(
                name: "top_up_step");

            migrationBuilder.DropTable(
                name: "transfer");

            migrationBuilder.DropTable(
                name: "wallet");

            migrationBuilder.DropTable(
                name: "wallet_credit");

            migrationBuilder.DropTable(
                name: "work");
        }
    }
}
