namespace PageStore.Cli;

/// <summary>What the guest of the demo and of the measurements is: its shares of a memory, its phases and its seed.</summary>
internal static class DemoWorkload
{
    /// <summary>Below it a working set would have too few pages to show anything.</summary>
    public const long LeastMemory = 16 << 20;

    /// <summary>Of the memory, in percent: what the guest works in. Estimates of servers' working sets are about a tenth.</summary>
    private const int WorkingPercent = 9;

    /// <summary>Of the memory, in percent: what holds something.</summary>
    private const int ConfiguredPercent = 92;

    /// <summary>The workload for a memory.</summary>
    /// <param name="memoryBytes">The memory.</param>
    /// <param name="workingBytes">The working set; null for its share of the memory.</param>
    /// <param name="configuredBytes">What holds something, the working set among it; null for its share of the memory.</param>
    public static GuestWorkload For(long memoryBytes, long? workingBytes = null, long? configuredBytes = null) => new()
    {
        Seed = 1,
        WorkingBytes = workingBytes ?? memoryBytes * WorkingPercent / 100,
        ConfiguredBytes = configuredBytes ?? memoryBytes * ConfiguredPercent / 100,
        PhaseOperations = 2_000_000,
        ReportOperations = 1_000,
        ColdOperations = 10_000,
    };
}
