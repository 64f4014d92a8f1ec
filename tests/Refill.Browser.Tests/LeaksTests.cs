using System.Text;

namespace Refill.Browser.Tests;

/// <summary>The detector finds what is planted and nothing in an honest log.</summary>
public sealed class LeaksTests
{
    private const string Number = "+12015550123";
    private const string Iccid = "8901260123456789015";

    [Theory]
    [InlineData("top-up for +12015550123")]
    [InlineData("GET /?card=%2B12015550123")]
    [InlineData("typed (201) 555-0123")]
    [InlineData("typed 201-555-0123")]
    [InlineData("typed 201.555.0123")]
    [InlineData("local part 5550123")]
    [InlineData("card 8901260123456789015")]
    [InlineData("card 890126012345678901")]
    [InlineData("card 8901 2601 2345 6789 015")]
    [InlineData("someone else's 4111111111111111")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("Authorization: Bearer abc")]
    [InlineData("?app_id=1&sign=AbC")]
    [InlineData("the planted secret hunter22")]
    public void Each_planted_secret_is_found_in_a_log(string line) =>
        Assert.NotEmpty(Leaks.InLog($"info: started\n{line}\n", [Number, Iccid], ["hunter22"]));

    [Fact]
    public void A_masked_log_holds_nothing() =>
        Assert.Empty(Leaks.InLog("2026-11-23T11:47:42.2742374Z info: top-up 0199 for (***) ***-0123 completed in 12 ms, order 7KQ4-M2XD-9TPA", [Number, Iccid], ["hunter22"]));

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    public void A_number_in_a_file_is_found_in_either_encoding(string encoding)
    {
        byte[] file = [0, 255, .. Encoding.GetEncoding(encoding).GetBytes("x2015550123x"), 7];

        Assert.NotEmpty(Leaks.InFile(file, [Number]));
        Assert.Empty(Leaks.InFile(file, [Iccid]));
    }
}
