using System.Text;
using System.Text.Json;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Units;

namespace Refill.Server.Tests;

/// <summary>The command line: what it refuses, `catalogue import`, `fx set` and `work`. Exit codes: 0 done, 1 something is wrong with what was looked at, 2 not done.</summary>
public sealed class CommandsTests : IAsyncLifetime
{
    private const string Heading = "carrier_code,carrier_name,network,connector,connector_reference,time_zone,plan_code,plan_name,carrier_product,price_usd,full_speed,after_quota,voice_minutes,sms,hotspot,hotspot_data,validity,activation,verified,source,note";
    private const string Row = "acme,Acme,Acme,own,acme,America/New_York,acme-1,Acme 1 GB,1,9.00,1 GB,stops,0,0,no,,7 days,purchase,no,test,";
    private Installation here = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => here = await Installation.NewAsync();

    public ValueTask DisposeAsync() => here.DisposeAsync();

    [Theory]
    [InlineData("--databse", "x")]
    [InlineData("verfy")]
    [InlineData("verify", "all")]
    [InlineData("fx", "set", "USD")]
    [InlineData("catalogue", "import")]
    [InlineData("catalogue")]
    [InlineData("--node", "a", "--node", "b")]
    [InlineData("--node")]
    [InlineData("--node", "a b")]
    [InlineData("schema")]
    [InlineData("schema", "--distribute", "oracle")]
    public async Task What_the_command_line_does_not_know_is_refused_in_words(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        Assert.Equal(2, await Commands.RunAsync(arguments, output, error, Cancellation));

        Assert.NotEqual("", error.ToString());
        Assert.DoesNotContain("   at ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sql_that_spreads_the_schema_is_printed_without_a_database()
    {
        var ran = await here.RunAsync("schema", "--distribute", "citus");

        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("create_distributed_table('transfer', 'cell', colocate_with => 'account');", ran.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(here.Folder));
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("work")]
    [InlineData("work", "retry", "x")]
    public async Task A_command_that_looks_refuses_a_database_that_is_not_there_and_makes_none(params string[] command)
    {
        var ran = await here.RunAsync(command);

        Assert.Equal(2, ran.ExitCode);
        Assert.StartsWith($"refill: the database {here.Folder}", ran.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(here.Folder));
    }

    [Fact]
    public async Task A_price_list_is_previewed_by_its_mapping_and_then_comes_in()
    {
        var columns = Heading.Split(',').ToDictionary(column => column, column => new { from = "their " + column, empty = "" });
        var map = await here.WriteAsync("list.map.json", JsonSerializer.SerializeToUtf8Bytes(new { columns }));
        var list = await here.WriteAsync("list.csv", Encoding.UTF8.GetBytes($"{string.Join(',', columns.Values.Select(column => column.from))}\n{Row}\n"));

        var preview = await here.RunAsync("catalogue", "import", list, "--map", map, "--preview");
        Assert.Equal(0, preview.ExitCode);
        Assert.StartsWith("+ ", preview.Output, StringComparison.Ordinal);
        Assert.Contains("would be: 1 added", preview.Output, StringComparison.Ordinal);
        Assert.Contains("1 added", (await here.RunAsync("catalogue", "import", list, "--map", map)).Output, StringComparison.Ordinal);

        Assert.Equal(2, (await here.RunAsync("catalogue", "import", list, "--map", map, "--prices-from", "tomorrow")).ExitCode);
        Assert.Equal(2, (await here.RunAsync("catalogue", "import", list, "--map", list)).ExitCode);
        Assert.Equal(2, (await here.RunAsync("catalogue", "import", list, "--map", map + ".not")).ExitCode);
    }

    [Fact]
    public async Task A_catalogue_comes_in_and_comes_in_again_unchanged()
    {
        var file = await here.WriteAsync("plans.csv", Encoding.UTF8.GetBytes($"{Heading}\n{Row}\n"));

        var first = await here.RunAsync("catalogue", "import", file);
        var second = await here.RunAsync("catalogue", "import", file);

        Assert.Equal(new Ran(0, "1 added, 0 changed, 0 unchanged, 0 withdrawn" + Environment.NewLine, ""), first);
        Assert.Equal(new Ran(0, "0 added, 0 changed, 1 unchanged, 0 withdrawn" + Environment.NewLine, ""), second);
    }

    [Fact]
    public async Task Every_bad_row_is_listed_with_line_column_and_reason_and_nothing_comes_in()
    {
        var file = await here.WriteAsync("plans.csv", Encoding.UTF8.GetBytes(
            $"{Heading}\n{Row}\n{Row.Replace("acme-1", "acme-2", StringComparison.Ordinal).Replace("9.00", "nine", StringComparison.Ordinal)}\n{Row}\n{Row.Replace("acme-1", "acme-4", StringComparison.Ordinal).Replace(",own,", ",onw,", StringComparison.Ordinal)}\n"));

        var ran = await here.RunAsync("catalogue", "import", file);

        Assert.Equal(1, ran.ExitCode);
        Assert.StartsWith("nothing was imported; ", ran.Output, StringComparison.Ordinal);
        Assert.Contains("line 3, price_usd: ", ran.Output, StringComparison.Ordinal);
        Assert.Contains("line 4, plan_code: ", ran.Output, StringComparison.Ordinal);
        Assert.Contains("line 5, connector: 'onw'", ran.Output, StringComparison.Ordinal);
        Assert.Equal("1 added, 0 changed, 0 unchanged, 0 withdrawn" + Environment.NewLine, (await here.RunAsync("catalogue", "import", await here.WriteAsync("good.csv", Encoding.UTF8.GetBytes($"{Heading}\n{Row}\n")))).Output);
    }

    [Fact]
    public async Task A_file_that_is_not_UTF_8_too_large_or_empty_is_refused_as_a_whole()
    {
        foreach (var (content, reason) in new[]
        {
            ([.. Encoding.UTF8.GetBytes(Heading + "\n"), 0xFF, 0xFE], "is not UTF-8"),
            (new byte[CatalogueImport.MaxBytes + 1], "is larger than 5 MiB"),
            (Array.Empty<byte>(), "is empty"),
        })
        {
            var ran = await here.RunAsync("catalogue", "import", await here.WriteAsync("plans.csv", content));

            Assert.Equal(1, ran.ExitCode);
            Assert.Contains($"file: {reason}", ran.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("nowhere.csv")]
    [InlineData("")]
    public async Task A_file_that_is_not_there_is_refused_by_its_name(string name)
    {
        var ran = await here.RunAsync("catalogue", "import", Path.Combine(here.Folder, name));

        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Contains(Path.Combine(here.Folder, name), ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rate_that_is_set_is_the_one_that_quotes_are_made_with()
    {
        var ran = await here.RunAsync("fx", "set", "USD", "CNY", "7.103412", "--source", " Bank of Somewhere ");

        Assert.Equal(new Ran(0, "1 USD is 7.103412 CNY from now on" + Environment.NewLine, ""), ran);
        var rate = await new FxRates(new Database(here.Settings.Database), TimeProvider.System, FxOptions.Plain).CurrentAsync(Currency.Usd, Currency.Cny, Cancellation);
        Assert.Equal((7_103_412, "Bank of Somewhere"), (rate!.RateMicro, rate.Source));
    }

    [Theory]
    [InlineData("USD", "USD", "1")]
    [InlineData("CNY", "USD", "0.14")]
    [InlineData("CNY", "CNY", "1")]
    [InlineData("EUR", "CNY", "7.1")]
    [InlineData("usd", "cny", "7.1")]
    [InlineData("USD", "CNY", "0")]
    [InlineData("USD", "CNY", "0.009999")]
    [InlineData("USD", "CNY", "-7.1")]
    [InlineData("USD", "CNY", "100.000001")]
    [InlineData("USD", "CNY", "79228162514264337593543950335")]
    [InlineData("USD", "CNY", "9999999999999999999999999999999999")]
    [InlineData("USD", "CNY", "7.1034567")]
    [InlineData("USD", "CNY", "7,1")]
    [InlineData("USD", "CNY", "7.1e0")]
    [InlineData("USD", "CNY", "seven")]
    [InlineData("USD", "CNY", "NaN")]
    [InlineData("USD", "CNY", "７.１")]
    [InlineData("USD", "CNY", "7.1", "   ")]
    [InlineData("USD", "CNY", "7.1", "two\nlines")]
    [InlineData("USD", "CNY", "7.1", "a name of fifty characters, which is long already.a name of fifty characters, which is long already.!")]
    public async Task A_rate_that_is_none_is_refused_in_words_and_none_is_set(string from, string to, string rate, string source = "test")
    {
        var ran = await here.RunAsync("fx", "set", from, to, rate, "--source", source);

        Assert.Equal(2, ran.ExitCode);
        Assert.True(ran.Error.StartsWith("allowed: USD CNY", StringComparison.Ordinal) || ran.Error.Contains($"'{rate}'", StringComparison.Ordinal), ran.Error);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
        await new Database(here.Settings.Database).MigrateAsync(Cancellation);
        Assert.Null(await new FxRates(new Database(here.Settings.Database), TimeProvider.System, FxOptions.Plain).CurrentAsync(Currency.Usd, Currency.Cny, Cancellation));
    }

    [Fact]
    public async Task What_the_machine_has_given_up_is_listed_and_can_be_tried_again_once()
    {
        await here.PrepareAsync();
        var order = await here.CompletedAsync();
        var id = CellId.ToText(await here.BuryWorkAsync(order.TopUpId, "a defect of ours"));

        var listed = await here.RunAsync("work");
        var unknown = await here.RunAsync("work", "retry", CellId.ToText(Guid.NewGuid()));
        var again = await here.RunAsync("work", "retry", id);
        var twice = await here.RunAsync("work", "retry", id);
        var after = await here.RunAsync("work");

        Assert.Equal(0, listed.ExitCode);
        Assert.Matches($@"^1 waits? for a person:\r?\n{id} .*deliver.* {order.TopUpId} .*a defect of ours\r?\n$", listed.Output);
        Assert.Equal((2, "", "there is no such work waiting for a person" + Environment.NewLine), (unknown.ExitCode, unknown.Output, unknown.Error));
        Assert.Equal((0, "it is due now" + Environment.NewLine), (again.ExitCode, again.Output));
        Assert.Equal(2, twice.ExitCode);
        Assert.Equal((0, "nothing waits for a person" + Environment.NewLine), (after.ExitCode, after.Output));
        Assert.Equal(1, await here.DueAsync());
    }
}
