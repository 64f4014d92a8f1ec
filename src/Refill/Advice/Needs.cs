namespace Refill.Advice;

/// <summary>The needs of a question with their sums, so that what is needed in a window is one subtraction.</summary>
internal sealed class Needs
{
    public const int Commodities = 4;

    private readonly long[][] day;
    private readonly long[][] before;
    private readonly long[][] most;

    public Needs(Question question)
    {
        Days = question.Days;
        day = [.. question.Need.Select(row => row.ToArray())];
        before = [.. day.Select(Sums)];
        most = new long[Commodities][];
        for (var k = 0; k < Commodities; k++)
        {
            // The most that is needed in one day from here on.
            most[k] = new long[Days + 1];
            for (var t = Days - 1; t >= 0; t--)
            {
                most[k][t] = Math.Max(most[k][t + 1], day[k][t]);
            }
        }

        Needed = [.. Enumerable.Range(0, Commodities).Where(k => before[k][Days] > 0)];
    }

    public int Days { get; }

    /// <summary>The commodities of which anything is needed.</summary>
    public int[] Needed { get; }

    public long this[int commodity, int t] => day[commodity][t];

    public long[] Of(int commodity) => day[commodity];

    /// <summary>What is needed on the days from <paramref name="first"/> to <paramref name="last"/>, both included; 0 if there are none.</summary>
    public long In(int commodity, int first, int last) => last < first ? 0 : before[commodity][Math.Min(last, Days - 1) + 1] - before[commodity][Math.Min(first, Days)];

    /// <summary>At least the most that is needed on one day of the window: exact if the window is the rest.</summary>
    public long MostFrom(int commodity, int first) => most[commodity][Math.Min(first, Days)];

    public long MostIn(int commodity, int first, int last)
    {
        long greatest = 0;
        for (var t = first; t <= Math.Min(last, Days - 1); t++)
        {
            greatest = Math.Max(greatest, day[commodity][t]);
        }

        return greatest;
    }

    /// <summary>What of the window so much a day can meet.</summary>
    public long DailyIn(int commodity, int first, int last, long amount)
    {
        var sum = 0L;
        for (var t = first; t <= last; t++)
        {
            sum += Math.Min(amount, day[commodity][t]);
        }

        return sum;
    }

    /// <summary>How much of a commodity a choice can give, in all its periods.</summary>
    public long Usable(Choice choice, int commodity)
    {
        var sum = !choice.Gives(commodity) ? 0 : (choice.Daily & (1 << commodity)) == 0 ? choice.Amounts[commodity] : DailyIn(commodity, choice.Start, choice.End, choice.Amounts[commodity]);
        foreach (var later in choice.Later)
        {
            sum += Usable(later, commodity);
        }

        return sum;
    }

    private static long[] Sums(long[] row)
    {
        var sums = new long[row.Length + 1];
        for (var t = 0; t < row.Length; t++)
        {
            sums[t + 1] = sums[t] + row[t];
        }

        return sums;
    }
}
