using System.Text.RegularExpressions;
using System.Xml.Linq;
using Refill.Advice;
using Refill.Catalogue;
using Refill.Comparison;
using Refill.Reconciliation;
using Refill.Reviews;
using Refill.Server.Storefront;
using Refill.TopUps;

namespace Refill.Server.Tests.Storefront;

/// <summary>The words of the pages: three files that say the same, no more and no less than the pages ask for.</summary>
public sealed partial class TextTests
{
    private static readonly string Folder = Path.Combine(Root(), "src", "Refill.Server", "Storefront");

    /// <summary>Names and the like, which are the same in Chinese.</summary>
    private static readonly string[] SameInChinese = ["Brand", "Comma", "Side_Then", "Zone_UTC"];

    /// <summary>What may follow a key's first part where a page puts the two together.</summary>
    private static readonly Dictionary<string, string[]> Families = new()
    {
        ["Card_"] = Enum.GetNames<CardProblem>(),
        ["Quote_"] = Enum.GetNames<QuoteProblem>(),
        ["Trouble_"] = [.. Enum.GetNames<TopUpTrouble>().Where(name => name != nameof(TopUpTrouble.None))],
        ["Status_Title_"] = Enum.GetNames<TopUpState>(),
        ["Status_Lead_"] = Enum.GetNames<TopUpState>(),
        ["Problem_"] = [.. ProblemPage.Known.SelectMany(status => new[] { $"{status}", $"{status}_Lead" })],
        ["Pay_"] = ["alipay_Page", "alipay_Wap", "alipay_Qr", "wechatpay_Qr", "wechatpay_Wap", "wechatpay_InApp", "stripe_Page", "transfer_Transfer"],
        ["Gateway_"] = ["alipay", "wechatpay", "stripe", "transfer", "wallet"],
        ["Console_Gateway_"] = ["alipay", "wechatpay", "stripe", "transfer"],
        ["Console_Kind_"] = Enum.GetNames<DiscrepancyKind>(),
        ["Console_State_"] = [.. Enum.GetNames<DiscrepancyState>().Where(name => name != nameof(DiscrepancyState.Open))],
        ["Need_"] = Enum.GetNames<NeedFault>(),
        ["Need_Hotspot_"] = [.. NeedForm.Hotspots],
        ["Need_Sort_"] = [.. NeedForm.Orders],
        ["Lack_"] = [.. Enum.GetNames<LackKind>().Where(name => name != nameof(LackKind.Data))],
        ["Lack_Data_"] = Enum.GetNames<LackOf>(),
        ["Stacking_"] = Enum.GetNames<Stacking>(),
        ["Review_Star_"] = ["1", "2", "3", "4", "5"],
        ["Review_State_"] = Enum.GetNames<ReviewState>(),
        ["Review_Problem_"] = Enum.GetNames<ReviewProblem>(),
        ["Console_Reviews_"] = Enum.GetNames<ReviewState>(),
        ["Console_Held_"] = [.. Enum.GetNames<HoldReason>().Where(name => name != nameof(HoldReason.None))],
        ["Advice_"] = [.. Enum.GetNames<AdviceFault>(), nameof(AdviceKind.TooHard), nameof(AdviceKind.NotChecked)],
        ["Advice_Lack_"] = Enum.GetNames<Commodity>(),
        ["Advice_Else_"] = Enum.GetNames<AlternativeKind>(),
        ["Advice_Use_"] = Enum.GetNames<Habit>(),
        ["Zone_"] = [], // Only those of a list, which stand there whole.
    };

    private static readonly IReadOnlyDictionary<string, string> English = Read("Text.resx");

    public static TheoryData<string> Translations() => ["Text.zh-Hans.resx", "Text.es.resx"];

