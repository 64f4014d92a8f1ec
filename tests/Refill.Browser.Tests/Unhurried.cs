namespace Refill.Browser.Tests;

/// <summary>Tests that read the clock run alone: beside others, the machine's load would be measured.</summary>
[CollectionDefinition(nameof(Unhurried), DisableParallelization = true)]
public sealed class Unhurried;
