namespace Refill.Advice;

/// <summary>One part of what a label holds. Sorted by <see cref="Class"/>, then by <see cref="End"/>.</summary>
/// <param name="Class">0 to 3: a pool of that commodity; 4 to 7: so much of it each day; <see cref="Slow"/>; from <see cref="Runs"/> on: a plan of that carrier runs.</param>
internal readonly record struct Part(int Class, short Start, short End, long Amount)
{
    public const int Daily = Needs.Commodities;
    public const int Slow = 2 * Needs.Commodities;
    public const int Runs = Slow + 1;

    public bool Before(Part other) => Class != other.Class ? Class < other.Class : End != other.End ? End < other.End : Start < other.Start;
}

/// <summary>A state at the start of a day: what it has cost and what is left.</summary>
/// <param name="Linear">The same, by the dual prices alone.</param>
/// <param name="Bound">In cents: no schedule that goes on from here costs less.</param>
/// <param name="Path">The last purchase (index into the search's path), -1: none.</param>
internal readonly record struct Label(int Cents, int Linear, int Bound, int Offset, int Count, int Path, int Context, int SlowUsed);

/// <summary>The labels of one day with their parts.</summary>
internal sealed class LabelSet
{
    /// <summary>How many times more than it may keep a set compares with one another.</summary>
    private const int Crowd = 4;

    /// <summary>One part in so many of what is hoped for is not believed.</summary>
    private const int Doubt = 6;

    public List<Label> Labels { get; } = [];

    public List<Part> Parts { get; } = [];

