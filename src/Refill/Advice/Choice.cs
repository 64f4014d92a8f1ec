using System.Runtime.CompilerServices;

namespace Refill.Advice;

[InlineArray(Needs.Commodities)]
internal struct Amounts
{
    private long first;
}

/// <summary>An offer that begins on one day: what of it can be of use from there, in the form in which the search adds it to a label.</summary>
internal sealed class Choice
{
    public required int Offer { get; init; }

    public required int Start { get; init; }

    /// <summary>Its place among all choices of the question.</summary>
    public int Number { get; set; }

    /// <summary>The last day of its first period, not after the last day of the question.</summary>
    public required int End { get; init; }

    public required int Carrier { get; init; }

    public required int Cents { get; init; }

    /// <summary>A pool, or what is given each day (<see cref="Daily"/>), never more than is needed in the window; 0: nothing of use.</summary>
    public Amounts Amounts;

    /// <summary>A bit for each commodity that is given anew each day.</summary>
    public int Daily { get; set; }

    /// <summary>A bit for each commodity whose need in the window it covers whole.</summary>
    public int Ample { get; set; }

    public required bool Slow { get; init; }

    public required bool Alone { get; init; }

    /// <summary>The periods after the first, in the same form; empty for nearly all.</summary>
    public required Choice[] Later { get; init; }

    public required int[] Uses { get; init; }

    /// <summary>It may be worth buying on a day on which nothing of it is used: tomorrow it is dearer, gone, or would end too late for what must wait for its end.</summary>
    public bool MayWait { get; set; }

    /// <summary>What it costs above what its grants are worth at the dual prices.</summary>
    public double Waste { get; set; }

    public bool Gives(int commodity) => Amounts[commodity] > 0;
}
