namespace Refill.TopUps;

/// <summary>Remembers for a moment what was checked, so that an impatient page does not become a load on the gateway. Bounded.</summary>
internal sealed class RecentChecks(TimeProvider time, TimeSpan leastBetween)
{
    private const int MaxRemembered = 10_000;
    private readonly Lock gate = new();
    private readonly Dictionary<Guid, long> last = [];

    /// <summary>True if the last check of this was long enough ago; it counts as checked from now on.</summary>
    public bool TryBegin(Guid id)
    {
        lock (gate)
        {
            if (last.TryGetValue(id, out var at) && time.GetElapsedTime(at) < leastBetween)
            {
                return false;
            }

            if (last.Count >= MaxRemembered)
            {
                foreach (var old in last.Where(entry => time.GetElapsedTime(entry.Value) >= leastBetween).Select(entry => entry.Key).ToList())
                {
                    last.Remove(old);
                }
            }

            if (last.Count < MaxRemembered)
            {
                last[id] = time.GetTimestamp();
            }

            return true;
        }
    }
}
