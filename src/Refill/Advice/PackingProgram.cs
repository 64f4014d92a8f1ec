using System.Numerics;

namespace Refill.Advice;

/// <summary>
/// max Σ v, 0 ≤ v ≤ upper, and rows Σ a·v ≤ b with a, b ≥ 0 that are added while it is solved: the dual simplex method on a dense tableau (Lemke 1954), which takes up again where a new row cuts. Its
/// answer is used after it has been checked, so that a wrong last digit costs a little of a bound and never its truth.
/// </summary>
internal sealed class PackingProgram
{
    private const double Zero = 1e-9;

    private readonly int count;
    private readonly List<double[]> rows = [];

    /// <summary>What each row's basic variable is: below <see cref="count"/> a variable, from there on a slack.</summary>
    private readonly List<int> basic = [];
    private readonly int[] outside;
    private readonly double[] objective;
    private int slacks;

    public PackingProgram(double[] upper)
    {
        count = upper.Length;
        outside = new int[count];
        objective = new double[count + 1];
        for (var j = 0; j < count; j++)
        {
            // Each variable begins at its upper end: nothing can be gained but by what is added.
            var row = new double[count + 1];
            (row[j], row[count]) = (1, upper[j]);
            rows.Add(row);
            basic.Add(j);
            (outside[j], objective[j]) = (count + slacks++, 1);
            objective[count] += upper[j];
        }
    }

    public int Pivots { get; private set; }

    public double Value => objective[count];

    public int Rows => rows.Count;

    public void CopyTo(double[] values)
    {
        Array.Clear(values);
        for (var i = 0; i < rows.Count; i++)
        {
            if (basic[i] < count)
            {
                values[basic[i]] = Math.Max(0, rows[i][count]);
            }
        }
    }

    public void Add(ReadOnlySpan<double> coefficients, double limit)
    {
        // In terms of what is outside the basis: slack = limit - Σ a·v.
        var row = new double[count + 1];
        row[count] = limit;
        for (var i = 0; i < rows.Count; i++)
        {
            if (basic[i] < count && coefficients[basic[i]] is var a and not 0)
            {
                var other = rows[i];
                for (var j = 0; j <= count; j++)
                {
                    row[j] -= a * other[j];
                }
            }
        }

        for (var j = 0; j < count; j++)
        {
            if (outside[j] < count)
            {
                row[j] += coefficients[outside[j]];
            }
        }

        rows.Add(row);
        basic.Add(count + slacks++);
    }

    /// <summary>Drops the rows that are furthest from binding, until so many are left.</summary>
    public void Forget(int most)
    {
        if (rows.Count <= count + most)
        {
            return;
        }

        var loose = Enumerable.Range(0, rows.Count).Where(i => basic[i] >= count).OrderByDescending(i => rows[i][count]).Take(rows.Count - count - most).OrderDescending().ToList();
        foreach (var i in loose)
        {
            (rows[i], basic[i]) = (rows[^1], basic[^1]);
            rows.RemoveAt(rows.Count - 1);
            basic.RemoveAt(basic.Count - 1);
        }
    }

    /// <summary>To the best solution of the rows so far.</summary>
    /// <returns>False: not within so many pivots, or it has none.</returns>
    public bool Solve(int mostPivots)
    {
        for (var n = 0; n < mostPivots; n++)
        {
            var (leaving, worst) = (-1, -1e-7);
            for (var i = 0; i < rows.Count; i++)
            {
                if (rows[i][count] < worst)
                {
                    (leaving, worst) = (i, rows[i][count]);
                }
            }

            if (leaving < 0)
            {
                return true;
            }

            var (entering, least) = (-1, double.PositiveInfinity);
            var row = rows[leaving];
            for (var j = 0; j < count; j++)
            {
                if (row[j] < -Zero)
                {
                    var ratio = objective[j] / -row[j];
                    if (ratio < least - Zero || (ratio < least + Zero && entering >= 0 && row[j] < row[entering]))
                    {
                        (entering, least) = (j, Math.Min(ratio, least));
                    }
                }
            }

            if (entering < 0)
            {
                return false;
            }

            Pivot(leaving, entering);
        }

        return false;
    }

    private void Pivot(int leaving, int entering)
    {
        Pivots++;
        var row = rows[leaving];
        var by = 1 / row[entering];
        for (var j = 0; j <= count; j++)
        {
            row[j] *= by;
        }

        row[entering] = by;
        for (var i = 0; i < rows.Count; i++)
        {
            if (i != leaving && rows[i][entering] is var factor and not 0)
            {
                Subtract(rows[i], row, factor, entering, by);
            }
        }

        if (objective[entering] is var cost and not 0)
        {
            Subtract(objective, row, cost, entering, by);
        }

        (basic[leaving], outside[entering]) = (outside[entering], basic[leaving]);
    }

    private static void Subtract(double[] from, double[] row, double factor, int entering, double by)
    {
        var by4 = new Vector<double>(factor);
        var j = 0;
        for (; j <= row.Length - Vector<double>.Count; j += Vector<double>.Count)
        {
            (new Vector<double>(from, j) - (by4 * new Vector<double>(row, j))).CopyTo(from, j);
        }

        for (; j < row.Length; j++)
        {
            from[j] -= factor * row[j];
        }

        from[entering] = -factor * by;
    }
}
