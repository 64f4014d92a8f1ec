
namespace Refill.Sandbox.Control;

/// <summary>What faults do to an answer whose effect is already in the books.</summary>
internal static class Spoiling
{
    internal const string OtherCurrency = "USD";

    /// <summary>The answer comes late ("slow") or not at all ("lost-answer").</summary>
    /// <returns>False if there is nobody to be answered any more.</returns>
    internal static async Task<bool> WaitOrAbortAsync(HttpContext context, Fault? fault, TimeProvider time)
    {
        switch (fault?.Kind)
        {
            case FaultKind.LostAnswer:
                context.Abort();
                return false;
            case FaultKind.Slow:
                return await WaitAsync(context, fault.Wait, time);
            default:
                return true;
        }
    }

    internal static async Task<bool> WaitAsync(HttpContext context, TimeSpan wait, TimeProvider time)
    {
        try
        {
            await Task.Delay(wait, time, context.RequestAborted);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>An amount that is less than asked, in the smallest unit, and still one that the protocol allows.</summary>
    internal static long Smaller(long minor) => Math.Max(1, minor / 2);
}
