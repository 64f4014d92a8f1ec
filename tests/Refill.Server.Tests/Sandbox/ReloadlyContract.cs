using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Refill.Server.Tests.Sandbox;

/// <summary>
/// Reloadly's OpenAPI document as a judge of answers: of every operation, every status and every field that it names, and no other. Its schemas
/// contradict its own examples in places; docs/decisions/reloadly-contract.md says which deviations are tolerated, and this class is
/// that page in code.
/// </summary>
internal sealed class ReloadlyContract
{
    private const string Instant = @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$";

    /// <summary>Fields that may be null beyond what the examples show: they exist for PIN operators, for a sender who was not named, or only once the operator has answered.</summary>
    private static readonly string[] Nullable = ["senderPhone", "recipientEmail", "pinDetail", "balanceInfo", "operatorTransactionId", "errorCode"];

    /// <summary>Amounts, rates and percentages that the schemas call integers; the examples show decimals for some of them.</summary>
    private static readonly string[] Decimals =
    [
        "commission", "internationalDiscount", "localDiscount", "mostPopularAmount", "minAmount", "maxAmount", "localMinAmount", "localMaxAmount", "rate",
        "oldBalance", "newBalance", "discount", "requestedAmount", "deliveredAmount",
    ];

    /// <summary>What the document says in words but not in its schemas, and what a connector cannot do without.</summary>
    private static readonly Dictionary<string, JsonObject> Narrower = new()
    {
        ["status"] = new() { ["enum"] = new JsonArray("PROCESSING", "SUCCESSFUL", "REFUNDED", "FAILED") },
        ["denominationType"] = new() { ["enum"] = new JsonArray("FIXED", "RANGE") },
        ["token_type"] = new() { ["enum"] = new JsonArray("Bearer") },
        ["expires_in"] = new() { ["minimum"] = 1 },
        ["transactionId"] = new() { ["minimum"] = 1 },
        ["timeStamp"] = new() { ["pattern"] = Instant },
        ["transactionDate"] = new() { ["pattern"] = Instant },
        ["fixedAmounts"] = new() { ["items"] = new JsonObject { ["type"] = "number" } },
    };

    private static readonly string[] OfTransaction =
    [
        "transactionId", "status", "operatorTransactionId", "customIdentifier", "recipientPhone", "countryCode", "operatorId", "discount", "discountCurrencyCode",
        "requestedAmount", "requestedAmountCurrencyCode", "deliveredAmount", "deliveredAmountCurrencyCode", "transactionDate",
    ];

    private static readonly string[] OfOperator =
        ["id", "operatorId", "name", "pin", "denominationType", "senderCurrencyCode", "destinationCurrencyCode", "country", "fixedAmounts"];

    /// <summary>Which fields must be there: the document's schemas require none.</summary>
    private static readonly Dictionary<string, string[]> Required = new()
    {
        ["post /oauth/token 200"] = ["access_token", "expires_in", "token_type", "scope"],
        ["get /operators/{operatorid} 200"] = OfOperator,
        ["get /operators/auto-detect/phone/{phone}/countries/{countryisocode} 200"] = OfOperator,
        ["post /topups 200"] = OfTransaction,
        ["post /topups-async 200"] = ["transactionId"],
        ["get /topups/{transactionId}/status 200"] = OfTransaction,
        ["get /topups/reports/transactions/{transactionId} 200"] = OfTransaction,
        ["get /topups/reports/transactions 200"] = ["content"],
    };

    private readonly JsonObject document;

    private ReloadlyContract(JsonObject document) => this.document = document;

    /// <summary>Reads specs/reloadly-openapi.yaml in the folder that REFILL_TEST_SHARED names.</summary>
    internal static ReloadlyContract Load()
    {
        var folder = Environment.GetEnvironmentVariable("REFILL_TEST_SHARED")
            ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder: run .ci/run, or ./test --shared DIR");
        using var reader = File.OpenText(Path.Combine(folder, "specs", "reloadly-openapi.yaml"));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return new ReloadlyContract((JsonObject)ToJson(yaml.Documents[0].RootNode)!);
    }

    /// <summary>The example that the document gives for an answer, with its empty list elements left out ("{}" stands for "and so on" there).</summary>
    internal JsonNode Example(string operation)
    {
        var example = Answer(operation)["example"]!.DeepClone();
        if (example["content"] is JsonArray rows)
        {
            foreach (var empty in rows.Where(row => row is JsonObject { Count: 0 }).ToList())
            {
                rows.Remove(empty);
            }
        }

        return example;
    }

    /// <summary>What is wrong with an answer, a line each; none if it keeps to the contract.</summary>
    /// <param name="path">As it was called, query and all.</param>
    internal async Task<IReadOnlyList<string>> CheckAsync(HttpMethod method, string path, int status, string body)
    {
        if (Operation(method.Method, path.Split('?')[0]) is not { } template)
        {
            return [$"{method} {path} is not in the contract"];
        }

        var operation = $"{method.Method.ToLowerInvariant()} {template} {status}";
        if (Find(operation) is null)
        {
            return [$"HTTP {status} is not in the contract of {method} {template}"];
        }

        try
        {
            // Once more strictly: no duplicate names, nothing behind the value.
            using var parsed = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException notJson)
        {
            return [$"not JSON: {notJson.Message}"];
        }

        var schema = await JsonSchema.FromJsonAsync(Schema(operation).ToJsonString());
        return [.. schema.Validate(body).Select(error => $"{error.Path}: {error.Kind}")];
    }

