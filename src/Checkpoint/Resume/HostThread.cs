using System.Runtime.InteropServices;

namespace PageStore.Checkpoint;

/// <summary>How the host shares its processors between threads. The framework's <see cref="Thread.Priority"/> does nothing on Linux.</summary>
internal static partial class HostThread
{
    /// <summary>Half of what there is: next to a guest's processor such a thread gets about a tenth of what it gets, and is never starved (the kernel's sched_prio_to_weight).</summary>
    private const int Increment = 10;

    /// <summary>Has the calling thread give way to those that somebody waits for, until it ends. Does nothing where the host has no such thing.</summary>
    public static void GiveWay()
    {
        if (OperatingSystem.IsLinux())
        {
            // On Linux a thread's own (nice(2), "C library/kernel differences").
            _ = Nice(Increment);
        }
    }

    [LibraryImport("libc", EntryPoint = "nice")]
    private static partial int Nice(int increment);
}
