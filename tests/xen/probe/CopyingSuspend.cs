using PageStore;

namespace XenProbe;

/// <summary>The same across a suspend.</summary>
internal sealed class CopyingSuspend(IGuestSuspend suspend, PauseSums sums) : CopyingPause(suspend, sums), IGuestSuspend
{
    public IReadOnlyList<GuestStateSection> ReadState() => suspend.ReadState();
}
