using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>What a child does with files that are cut off while they are mapped. Whether it lives is part of what is tested.</summary>
internal static unsafe class GuardRoles
{
    internal const string Early = "guard-early";
    internal const string Faults = "guard-faults";
    internal const string Threads = "guard-threads";
    internal const string NullReferences = "guard-null-references";
    internal const string Chained = "guard-chained";
    internal const string Ignored = "guard-ignored";
    internal const string IgnoredFault = "guard-ignored-fault";
    internal const string ForeignFault = "guard-foreign-fault";
    internal const string Destination = "guard-destination";
    internal const string Sent = "guard-sent";
    internal const string ManagedFault = "guard-managed-fault";
    internal const string ManagedFaultWithoutGuard = "guard-managed-fault-bare";

    // include/uapi/asm-generic/signal.h and signal-defs.h
    internal const int SigBus = 7;
    private const nint SigDfl = 0;
    private const nint SigIgn = 1;

    /// <summary>EIO of include/uapi/asm-generic/errno-base.h.</summary>
    private const int Eio = 5;

    /// <summary>Runs a role.</summary>
    /// <returns>The exit code, or null if it is none of these roles.</returns>
    internal static int? TryRun(string role)
    {
        // Those that are killed would leave a core file.
        Libc.Check(Libc.prctl(Libc.PrSetDumpable, 0, 0, 0, 0), "prctl");
        switch (role)
        {
            case Early: Say(CopyBeforeInstallation()); break;
            case Faults: Say(CopyAroundTheEnd()); break;
            case Threads: Say(CopyInManyThreads()); break;
            case NullReferences: Say(CatchNullReferences()); break;
            case Chained: FaultUnderAnotherHandler(); break;
            case Ignored: FaultOnceInsteadOf(SigIgn); Libc.raise(SigBus); break;
            case IgnoredFault: FaultOnceInsteadOf(SigIgn); TouchNatively(); break;
            case Sent: FaultOnceInsteadOf(SigDfl); Libc.raise(SigBus); break;
            case ForeignFault: FaultOnceUnderTheGuard(); TouchNatively(); break;
            case Destination: CopyOntoMissingPages(); break;
            case ManagedFault: FaultOnceUnderTheGuard(); TouchFromManagedCode(); break;
            case ManagedFaultWithoutGuard: TouchFromManagedCode(); break;
            default:
                Libc.Check(Libc.prctl(Libc.PrSetDumpable, 1, 0, 0, 0), "prctl");
                return null;
        }

        return 0;
    }

    private static void Say(bool good) => Console.WriteLine($"good={good}");

    private static bool CopyBeforeInstallation()
    {
        byte* bytes = stackalloc byte[1];
        ShimResult early = NativeMethods.GuardCopy((nint)bytes, bytes, 0, out _);
        GuardedCopy guard = GuardedCopy.Install();
        return early == ShimResult.State && ReferenceEquals(guard, GuardedCopy.Install()) && guard.TryCopy((nint)bytes, new byte[1]);
    }

    /// <summary>Copies that end, begin and lie around the end of the file, again and again: a signal left blocked would kill at the second.</summary>
    private static bool CopyAroundTheEnd()
    {
        GuardedCopy guard = GuardedCopy.Install();
        int page = Environment.SystemPageSize;
        using var file = new ShrinkingFile(16);
        string mask = BlockedSignals();
        bool good = true;
        for (int round = 0; round < 50; round++)
        {
            file.Truncate(8);
            good &= file.Copies(guard, 0, 8 * page) && file.Copies(guard, (8 * page) - 1, 1);
            good &= !file.Copies(guard, 8 * page, page) && !file.Copies(guard, (8 * page) - 1, 2) && !file.Copies(guard, 0, 16 * page);
            good &= !file.Copies(guard, (8 * page) + 1234, 1) && !file.Copies(guard, (16 * page) - 1, 1);
            good &= file.Copies(guard, (8 * page) + 1234, 0) && Errno(file.Address + (9 * page)) == Eio;
            file.Restore();
            good &= file.Copies(guard, 0, 16 * page);
        }

        return good && mask == BlockedSignals();
    }

