namespace Refill.Browser.Tests;

/// <summary>Numbers of the demo, and what the sandbox does with each; fictional numbers (555-01xx).</summary>
public static class DemoCard
{
    /// <summary>At the sandbox's Reloadly, which credits it and says so.</summary>
    public const string Healthy = "+12015550170";

    /// <summary>At the sandbox's Reloadly, which refuses to credit it.</summary>
    public const string Refused = "+12015550177";

    /// <summary>At the sandbox's Reloadly: credited, but the answer is lost.</summary>
    public const string LostAnswer = "+12015550179";

    /// <summary>At the demo's own carrier.</summary>
    public const string Own = "+12015550123";

    /// <summary>At the demo's own carrier, about to expire.</summary>
    public const string OwnAboutToExpire = "+12015550145";

    /// <summary>Known to no carrier.</summary>
    public const string Unknown = "+12015550102";
}
