using Refill.Units;

namespace Refill.Carriers.Reloadly;

/// <summary>
/// The customIdentifier of a top-up: "rf-" and the 22 characters of its id. It follows from the id alone, so that a second call for the
/// same top-up is known to Reloadly as the same, and one for another never is.
/// </summary>
internal static class ReloadlyIdentifier
{
    private const string Prefix = "rf-";

    internal static string Of(Guid topUpId) => Prefix + CellId.ToText(topUpId);

    internal static bool TryRead(string? text, out Guid topUpId)
    {
        topUpId = default;
        return text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && CellId.TryParse(text[Prefix.Length..], out topUpId);
    }
}
