namespace Refill.Advice;

/// <summary>What a label owns and may still use: which SIMs are paid for, how often each limited thing is left. There are few of them; each is kept once and known by a number.</summary>
internal sealed class Contexts
{
    private readonly Question question;
    private readonly List<Context> all = [];
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Context, int Carrier, int[] Uses), int> after = [];
    private readonly Dictionary<long, bool> dominance = [];

    public Contexts(Question question)
    {
        this.question = question;
        Start = Number([.. question.Carriers.Select(carrier => carrier.Owned || carrier.SimCents == 0)], [.. question.UsesLeft.Select(uses => (byte)uses)]);
    }

    public int Start { get; }

    /// <summary>The SIM of the carrier if it is not owned yet, in cents.</summary>
    public int Sim(int context, int carrier) => all[context].Owned[carrier] ? 0 : (int)question.Carriers[carrier].SimCents;

    public bool Owns(int context, int carrier) => all[context].Owned[carrier];

    /// <summary>The context after this purchase; -1: it would take a use that is not there.</summary>
    public int After(int context, Choice choice)
    {
        if (choice.Uses.Length == 0 && all[context].Owned[choice.Carrier])
        {
            return context;
        }

        if (after.TryGetValue((context, choice.Carrier, choice.Uses), out var known))
        {
            return known;
        }

        var (owned, uses) = ((bool[])all[context].Owned.Clone(), (byte[])all[context].Uses.Clone());
        owned[choice.Carrier] = true;
        var enough = true;
        foreach (var use in choice.Uses)
        {
            enough &= uses[use] > 0;
            uses[use]--;
        }

        return after[(context, choice.Carrier, choice.Uses)] = enough ? Number(owned, uses) : -1;
    }

    /// <summary>Whoever has <paramref name="a"/> can do all that whoever has <paramref name="b"/> can.</summary>
    public bool Dominates(int a, int b)
    {
        if (a == b)
        {
            return true;
        }

        var key = ((long)a << 32) | (uint)b;
        if (!dominance.TryGetValue(key, out var known))
        {
            var (x, y) = (all[a], all[b]);
            known = true;
            for (var i = 0; i < x.Owned.Length && known; i++)
            {
                known = x.Owned[i] || !y.Owned[i];
            }

            for (var i = 0; i < x.Uses.Length && known; i++)
            {
                known = x.Uses[i] >= y.Uses[i];
            }

            dominance[key] = known;
        }

        return known;
    }

    private int Number(bool[] owned, byte[] uses)
    {
        var name = string.Concat(owned.Select(own => own ? '1' : '0')) + '/' + Convert.ToHexString(uses);
        if (!numbers.TryGetValue(name, out var number))
        {
            numbers[name] = number = all.Count;
            all.Add(new Context(owned, uses));
        }

        return number;
    }

    private sealed record Context(bool[] Owned, byte[] Uses);
}