    private string? Operation(string method, string path)
    {
        var asked = path.Split('/');
        return document["paths"]!.AsObject()
            .Where(candidate => candidate.Value![method.ToLowerInvariant()] is not null)
            .Select(candidate => (Template: candidate.Key, Parts: candidate.Key.Split('/')))
            .Where(candidate => candidate.Parts.Length == asked.Length && candidate.Parts.Zip(asked).All(pair => pair.First.StartsWith('{') ? pair.Second.Length > 0 : pair.First == pair.Second))
            .OrderBy(candidate => candidate.Parts.Count(part => part.StartsWith('{')))
            .Select(candidate => candidate.Template)
            .FirstOrDefault();
    }

    private JsonNode? Find(string operation)
    {
        var (method, template, status) = operation.Split(' ') switch { var parts => (parts[0], parts[1], parts[2]) };
        return document["paths"]![template]![method]!["responses"]![status]?["content"]!["application/json"];
    }

    private JsonNode Answer(string operation) => Find(operation) ?? throw new ArgumentException($"{operation} is not in the contract");

    private JsonObject Schema(string operation)
    {
        var answer = Answer(operation);
        var name = answer["schema"]!["$ref"]!.GetValue<string>().Split('/')[^1];
        var schema = Merge("", document["components"]!["schemas"]![name], Example(operation), hasExample: true);
        Require(schema, operation.EndsWith(" 200", StringComparison.Ordinal) ? Required.GetValueOrDefault(operation) ?? [] : ["timeStamp", "message", "path"]);
        if (operation == "get /topups/reports/transactions 200")
        {
            Require(schema["properties"]!["content"]!["items"]!.AsObject(), OfTransaction);
        }

        if (operation.EndsWith(" 400", StringComparison.Ordinal) || operation.EndsWith(" 401", StringComparison.Ordinal))
        {
            Require(schema, ["timeStamp", "message", "path", "errorCode"]);
            schema["properties"]!["errorCode"]!["type"] = new JsonArray("string");
        }

        if (operation.StartsWith("get /operators/", StringComparison.Ordinal) && operation.EndsWith(" 200", StringComparison.Ordinal))
        {
            Require(schema["properties"]!["country"]!.AsObject(), ["isoName"]);
        }

        return schema;
    }

    private static void Require(JsonObject schema, string[] fields) => schema["required"] = new JsonArray([.. fields.Select(field => (JsonNode)field)]);

    /// <summary>
    /// The schema of a field: what the document's schema and the document's example allow together. Where they agree it is as strict as both; where they
    /// contradict each other (a type, a field that only one has) both are taken, for there is no telling which is the mistake. Nothing else is.
    /// </summary>
    private static JsonObject Merge(string name, JsonNode? schema, JsonNode? example, bool hasExample)
    {
        var types = new SortedSet<string>(StringComparer.Ordinal);
        if (schema?["type"]?.GetValue<string>() is { } stated)
        {
            types.Add(stated);
        }

        if (hasExample)
        {
            types.Add(TypeOf(example));
        }

        if (Nullable.Contains(name))
        {
            types.UnionWith(["null", "string"]);
        }

        if (Decimals.Contains(name) && types.Remove("integer"))
        {
            types.Add("number");
        }

        if (types is { Count: 1 } && types.Contains("null"))
        {
            types.Add("string");
        }

        var merged = new JsonObject { ["type"] = new JsonArray([.. types.Select(type => (JsonNode)type)]) };
        if (types.Contains("object"))
        {
            var stands = schema?["properties"]?.AsObject();
            var shown = example as JsonObject;
            var fields = (stands?.Select(field => field.Key) ?? []).Union(shown?.Select(field => field.Key) ?? []).Order(StringComparer.Ordinal);
            merged["properties"] = new JsonObject(fields.Select(field => KeyValuePair.Create(
                field, (JsonNode?)Merge(field, stands?[field], shown?[field], shown?.ContainsKey(field) == true))));

            // A map from amounts to amounts has no fields to name (suggestedAmountsMap).
            merged["additionalProperties"] = shown?.All(field => decimal.TryParse(field.Key, CultureInfo.InvariantCulture, out _)) == true && stands is null
                ? new JsonObject { ["type"] = "number" }
                : false;
        }

        if (types.Contains("array") && (schema?["items"] is not null || example is JsonArray { Count: > 0 }))
        {
            var elements = example as JsonArray ?? [];
            merged["items"] = Merge("", schema?["items"], elements.FirstOrDefault(), elements.Count > 0);
        }

        foreach (var (keyword, value) in Narrower.GetValueOrDefault(name) ?? [])
        {
            // A 404 has a "status" of its own: the HTTP status, a number.
            if (name != "status" || !types.Contains("integer"))
            {
                merged[keyword] = value!.DeepClone();
            }
        }

        return merged;
    }

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",

        _ => value.ToJsonString().Contains('.', StringComparison.Ordinal) ? "number" : "integer",
    };

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, ToJson(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "~" or "" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => scalar.Value == "true",
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when decimal.TryParse(scalar.Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) => number,
        YamlScalarNode scalar => scalar.Value,
        _ => throw new InvalidOperationException($"{node.NodeType} in the document"),
    };
}
