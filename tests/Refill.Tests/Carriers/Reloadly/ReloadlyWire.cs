using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Reloadly;
using Refill.Units;

namespace Refill.Tests.Carriers.Reloadly;

/// <summary>The wire to Reloadly in a test's hand: what was asked, and what is answered, in the words of the contract's examples.</summary>
internal sealed class ReloadlyWire : HttpMessageHandler
{
    internal static readonly CardIdentifier Card = new(CardIdentifierKind.Msisdn, "+12015550170");
    internal const string WebhookSecret = "a webhook secret of this test";

    internal readonly FakeTimeProvider Time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    internal readonly Logged Log = new();
    internal readonly ConcurrentQueue<(HttpMethod Method, string Path, string? Bearer, string Body)> Asked = [];
    private readonly Func<string, HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer;
    private int tokens;

    internal ReloadlyWire(Func<string, HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer, bool asynchronous = false)
    {
        this.answer = answer;
        var options = new ReloadlyOptions(
            new("https://auth.example"), new("https://topups.example"), "https://topups.reloadly.com", "client-of-test", "secret-of-test", WebhookSecret,
            TimeSpan.FromSeconds(20), (id, _) => Task.FromResult(id switch { 9101 => "mint", 9108 => "tello", _ => null }))
        {
            Asynchronous = asynchronous,
        };
        Carrier = new ReloadlyCarrier(new HttpClient(this) { Timeout = Timeout.InfiniteTimeSpan }, options, Time, Log);
    }

    /// <summary>Every call of the API is given the same answer.</summary>
    internal ReloadlyWire(HttpStatusCode status, string body, bool asynchronous = false)
        : this((_, _, _) => Task.FromResult(Answer(status, body)), asynchronous)
    {
    }

    internal ReloadlyCarrier Carrier { get; }

    /// <summary>How the token endpoint answers; a fresh token each time unless a test says otherwise.</summary>
    internal Func<int, HttpResponseMessage> TokenAnswer { get; set; } = number => Answer(HttpStatusCode.OK, Token($"token-{number}"));

    /// <summary>The token endpoint answers when this is done.</summary>
    internal Task TokenGate { get; set; } = Task.CompletedTask;

    internal int TokenCalls => Volatile.Read(ref tokens);

    internal IEnumerable<string> Paths => Asked.Select(call => call.Path);

    internal static string Token(string token, int lifeSeconds = 5_184_000) =>
        $$"""{"access_token":"{{token}}","scope":"developer","expires_in":{{lifeSeconds}},"token_type":"Bearer"}""";

    internal static HttpResponseMessage Answer(HttpStatusCode status, string body) => new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    internal static string Error(string? code) =>
        $$"""{"timeStamp":"2026-03-01 12:00:00","message":"No","path":"/topups","errorCode":{{(code is null ? "null" : $"\"{code}\"")}},"infoLink":null,"details":[]}""";

    internal static DeliveryOrder Order(Guid? id = null, string amount = "15.00", string reference = "9108", CardIdentifier? card = null) =>
        new(id ?? CellId.New(new Cell(7), TimeProvider.System), Guid.NewGuid(), card ?? Card, reference, amount, Money.Usd(1500));

    /// <summary>A transaction about that order; a test changes single fields. Types as in the contract's examples.</summary>
    internal static string Transaction(DeliveryOrder order, string status = "SUCCESSFUL", params (string Field, object? Value)[] changes)
    {
        var fields = new Dictionary<string, object?>
        {
            ["transactionId"] = 4602843,
            ["status"] = status,
            ["operatorTransactionId"] = "7297929551:OrderConfirmed",
            ["customIdentifier"] = ReloadlyIdentifier.Of(order.Id),
            ["recipientPhone"] = 12015550170,
            ["recipientEmail"] = null,
            ["senderPhone"] = null,
            ["countryCode"] = "US",
            ["operatorId"] = 9108,
            ["operatorName"] = "Tello Mobile US",
            ["discount"] = 0.45m,
            ["discountCurrencyCode"] = "USD",
            ["requestedAmount"] = 15.00m,
            ["requestedAmountCurrencyCode"] = "USD",
            ["deliveredAmount"] = 15.00m,
            ["deliveredAmountCurrencyCode"] = "USD",
            ["transactionDate"] = "2026-03-01 12:00:00",
            ["pinDetail"] = null,
            ["balanceInfo"] = null,
        };
        foreach (var (field, value) in changes)
        {
            fields[field] = value;
        }

        return JsonSerializer.Serialize(fields);
    }

    internal static string Operator(params (string Field, object? Value)[] changes)
    {
        var fields = new Dictionary<string, object?>
        {
            ["id"] = 9108,
            ["operatorId"] = 9108,
            ["name"] = "Tello Mobile US",
            ["bundle"] = false,
            ["data"] = true,
            ["pin"] = false,
            ["denominationType"] = "FIXED",
            ["senderCurrencyCode"] = "USD",
            ["destinationCurrencyCode"] = "USD",
            ["country"] = new { isoName = "US", name = "United States" },
            ["fixedAmounts"] = new[] { 15.00m, 25.00m },
        };
        foreach (var (field, value) in changes)
        {
            fields[field] = value;
        }

        return JsonSerializer.Serialize(fields);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Asked.Enqueue((request.Method, request.RequestUri!.PathAndQuery, request.Headers.Authorization?.Parameter, body));
        if (request.RequestUri.Host != "auth.example")
        {
            return await answer(request.RequestUri.PathAndQuery, request, cancellationToken);
        }

        var number = Interlocked.Increment(ref tokens);
        await TokenGate;
        return TokenAnswer(number);
    }

    /// <summary>What was logged, in words and in values, to show that no number and no token is among it.</summary>
    internal sealed class Logged : ILogger
    {
        internal readonly ConcurrentQueue<(LogLevel Level, string Text)> Lines = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));
    }
}
