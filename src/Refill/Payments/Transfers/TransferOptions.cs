using Refill.Units;

namespace Refill.Payments.Transfers;

/// <summary>The seller's account that is transferred to.</summary>
/// <param name="Account">As payers are shown it: an IBAN or a number. What stands in parentheses is for them alone (a routing number, the bank's name) and is not held against statements.</param>
/// <param name="Holder">Whose it is.</param>
/// <param name="Currency">What it is kept in.</param>
public sealed record TransferOptions(string Account, string Holder, Currency Currency)
{
    public const int MostAccount = 100;
    public const int MostHolder = 70;
    private const int LeastNumber = 4;

    /// <summary>As accounts are compared: letters and digits, without what stands in parentheses.</summary>
    public string Number { get; } = NumberOf(Account);

    public static bool IsAccount(string text) => text.Length <= MostAccount && !text.Any(char.IsControl) && NumberOf(text).Length >= LeastNumber;

    public static bool IsHolder(string text) => text.Length <= MostHolder && !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl);

    internal static string NumberOf(string text)
    {
        var (number, depth) = (new System.Text.StringBuilder(text.Length), 0);
        foreach (var c in text)
        {
            depth += c == '(' ? 1 : c == ')' && depth > 0 ? -1 : 0;
            if (depth == 0 && char.IsAsciiLetterOrDigit(c))
            {
                number.Append(char.ToUpperInvariant(c));
            }
        }

        return number.ToString();
    }
}
