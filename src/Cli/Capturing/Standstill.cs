namespace PageStore.Cli;

/// <summary>Whether a guest stands still for an epoch, and how often it has, for whoever must not hold it up for long. For the thread of the capture.</summary>
internal sealed class Standstill
{
    /// <summary>Whether the guest may stand still.</summary>
    public bool IsOn { get; private set; }

    /// <summary>How many there were, the one that is on included.</summary>
    public long Number { get; private set; }

    public void Begin() => (IsOn, Number) = (true, Number + 1);

    public void End() => IsOn = false;
}