    /// <summary>Half of them fault all the time; a third party cuts and restores a file, and the collector stops them all.</summary>
    private static bool CopyInManyThreads()
    {
        GuardedCopy guard = GuardedCopy.Install();
        int page = Environment.SystemPageSize;
        using var whole = new ShrinkingFile(16);
        using var cut = new ShrinkingFile(17);
        using var changing = new ShrinkingFile(18);
        cut.Truncate(8);
        int wrong = 0;
        int running = 8;
        Thread[] threads = [.. Enumerable.Range(0, running).Select(number => new Thread(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                int at = i % 16 * page;
                bool good = whole.Copies(guard, at, page) && cut.Copies(guard, at, page) == (i % 16 < 8) && IsContentOrFault(guard, changing, at);
                Interlocked.Add(ref wrong, good ? 0 : 1);
            }

            Interlocked.Decrement(ref running);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        while (Volatile.Read(ref running) > 0)
        {
            changing.Truncate(4);
            changing.Restore();
            GC.Collect();
        }

        Array.ForEach(threads, thread => thread.Join());
        return wrong == 0;
    }

    /// <summary>While the file is written again, a page may have been made and not been filled yet.</summary>
    private static bool IsContentOrFault(GuardedCopy guard, ShrinkingFile file, int offset)
    {
        byte[] copy = new byte[Environment.SystemPageSize];
        if (!guard.TryCopy(file.Address + offset, copy))
        {
            return true;
        }

        for (int i = 0; i < copy.Length; i++)
        {
            if (copy[i] != 0 && copy[i] != file.Content[offset + i])
            {
                return false;
            }
        }

        return true;
    }

    private static bool CatchNullReferences()
    {
        int caught = CountNullReferences(100);
        FaultOnceUnderTheGuard();
        caught += CountNullReferences(100);
        var thread = new Thread(() =>
        {
            FaultOnceUnderTheGuard();
            caught += CountNullReferences(100);
        });
        thread.Start();
        thread.Join();
        return caught == 300;
    }

    private static int CountNullReferences(int tries)
    {
        int caught = 0;
        for (int i = 0; i < tries; i++)
        {
            try
            {
                caught -= LengthOf(null!);
            }
            catch (NullReferenceException)
            {
                caught++;
            }
        }

        return caught;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(byte[] array) => array.Length;

    /// <summary>The other handler is libc's _exit: it gets the signal's number and ends the process with it.</summary>
    private static void FaultUnderAnotherHandler()
    {
        Libc.signal(SigBus, NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "_exit"));
        FaultOnceUnderTheGuard();
        Console.WriteLine("good=True");
        Console.Out.Flush();
        TouchNatively();
    }

    /// <summary>Takes the place of the runtime's handler, so that the guard finds this one.</summary>
    private static void FaultOnceInsteadOf(nint handler)
    {
        Libc.signal(SigBus, handler);
        FaultOnceUnderTheGuard();
    }

    private static void FaultOnceUnderTheGuard()
    {
        GuardedCopy guard = GuardedCopy.Install();
        using var file = new ShrinkingFile(2);
        file.Truncate(1);
        if (file.Copies(guard, 0, file.Content.Length) || !file.Copies(guard, 0, Environment.SystemPageSize))
        {
            throw new InvalidOperationException("The guard does not guard.");
        }
    }

    private static void TouchNatively()
    {
        using var file = new ShrinkingFile(2);
        file.Truncate(0);
        _ = Libc.memcmp(file.Address, file.Address + Environment.SystemPageSize, 1);
    }

    private static void TouchFromManagedCode()
    {
        using var file = new ShrinkingFile(2);
        file.Truncate(0);
        Console.WriteLine(new ReadOnlySpan<byte>((void*)file.Address, 1)[0]);
    }

    /// <summary>The guard is for the source alone.</summary>
    private static void CopyOntoMissingPages()
    {
        using var file = new ShrinkingFile(2);
        int page = Environment.SystemPageSize;
        nint writable = file.MapWritable();
        file.Truncate(0);
        GuardedCopy.Install().TryCopy((nint)(&page), new Span<byte>((void*)writable, sizeof(int)));
    }

    private static int Errno(nint source)
    {
        byte* one = stackalloc byte[1];
        return NativeMethods.GuardCopy(source, one, 1, out int errno) == ShimResult.Fault ? errno : 0;
    }

    private static string BlockedSignals() =>
        File.ReadLines("/proc/thread-self/status").First(line => line.StartsWith("SigBlk", StringComparison.Ordinal));
}