    public ReadOnlySpan<Part> PartsOf(in Label label) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Parts).Slice(label.Offset, label.Count);

    public void Clear()
    {
        Labels.Clear();
        Parts.Clear();
    }

    /// <summary>Drops what another label beats, then all but the best <paramref name="width"/>.</summary>
    /// <returns>The least bound of those that were dropped for want of room; <see cref="int.MaxValue"/>: none was.</returns>
    public int Prune(Contexts contexts, int width)
    {
        Unite();
        var crowded = Labels.Count > (long)Crowd * width ? Narrow(Crowd * width) : int.MaxValue;
        Labels.Sort((a, b) => a.Cents != b.Cents ? a.Cents.CompareTo(b.Cents) : a.Bound != b.Bound ? a.Bound.CompareTo(b.Bound) : a.Path.CompareTo(b.Path));
        var kept = 0;
        for (var i = 0; i < Labels.Count; i++)
        {
            var label = Labels[i];
            var beaten = false;
            for (var j = kept - 1; j >= 0 && !beaten; j--)
            {
                beaten = Labels[j].Bound <= label.Bound && Labels[j].Linear <= label.Linear && Dominates(Labels[j], label, contexts);
            }

            if (!beaten)
            {
                Labels[kept++] = label;
            }
        }

        Labels.RemoveRange(kept, Labels.Count - kept);
        if (kept <= width)
        {
            return crowded;
        }

        return Math.Min(crowded, Narrow(width));
    }

    /// <summary>
    /// Keeps so many: a third each for their bound, for a bound that trusts what is hoped for less than what is paid (weighted A*), and for being the best of those that have cost about as much. By the
    /// bound alone a search keeps what has paid little yet and hopes for much.
    /// </summary>
    private int Narrow(int width)
    {
        var take = (width + 2) / 3;
        Labels.Sort((a, b) => a.Bound != b.Bound ? a.Bound.CompareTo(b.Bound) : a.Cents != b.Cents ? b.Cents.CompareTo(a.Cents) : a.Path.CompareTo(b.Path));
        Labels.Sort(take, Labels.Count - take, Comparer<Label>.Create((a, b) => Weighted(a) != Weighted(b) ? Weighted(a).CompareTo(Weighted(b)) : a.Path.CompareTo(b.Path)));
        var (first, groups) = (Math.Min(Labels.Count, 2 * take), Math.Max(0, width - (2 * take)));
        var rest = Labels.GetRange(first, Labels.Count - first);
        Labels.RemoveRange(first, Labels.Count - first);
        if (rest.Count == 0)
        {
            return int.MaxValue;
        }

        rest.Sort((a, b) => a.Bound != b.Bound ? a.Bound.CompareTo(b.Bound) : a.Path.CompareTo(b.Path));
        var (least, most) = (rest.Min(label => label.Cents), rest.Max(label => label.Cents));
        var taken = new bool[groups];
        var dropped = int.MaxValue;
        foreach (var label in rest)
        {
            var group = (int)((long)(label.Cents - least) * (groups - 1) / Math.Max(1, most - least));
            if (groups > 0 && !taken[group])
            {
                taken[group] = true;
                Labels.Add(label);
            }
            else
            {
                dropped = Math.Min(dropped, label.Bound);
            }
        }

        return dropped;
    }

    private static long Weighted(Label label) => label.Bound + ((label.Bound - label.Cents) / Doubt);

    /// <summary>Of labels that hold the same, the cheapest.</summary>
    private void Unite()
    {
        var seen = new Dictionary<int, int>(Labels.Count);
        var kept = 0;
        for (var i = 0; i < Labels.Count; i++)
        {
            var label = Labels[i];
            var hash = new HashCode();
            hash.Add(label.Context);
            hash.Add(label.SlowUsed);
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(PartsOf(label)));
            var key = hash.ToHashCode();
            if (seen.TryGetValue(key, out var at) && Labels[at].Context == label.Context && Labels[at].SlowUsed == label.SlowUsed && PartsOf(Labels[at]).SequenceEqual(PartsOf(label)))
            {
                if (label.Cents < Labels[at].Cents)
                {
                    Labels[at] = label;
                }

                continue;
            }

            seen[key] = kept;
            Labels[kept++] = label;
        }

        Labels.RemoveRange(kept, Labels.Count - kept);
    }

    /// <summary>For each commodity and each day, at least as much that lasts to it or longer; the same for what is given daily; slow no less, nothing that must wait longer.</summary>
    private bool Dominates(in Label a, in Label b, Contexts contexts)
    {
        if (a.SlowUsed > b.SlowUsed || !contexts.Dominates(a.Context, b.Context))
        {
            return false;
        }

        var x = PartsOf(a);
        var y = PartsOf(b);
        var (i, j) = (x.Length - 1, y.Length - 1);

        // From the last class back, and in it from the latest end back: sums of what lasts to an end or longer.
        while (j >= 0 || i >= 0)
        {
            var part = Math.Max(i >= 0 ? x[i].Class : -1, j >= 0 ? y[j].Class : -1);
            if (part >= Part.Runs)
            {
                // Running longer only makes others wait: of a's ends, b's must be as late.
                var (mine, theirs) = (-1, -1);
                for (; i >= 0 && x[i].Class == part; i--)
                {
                    mine = Math.Max(mine, x[i].Start > 0 ? short.MaxValue : x[i].End);
                }

                for (; j >= 0 && y[j].Class == part; j--)
                {
                    theirs = Math.Max(theirs, y[j].Start > 0 ? short.MaxValue - 1 : y[j].End);
                }

                if (mine > theirs)
                {
                    return false;
                }

                continue;
            }

            var (ours, other) = (0L, 0L);
            for (; j >= 0 && y[j].Class == part; j--)
            {
                if (y[j].Start > 0)
                {
                    if (Alike(x, y[j]) < Alike(y, y[j]))
                    {
                        return false;
                    }

                    continue;
                }

                other += y[j].Amount;
                for (; i >= 0 && x[i].Class == part && x[i].End >= y[j].End; i--)
                {
                    ours += x[i].Start > 0 ? 0 : x[i].Amount;
                }

                if (ours < other)
                {
                    return false;
                }
            }

            for (; i >= 0 && x[i].Class == part; i--)
            {
            }
        }

        return true;
    }

    /// <summary>What has not begun is compared only with its like: as much of the same class, beginning and end.</summary>
    private static long Alike(ReadOnlySpan<Part> parts, Part one)
    {
        var sum = 0L;
        foreach (var part in parts)
        {
            sum += part.Class == one.Class && part.Start == one.Start && part.End == one.End ? part.Amount : 0;
        }

        return sum;
    }
}
