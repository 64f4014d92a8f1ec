namespace Refill.TopUps;

/// <summary>Either a value or the reason why not; the surface turns the reason into words and a status code.</summary>
public readonly record struct Result<TValue, TRefusal>
    where TValue : class
    where TRefusal : class
{
    private Result(TValue? value, TRefusal? refusal) => (Value, Refusal) = (value, refusal);

    public TValue? Value { get; }

    public TRefusal? Refusal { get; }

    public static implicit operator Result<TValue, TRefusal>(TValue value) => new(value, null);

    public static implicit operator Result<TValue, TRefusal>(TRefusal refusal) => new(null, refusal);
}

public sealed record QuoteRefused(QuoteProblem Problem);
