using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Refill.TopUps;

/// <summary>OpenTelemetry instruments of the journey; names and units stand in docs/operating.md. No personal data in any tag.</summary>
internal static class TopUpMetrics
{
    public const string Name = "Refill.TopUps";

    public static readonly ActivitySource Activities = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("refill.top_up.steps", "{step}", "steps taken, by name and state reached");
    private static readonly Histogram<double> TimeToComplete = Meter.CreateHistogram<double>("refill.top_up.paid_to_completed", "s", "from the payment to the carrier's credit");
    private static readonly Counter<long> Calls = Meter.CreateCounter<long>("refill.outside.calls", "{call}", "calls to gateways and carriers, by outcome");

    private static readonly Counter<long> Forgotten = Meter.CreateCounter<long>("refill.sweep.found", "{top-up}", "top-ups that stood still without work");

    public static void Swept(int count) => Forgotten.Add(count);

    public static void Stepped(Step step, TopUpState from)
    {
        if (from != step.After.State)
        {
            Steps.Add(1, new("step", step.Name), new("state", step.After.State.ToString()));
        }

        if (step.After is { State: TopUpState.Completed, CompletedAt: { } at, DeliveryStartedAt: { } started })
        {
            TimeToComplete.Record((at - started).TotalSeconds, new KeyValuePair<string, object?>("connector", step.After.Carrier.Connector));
        }
    }

    public static void Called(string whom, string what, object outcome) =>
        Calls.Add(1, new("whom", whom), new("what", what), new("outcome", outcome.GetType().Name));
}
