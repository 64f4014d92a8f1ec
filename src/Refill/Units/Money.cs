using System.Globalization;

namespace Refill.Units;

/// <summary>An amount of money in minor units (cents, fen) of one currency. Never a floating point number.</summary>
public readonly record struct Money(long Minor, Currency Currency)
{
    public static Money Usd(long cents) => new(cents, Currency.Usd);

    public static Money Cny(long fen) => new(fen, Currency.Cny);

    public static Money operator +(Money left, Money right) => new(checked(left.Minor + right.Same(left).Minor), left.Currency);

    public static Money operator -(Money left, Money right) => new(checked(left.Minor - right.Same(left).Minor), left.Currency);

    public static Money operator -(Money amount) => amount with { Minor = checked(-amount.Minor) };

    /// <summary>The amount as gateways write it: invariant digits, a point, all minor digits ("216.90"); no sign but minus, no grouping.</summary>
    public string ToDecimalString()
    {
        var scale = (long)Math.Pow(10, Currency.MinorDigits);
        var magnitude = UInt128.CreateChecked(Int128.Abs(Minor));
        var whole = magnitude / (UInt128)scale;
        var fraction = ((ulong)(magnitude % (UInt128)scale)).ToString(CultureInfo.InvariantCulture).PadLeft(Currency.MinorDigits, '0');
        return $"{(Minor < 0 ? "-" : "")}{whole.ToString(CultureInfo.InvariantCulture)}.{fraction}";
    }

    /// <summary>Reads what <see cref="ToDecimalString"/> writes, and also fewer minor digits ("5", "5.1"). False for anything else: signs other than minus, spaces, grouping, exponents, too many digits.</summary>
    public static bool TryParseDecimal(string? text, Currency currency, out Money money)
    {
        money = default;
        if (string.IsNullOrEmpty(text) || text.Length > 20)
        {
            return false;
        }

        var negative = text[0] == '-';
        var parts = text[(negative ? 1 : 0)..].Split('.');
        if (parts.Length > 2 || parts[0].Length == 0 || (parts.Length == 2 && (parts[1].Length == 0 || parts[1].Length > currency.MinorDigits)))
        {
            return false;
        }

        var digits = parts[0] + (parts.Length == 2 ? parts[1] : "").PadRight(currency.MinorDigits, '0');
        if (!digits.All(char.IsAsciiDigit) || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
        {
            return false;
        }

        money = new Money(negative ? -minor : minor, currency);
        return true;
    }

    /// <summary>For logs and messages to developers; pages format by the visitor's culture.</summary>
    public override string ToString() => $"{ToDecimalString()} {Currency?.Code}";

    private Money Same(Money other) => Currency == other.Currency
        ? this
        : throw new InvalidOperationException($"{Currency} and {other.Currency} do not add up");
}
