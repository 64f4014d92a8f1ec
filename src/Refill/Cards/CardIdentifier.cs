namespace Refill.Cards;

public enum CardIdentifierKind
{
    /// <summary>E.164, NANP only: "+1" and ten digits.</summary>
    Msisdn = 1,

    /// <summary>ICCID digits as CardRecognition canonicalises them.</summary>
    Iccid = 2,
}

/// <summary>What names a card: its phone number or its ICCID, in canonical form. Prints masked, so that it cannot slip into a log.</summary>
public readonly record struct CardIdentifier(CardIdentifierKind Kind, string Value)
{
    /// <summary>The last four digits as they stand on the card: an ICCID's canonical form lacks its check digit, the card does not.</summary>
    public string LastFour => Printed[^4..];

    /// <summary>"(***) ***-1234" for a number, "**** 1234" for an ICCID.</summary>
    public string Masked => Kind == CardIdentifierKind.Msisdn ? $"(***) ***-{LastFour}" : $"**** {LastFour}";

    /// <summary>For the confirming eye: "(201) 555-0123", or groups of four for an ICCID.</summary>
    public string Grouped => Kind == CardIdentifierKind.Msisdn
        ? $"({Value[2..5]}) {Value[5..8]}-{Value[8..]}"
        : string.Join(' ', Printed.Chunk(4).Select(group => new string(group)));

    public override string ToString() => Masked;

    private string Printed => Kind == CardIdentifierKind.Msisdn ? Value : Value + Luhn.CheckDigit(Value);
}
