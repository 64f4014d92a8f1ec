namespace Refill.Browser.Tests;

/// <summary>
/// After the whole suite: the log of every server and every command that it started, and every text of every database that they filled, hold no number of a card, no phone number, no key and no token.
/// Its collection is not parallel, and such a collection runs when all others have ended; that they have is asserted.
/// </summary>
[Collection(nameof(SuiteSecrecyTests))]
public sealed class SuiteSecrecyTests
{
    /// <summary>A leak in one log is likely in all.</summary>
    private const int MostShown = 20;

    [Fact]
    public void No_log_and_no_database_of_the_whole_suite_holds_a_number_a_key_or_a_token()
    {
        Assert.True(Remains.Launched > 0, "no server was started: there is nothing to search");
        Assert.Equal(Remains.Launched, Remains.Logs.Count); // Else a server runs still, or its log has not been kept.
        Assert.NotEmpty(Remains.Texts);
        var leaks = new Leaks(Remains.Secrets);
        Assert.All(Remains.Secrets, secret => Assert.All(Leaks.WritingsOf(secret), writing => Assert.NotEmpty(leaks.In($"info: {writing}"))));

        var found = Remains.Logs.SelectMany(leaks.InLog).Concat(Remains.Texts.SelectMany(text => leaks.In(text.Text).Select(leak => $"{text.Place}: {leak}"))).Take(MostShown).ToList();

        Assert.Empty(found);
        TestContext.Current.TestOutputHelper!.WriteLine($"{Remains.Logs.Count} logs, {Remains.Texts.Count} different texts of {Remains.Databases} databases, {Remains.Secrets.Count} secrets");
    }
}

[CollectionDefinition(nameof(SuiteSecrecyTests), DisableParallelization = true)]
public static class AfterTheSuite;
