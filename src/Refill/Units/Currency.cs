namespace Refill.Units;

/// <summary>An ISO 4217 currency that Refill sells or is paid in, with the number of its minor digits.</summary>
public sealed record Currency
{
    public static readonly Currency Usd = new("USD", 2);
    public static readonly Currency Cny = new("CNY", 2);
    private static readonly Currency[] All = [Usd, Cny];

    private Currency(string code, int minorDigits) => (Code, MinorDigits) = (code, minorDigits);

    /// <summary>The three-letter code, upper case.</summary>
    public string Code { get; }

    /// <summary>Digits after the decimal point: an amount of 1234 with 2 digits is 12.34.</summary>
    public int MinorDigits { get; }

    /// <summary>The ledger's unit for this currency's minor unit.</summary>
    public Unit Unit => new(Code);

    /// <exception cref="ArgumentException">The code is not one that Refill knows.</exception>
    public static Currency Of(string code) =>
        Find(code) ?? throw new ArgumentException($"unknown currency '{code}'", nameof(code));

    public static Currency? Find(string? code) => Array.Find(All, currency => currency.Code == code);

    public override string ToString() => Code;
}
