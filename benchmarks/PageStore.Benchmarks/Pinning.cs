using System.Runtime.InteropServices;

namespace PageStore.Benchmarks;

/// <summary>
/// Pins the calling thread to one virtual processor; threads that it creates begin there too. Two threads that are left alone often
/// share one, and then what they could do side by side is chance.
/// </summary>
internal static partial class Pinning
{
    /// <summary>Pins the calling thread.</summary>
    public static void To(int processor)
    {
        ulong mask = 1UL << (processor % Environment.ProcessorCount);
        if (SetAffinity(0, sizeof(ulong), mask) != 0)
        {
            throw new InvalidOperationException($"The thread cannot be pinned to processor {processor}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nint size, in ulong mask);
}
