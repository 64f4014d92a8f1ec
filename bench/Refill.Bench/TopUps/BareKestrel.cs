using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Refill.Bench.TopUps;

/// <summary>Kestrel that reads the same order and answers with the same bytes, without keys, wallets, cards or a ledger: the most that HTTP leaves on this machine.</summary>
internal static class BareKestrel
{
    private sealed record Order(string Card, string Plan, string PayWith);

    /// <summary>An order's answer as the server gives it.</summary>
    private static readonly byte[] Answer =
        """{"id":"AaII4wo_eeyc1Sd4O67CEg","orderCode":"28K3-Z1C7-Y6K9","state":"completed","card":"(***) ***-0123","carrier":"refill-mobile","plan":{"code":"refill-mobile-month","name":"Month 10 GB"},"price":{"minor":2000,"currency":"USD"},"added":{"dataBytes":10000000000,"dataUnlimited":false,"voiceSeconds":null,"voiceUnlimited":true,"messages":null,"messagesUnlimited":true},"validUntil":"2026-12-23T05:00:00+00:00","carrierReference":"RM-13B8C420E6FEC628","trouble":null,"createdAt":"2026-11-23T14:50:26.758+00:00","completedAt":"2026-11-23T14:50:26.758+00:00","walletBalance":{"minor":8000,"currency":"USD"}}"""u8.ToArray();

    public static async Task<int> RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.MapPost("/api/v1/top-ups", async (HttpContext context) =>
        {
            _ = await JsonSerializer.DeserializeAsync<Order>(context.Request.Body, JsonSerializerOptions.Web, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status201Created;
            return TypedResults.Bytes(Answer, "application/json");
        });
        await app.StartAsync();
        Console.WriteLine("ready");
        await Console.In.ReadLineAsync(); // Ends with the process that started it.
        await app.StopAsync();
        return 0;
    }
}
