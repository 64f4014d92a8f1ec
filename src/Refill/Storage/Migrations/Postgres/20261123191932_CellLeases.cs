using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Refill.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class CellLeases : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
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
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "cell_lease");

            migrationBuilder.DropTable(
                name: "node");
        }
    }
}
