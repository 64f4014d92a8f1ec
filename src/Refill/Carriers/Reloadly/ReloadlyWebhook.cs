using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Refill.Carriers.Reloadly;

/// <summary>
/// Verifies and reads a webhook: X-Reloadly-Signature is the lower-case hexadecimal HMAC-SHA256 of "body:timestamp", the timestamp being that of
/// X-Reloadly-Request-Timestamp in Unix seconds. The contract does not describe webhooks; this is what third parties' code agrees on
/// (docs/decisions/reloadly-contract.md). Nothing in the body is believed but which delivery to ask about.
/// </summary>
internal static class ReloadlyWebhook
{
    internal const int LongestBody = 64 * 1024;
    internal static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    internal static CarrierNotification Read(RawWebhook notification, string? secret, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(secret))
        {
            return new CarrierNotification.Refused("no webhook secret is set");
        }

        if (notification.Body.Length > LongestBody)
        {
            return new CarrierNotification.Refused("body too long");
        }

        if (Header(notification, "X-Reloadly-Signature") is not { } signature || Header(notification, "X-Reloadly-Request-Timestamp") is not { } timestamp)
        {
            return new CarrierNotification.Refused("signature or timestamp missing");
        }

        if (timestamp.Length > 12 || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return new CarrierNotification.Refused("timestamp is not in Unix seconds");
        }

        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.ASCII.GetBytes(Sign(notification.Body.Span, timestamp, secret))))
        {
            return new CarrierNotification.Refused("signature differs");
        }

        if (Math.Abs(now.ToUnixTimeSeconds() - seconds) > Tolerance.TotalSeconds)
        {
            return new CarrierNotification.Refused("timestamp too old or too new");
        }

        return Find(notification.Body) is { } deliveryId
            ? new CarrierNotification.Genuine(deliveryId)
            : new CarrierNotification.Refused("not about a top-up of ours");
    }

    private static string Sign(ReadOnlySpan<byte> body, string timestamp, string secret)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(body);
        hmac.AppendData(Encoding.ASCII.GetBytes($":{timestamp}"));
        return Convert.ToHexStringLower(hmac.GetHashAndReset());
    }

    private static string? Header(RawWebhook notification, string name) =>
        notification.Headers.FirstOrDefault(header => string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The identifier stands under "data" or, as other code has it, under "data.transaction" or at the top.</summary>
    private static Guid? Find(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var top = document.RootElement;
            var data = Child(top, "data");
            foreach (var place in new[] { data, Child(data, "transaction"), top })
            {
                if (ReloadlyIdentifier.TryRead(ReloadlyJson.Text(place, "customIdentifier"), out var id))
                {
                    return id;
                }
            }
        }
        catch (JsonException)
        {
            // Signed, but not JSON: not about a top-up of ours.
        }

        return null;
    }

    private static JsonElement Child(JsonElement within, string name) =>
        within.ValueKind == JsonValueKind.Object && within.TryGetProperty(name, out var child) ? child : default;
}
