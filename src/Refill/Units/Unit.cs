namespace Refill.Units;

/// <summary>What an account counts: the minor unit of a currency ("USD", "CNY"), bytes, seconds, messages. Postings sum to zero per unit.</summary>
public readonly record struct Unit(string Code)
{
    public static readonly Unit Byte = new("byte");
    public static readonly Unit HotspotByte = new("hotspot-byte");
    public static readonly Unit VoiceSecond = new("voice-second");
    public static readonly Unit Message = new("sms");

    public override string ToString() => Code;
}
