using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>One progress report of a guest; many are the curve of its progress.</summary>
/// <param name="Nanoseconds">When, by CLOCK_MONOTONIC: the clock of <see cref="System.Diagnostics.Stopwatch"/> on Linux.</param>
/// <param name="Counter">What the guest counts, operations for example.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct KvmProgress(ulong Nanoseconds, ulong Counter);
