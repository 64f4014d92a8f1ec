using Refill.Sandbox.Pages;

namespace Refill.Sandbox.Alipay;

/// <summary>The words of the page where an agreement is signed.</summary>
/// <param name="Days">{0}: how many.</param>
/// <param name="Months">{0}: how many.</param>
internal sealed record AgreementWords(
    string Heading, string Signed, string Ended, string Number, string AtMost, string Every, string Days, string Months, string First, string Next, string Sign, string SignAndStay, string End);

/// <summary>The payment page's words in one language; CashierWords.json holds them.</summary>
/// <param name="Language">For the page's lang attribute.</param>
internal sealed record CashierWords(
    string Language,
    string Title,
    string Sandbox,
    string NoRealMoney,
    string Heading,
    string Paid,
    string Closed,
    string Error,
    string Subject,
    string Order,
    string Amount,
    string Pay,
    string PayAndStay,
    string Cancel,
    string Back,
    string MayClose,
    AgreementWords Agreement)
{
    internal static Wording<CashierWords> All { get; } = new("CashierWords.json");
}
