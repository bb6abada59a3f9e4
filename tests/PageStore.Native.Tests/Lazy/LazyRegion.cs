using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>Memory whose pages are missing, and threads that touch it inside the C library, where the collector does not wait for them.</summary>
internal sealed unsafe class LazyRegion : IDisposable
{
    internal const int PageCount = 64;

    private readonly List<Thread> _threads = [];

    internal LazyRegion(bool shared)
    {
        SkipWithoutKernelFaults();
        long bytes = (long)PageCount * Environment.SystemPageSize;
        Region = shared ? MemoryRegion.CreateShared(bytes) : MemoryRegion.CreatePrivate(bytes);
        Lazy = UserFaultMemory.Register(Region);
    }

    internal MemoryRegion Region { get; }

    internal UserFaultMemory Lazy { get; }

    /// <summary>The userfaultfd: what <c>struct ps_lazy</c> begins with (lazy.h).</summary>
    internal int Descriptor => *(int*)Lazy.Handle.DangerousGetHandle();

    internal static void SkipWithoutKernelFaults() => Assert.SkipUnless(
        LinuxTrackingCapabilities.Probe().HasKernelFaults, "userfaultfd serves no faults from inside the kernel here: run as root, or set vm.unprivileged_userfaultfd=1.");

    internal static byte[] Content(int seed, int pages = 1)
    {
        byte[] content = new byte[pages * Environment.SystemPageSize];
        new Random(seed).NextBytes(content);
        return content;
    }

    internal static byte[] PageOf(byte[] content, int index) => content.AsSpan(index * Environment.SystemPageSize, Environment.SystemPageSize).ToArray();

    /// <summary>Copies a page out.</summary>
    internal Task<byte[]> ReadAsync(long page) => RunAsync(() =>
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(Environment.SystemPageSize, pinned: true);
        Libc.memcpy(Marshal.UnsafeAddrOfPinnedArrayElement(copy, 0), AddressOf(page), copy.Length);
        return copy;
    });

    /// <summary>Writes the first byte of a page.</summary>
    internal Task WriteAsync(long page, byte value) => RunAsync(() =>
    {
        byte byValue = value;
        return Libc.memcpy(AddressOf(page), (nint)(&byValue), 1);
    });

    /// <summary>Gives pages up.</summary>
    internal Task RemoveAsync(long first, long count) => RunAsync(() =>
    {
        Libc.Check(Libc.madvise((void*)AddressOf(first), (nuint)(count * Environment.SystemPageSize), Region.IsShared ? Libc.MadvRemove : Libc.MadvDontNeed), "madvise");
        return true;
    });

    /// <summary>Has the kernel read a page; false if it cannot.</summary>
    internal bool CanKernelRead(long page)
    {
        string path = Path.GetTempFileName();
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            return Libc.pwrite((int)file.DangerousGetHandle(), AddressOf(page), Environment.SystemPageSize, 0) == Environment.SystemPageSize;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Makes one mapping of the kernel's two, as a program does that treats a part of its memory otherwise.</summary>
    internal void SplitAt(long page)
    {
        Libc.Check(Libc.madvise((void*)AddressOf(page), (nuint)((PageCount - page) * Environment.SystemPageSize), Libc.MadvRandom), "madvise");
        Assert.Contains(File.ReadLines("/proc/self/maps"), line => line.StartsWith($"{AddressOf(page):x}-", StringComparison.Ordinal));
    }

    /// <summary>Waits for the next event.</summary>
    internal LazyMemoryEvent Next()
    {
        var events = new LazyMemoryEvent[1];
        while (Lazy.ReadEvents(events) == 0)
        {
            Lazy.Wait(Timeout.InfiniteTimeSpan);
        }

        return events[0];
    }

    public void Dispose()
    {
        // Where a test fails, threads wait for a page still: they go on with zeros, and must not lose the memory.
        Lazy.Dispose();
        _threads.ForEach(thread => thread.Join());
        Region.Dispose();
    }

    private Task<T> RunAsync<T>(Func<T> touch)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(touch());
            }
            catch (InvalidOperationException e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
        };
        _threads.Add(thread);
        thread.Start();
        return done.Task;
    }

    private nint AddressOf(long page) => Region.Mapping.DangerousGetHandle() + (nint)(page * Environment.SystemPageSize);
}
