using System.Text;

namespace Refill.Server.Tests;

/// <summary>`refill offers`: import with a preview, list, stop.</summary>
public sealed class OfferCommandsTests : IAsyncLifetime
{
    private Installation here = null!;

    public async ValueTask InitializeAsync() => here = await Installation.NewAsync();

    public ValueTask DisposeAsync() => here.DisposeAsync();

    [Fact]
    public async Task A_file_is_previewed_imported_listed_and_one_of_it_stopped()
    {
        var file = await FileAsync("code,name_en,kind,value,limit,until,time_zone\nhalf,Half price,percent,50,100,2099-12-31,Asia/Shanghai\nother,Other,amount,1,,,\n");

        var preview = await here.RunAsync("offers", "import", file, "--preview");
        Assert.Equal(0, preview.ExitCode);
        Assert.Contains("+ half  Half price", preview.Output, StringComparison.Ordinal);
        Assert.Contains("overlaps", preview.Output, StringComparison.Ordinal);
        Assert.Contains("would be: 2 added, 0 changed, 0 unchanged", preview.Output, StringComparison.Ordinal);
        Assert.Contains("there are no offers", (await here.RunAsync("offers", "list")).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await here.RunAsync("offers", "import", file)).ExitCode);
        var list = (await here.RunAsync("offers", "list")).Output;
        Assert.Contains("half  running  Percentage 5000  until 2100-01-01 00:00 (Asia/Shanghai)  100 of 100 left  Half price", list, StringComparison.Ordinal);

        Assert.Equal(0, (await here.RunAsync("offers", "stop", "half")).ExitCode);
        Assert.Equal(2, (await here.RunAsync("offers", "stop", "half")).ExitCode);
        Assert.DoesNotContain("half", (await here.RunAsync("offers", "list")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await here.RunAsync("verify")).ExitCode);
    }

    [Fact]
    public async Task A_file_with_a_fault_changes_nothing_and_says_where()
    {
        var ran = await here.RunAsync("offers", "import", await FileAsync("code,name_en,kind,value,plans\ngood,Good,percent,10,\nbad,Bad,percent,101,no-such-plan\n"));
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("line 3, value: '101' must be a percentage above 0 and at most 100", ran.Output, StringComparison.Ordinal);
        Assert.Contains("line 3, plans: 'no-such-plan' is no plan in the catalogue", ran.Output, StringComparison.Ordinal);
        Assert.Contains("there are no offers", (await here.RunAsync("offers", "list")).Output, StringComparison.Ordinal);
        Assert.Equal(2, (await here.RunAsync("offers", "import", Path.Combine(here.Folder, "nowhere.csv"))).ExitCode);
    }

    private async Task<string> FileAsync(string text)
    {
        var path = Path.Combine(here.Folder, "offers.csv");
        await File.WriteAllTextAsync(path, text, Encoding.UTF8, TestContext.Current.CancellationToken);
        return path;
    }
}
