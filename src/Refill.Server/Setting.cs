namespace Refill.Server;

/// <summary>One setting: its name, what it is for, what is allowed, and how its text is read.</summary>
/// <param name="Name">As on the command line after two hyphens; in the environment REFILL_ and the name in capitals with underscores.</param>
/// <param name="Default">The text that holds if nobody says otherwise; null: there is none.</param>
/// <param name="Allowed">What is allowed, in words, for help and for refusals.</param>
/// <param name="IsAllowed">Whether this text is.</param>
/// <param name="Secret">Never printed.</param>
public sealed record Setting(string Name, string? Default, string Purpose, string Allowed, Func<string, bool> IsAllowed, bool Secret = false)
{
    public string EnvironmentName => "REFILL_" + Name.Replace('-', '_').ToUpperInvariant();
}

/// <summary>A setting that is not allowed; the message names it and says what is.</summary>
public sealed class SettingException(string message) : Exception(message);
