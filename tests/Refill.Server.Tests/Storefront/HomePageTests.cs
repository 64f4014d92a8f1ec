using System.Net;
using Refill.TopUps;

namespace Refill.Server.Tests.Storefront;

/// <summary>What is typed into the one field: understood, or refused with the right status and words that say what is wrong.</summary>
public sealed class HomePageTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    private const int Unprocessable = 422;

    /// <summary>Asked about only here, with a fault.</summary>
    private const string SilentCard = "+12015550131";

    /// <summary>What is typed, why it is refused, what the message names, and the status.</summary>
    public static TheoryData<string, CardProblem, object?, int> Refused() => new()
    {
        { "", CardProblem.Empty, null, Unprocessable },
        { "  ", CardProblem.Empty, null, Unprocessable },
        { "abcdefg", CardProblem.NotANumber, null, Unprocessable },
        { "<script>alert(1)</script>", CardProblem.NotANumber, null, Unprocessable },
        { "123", CardProblem.TooShort, 3, Unprocessable },
        { "1234567890123456789012345", CardProblem.TooLong, 25, Unprocessable },
        { "+44 7400 123456", CardProblem.WrongCountry, "GB", Unprocessable },
        { "+1 416 555 0123", CardProblem.Canadian, null, Unprocessable },
        { "+1 876 555 0123", CardProblem.Caribbean, "JM", Unprocessable },
        { "201-555-0123 ext. 5", CardProblem.HasExtension, null, Unprocessable },
        { "201 055 0123", CardProblem.NotAValidUsNumber, null, Unprocessable },
        { "8901999000000001235", CardProblem.IccidCheckDigit, null, Unprocessable },
        { "1234567890123456789", CardProblem.IccidNotTelecom, null, Unprocessable },
        { "+12015550102", CardProblem.UnknownToCarriers, null, 404 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_no_card_of_ours_is_refused_in_words_of_each_language_and_shown_again(string typed, CardProblem problem, object? detail, int status)
    {
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = shared.Rig.Visitor(language);

            var answer = await visitor.FindAsync(typed);

            Assert.Equal((status, StorefrontRig.Words(language)["Card_" + problem, detail]), ((int)answer.Status, answer.Error));
            Assert.Equal(typed, answer.Hidden("card"));
            Assert.Equal(("true", "error hint"), (answer.Page.QuerySelector("#card")!.GetAttribute("aria-invalid"), answer.Page.QuerySelector("#card")!.GetAttribute("aria-describedby")));
        }
    }

    [Theory]
    [InlineData("(201) 555-0123")]
    [InlineData("1-201-555-0123")]
    [InlineData("+1 201.555.0123")]
    [InlineData("２０１５５５０１２３")]
    public async Task A_number_in_any_common_way_of_writing_shows_its_plans(string typed)
    {
        using var visitor = shared.Rig.Visitor();

        var answer = await visitor.FindAsync(typed);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("(201) 555-0123", answer.Page.QuerySelector(".number")!.TextContent);
        Assert.NotEmpty(answer.Page.QuerySelectorAll("button[name=plan]"));
    }

    [Theory]
    [InlineData("8901999000000001234")]
    [InlineData("890199900000000123")]
    public async Task An_ICCID_is_understood_with_its_check_digit_and_without(string typed)
    {
        using var visitor = shared.Rig.Visitor();

        var answer = await visitor.FindAsync(typed);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("8901 9990 0000 0001 234", answer.Page.QuerySelector(".number")!.TextContent);
    }

    [Fact]
    public async Task A_carrier_that_does_not_answer_is_said_to_and_may_be_asked_again()
    {
        using var visitor = shared.Rig.Visitor();
        await shared.Rig.FaultAsync("reloadly", "lookup", new { number = SilentCard }, "error-500");

        var answer = await visitor.FindAsync(SilentCard);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal(StorefrontRig.Words("en")["Card_CarrierDoesNotAnswer"], answer.Error);
        Assert.Equal("30", answer.Header("Retry-After"));
    }

    [Fact]
    public async Task What_was_typed_is_never_markup()
    {
        const string Typed = "\"><script>alert(1)</script>";
        using var visitor = shared.Rig.Visitor();
        var scripts = (await visitor.GetAsync("/")).Page.Scripts.Length;

        var answer = await visitor.FindAsync(Typed);

        Assert.Equal((Typed, scripts), (answer.Hidden("card"), answer.Page.Scripts.Length));
    }

    [Theory]
    [InlineData("/plans")]
    [InlineData("/confirm")]
    public async Task An_address_that_only_a_form_leads_to_begins_again_from_the_first_page(string path)
    {
        using var visitor = shared.Rig.Visitor();

        var answer = await visitor.GetAsync(path);

        Assert.Equal((HttpStatusCode.Redirect, "/"), (answer.Status, answer.Headers.Location!.OriginalString));
    }

    [Theory]
    [InlineData(StorefrontRig.NoSuchId)]
    [InlineData("nonsense")]
    public async Task A_card_that_does_not_exist_is_not_found(string id)
    {
        using var visitor = shared.Rig.Visitor();

        var answer = await visitor.GetAsync($"/cards/{id}");

        Assert.Equal((HttpStatusCode.NotFound, StorefrontRig.Words("en")["Problem_404"]), (answer.Status, answer.Title));
    }
}