    [Theory]
    [MemberData(nameof(Translations))]
    public void Every_language_has_the_same_words(string file) => Assert.Equal(English.Keys.Order(StringComparer.Ordinal), Read(file).Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Translations))]
    public void What_is_filled_into_a_text_is_filled_into_its_translation(string file)
    {
        var translation = Read(file);

        Assert.All(English, text => Assert.Equal((text.Key, Places(text.Value)), (text.Key, Places(translation[text.Key]))));
    }

    [Fact]
    public void No_text_is_empty() =>
        Assert.All(Directory.GetFiles(Folder, "*.resx"), file => Assert.All(Read(Path.GetFileName(file)), text => Assert.False(string.IsNullOrWhiteSpace(text.Value), $"{file}: {text.Key}")));

    [Fact]
    public void The_Chinese_words_are_Chinese() =>
        Assert.All(Read("Text.zh-Hans.resx").Where(text => !SameInChinese.Contains(text.Key)), text => Assert.True(Han().IsMatch(text.Value), $"{text.Key}: {text.Value}"));

    [Fact]
    public void Every_word_that_the_pages_ask_for_is_there()
    {
        var asked = Asked().Concat(Families.SelectMany(family => family.Value.Select(rest => family.Key + rest))).ToHashSet();

        Assert.NotEmpty(asked);
        Assert.Empty(asked.Except(English.Keys));
    }

    [Fact]
    public void Every_word_that_is_there_is_asked_for()
    {
        var source = Source();
        var unused = English.Keys.Where(key =>
            !source.Contains($"\"{key}\"", StringComparison.Ordinal)
            && !Families.Any(family => family.Value.Any(rest => family.Key + rest == key)));

        Assert.Empty(unused);
    }

    [Fact]
    public void Every_key_that_is_put_together_is_of_a_known_family() =>
        Assert.Equal(Families.Keys.Order(StringComparer.Ordinal), Composed().Matches(Source()).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void No_page_and_no_code_holds_Chinese_of_its_own() => Assert.DoesNotMatch(Han(), Source());

    [Fact]
    public void A_word_that_is_missing_throws_instead_of_showing_its_key() => Assert.Throws<KeyNotFoundException>(() => StorefrontRig.Words("en")["NoSuchWord"]);

    private static Dictionary<string, string> Read(string file) =>
        XDocument.Load(Path.Combine(Folder, file)).Root!.Elements("data").ToDictionary(data => data.Attribute("name")!.Value, data => data.Element("value")!.Value);

    private static string Source() => string.Concat(
        Directory.GetFiles(Folder).Concat(Directory.GetFiles(Path.Combine(Folder, "..", "Console"))).Where(file => Path.GetExtension(file) is ".cs" or ".razor" or ".js" or ".css").Select(File.ReadAllText));

    private static IEnumerable<string> Asked()
    {
        var source = Source();
        return Direct().Matches(source).Select(match => match.Groups[1].Value)
            .Concat(Choice().Matches(source).SelectMany(match => new[] { match.Groups[1].Value, match.Groups[2].Value }))
            .Concat(Step().Matches(source).Select(match => match.Groups[1].Value));
    }

    private static string Places(string text) => string.Join(',', Place().Matches(text).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal));

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Refill.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException($"Refill.slnx is not above {AppContext.BaseDirectory}");
        }

        return folder;
    }

    /// <summary>V["Key"], V["Key", …], this["Key"].</summary>
    [GeneratedRegex("""\b(?:V|this|[vV]isitor(?:\(\))?)\["(\w+)"[\],]""")]
    private static partial Regex Direct();

    /// <summary>V[… ? "One" : "Other"].</summary>
    [GeneratedRegex("""\? "(\w+)" : "(\w+)"\]""")]
    private static partial Regex Choice();

    /// <summary>The names of a top-up's steps stand in lists.</summary>
    [GeneratedRegex("""
        "(Step_\w+)"
        """)]
    private static partial Regex Step();

    [GeneratedRegex("""
        "([A-Z]\w*_)" \+
        """)]
    private static partial Regex Composed();

    [GeneratedRegex(@"\{\d+")]
    private static partial Regex Place();

    [GeneratedRegex(@"\p{IsCJKUnifiedIdeographs}")]
    private static partial Regex Han();
}
