namespace PageStore.Native;

/// <summary>
/// A virtual machine of one processor over memory of this process: guest-physical 0 is the region's first byte. It has no interrupts, no clock
/// and no devices but a few ports (docs/native-abi.md), so that all of it is its memory and <see cref="GetState"/>. Its processor runs on a thread
/// of its own that never enters the runtime: a page that somebody else has yet to bring makes the guest wait, and nobody else.
/// Source: the kernel's Documentation/virt/kvm/api.rst. x86-64 only.
/// </summary>
/// <remarks>
/// Thread-safe, except that whoever disposes it sees to it that nobody calls it any more. Whoever creates it disposes it, which ends the guest; the region stays
/// mapped until then. While memory may be missing, as during a lazy restore, do not touch it from managed code: <see cref="ReadProgress"/> and all
/// else but <see cref="Load"/> do not.
/// </remarks>
public sealed class KvmMachine : IDisposable
{
    /// <summary>PS_KVM_STATE_BYTES.</summary>
    private const int MaxStateBytes = 65536;

    /// <summary>How long one wait in the shim is: it cannot be interrupted, so a longer one is made of several.</summary>
    private const int WaitSliceMilliseconds = 1000;

    private readonly KvmHandle _handle;

    /// <summary>Makes a machine that stands. It has no program and no state yet: give it either.</summary>
    /// <param name="memory">The guest's memory; it may be disposed afterwards. Of shared memory a <see cref="LinuxAccessLog"/> tells what the guest wrote and read.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options are out of range.</exception>
    /// <exception cref="UnsupportedException">The host has no KVM for this process, see <see cref="KvmCapabilities"/>; or no such dirty log.</exception>
    /// <exception cref="StorageException">The kernel refused, most often for want of memory.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public KvmMachine(MemoryRegion memory, KvmMachineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        options ??= new();
        options.Validate();
        MemoryLength = memory.Length;
        _handle = KvmHandle.Create(memory.Mapping, options.RingBytes);
    }

    /// <summary>The size of the guest's memory in bytes.</summary>
    public long MemoryLength { get; }

    /// <summary>Where the machine stands now.</summary>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public KvmStatus Status => Wait(TimeSpan.Zero);

    internal KvmHandle Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _handle;
        }
    }

    /// <summary>
    /// Writes a program into the guest's memory, and page tables that map all of it at its own addresses into the pages from 1 on: two, one for each GiB, and with small pages one for each 2 MiB. The
    /// processor is set to the program's entry in 64-bit mode, with the size of the memory in rdi and no stack.
    /// </summary>
    /// <param name="program">A flat binary.</param>
    /// <param name="address">Where it goes: behind the tables, inside the memory.</param>
    /// <param name="entry">Where it begins to run: inside the program.</param>
    /// <param name="ring">With which rights.</param>
    /// <param name="paging">By pages of which size the tables map the memory. Their entries are marked as accessed and written to.</param>
    /// <exception cref="ArgumentOutOfRangeException">The program does not fit there, or the memory has more than 512 GiB.</exception>
    /// <exception cref="InvalidOperationException">The machine runs.</exception>
    /// <exception cref="StorageException">KVM refused.</exception>
    public unsafe void Load(ReadOnlySpan<byte> program, long address, long entry, KvmRing ring = KvmRing.User, KvmPaging paging = KvmPaging.LargePages)
    {
        KvmLoadOptions options = (ring == KvmRing.Kernel ? KvmLoadOptions.Ring0 : KvmLoadOptions.None)
            | (paging == KvmPaging.SmallPages ? KvmLoadOptions.SmallPages : KvmLoadOptions.None);
        ShimResult result;
        int errno;
        fixed (byte* bytes = program)
        {
            result = NativeMethods.KvmLoad(Handle, bytes, (ulong)program.Length, (ulong)address, (ulong)entry, options, out errno);
        }

        if (result == ShimResult.Argument)
        {
            throw new ArgumentOutOfRangeException(
                nameof(address), address, $"A program of {program.Length} bytes with its entry at 0x{entry:x} does not fit there into {MemoryLength} bytes, behind the page tables.");
        }

        ThrowIfFailed(result, errno, "Loading a program", "the machine runs: pause it first.");
    }

    /// <summary>Runs the guest from where it stands.</summary>
    /// <exception cref="InvalidOperationException">It runs already, or has stopped for good.</exception>
    /// <exception cref="StorageException">The system gives no thread.</exception>
    public void Run()
    {
        ShimResult result = NativeMethods.KvmRun(Handle, out int errno);
        ThrowIfFailed(result, errno, "Running the guest", $"it is {Status}.");
    }

    /// <summary>
    /// Stops a guest that runs. When this returns, its processor stands between two instructions and writes nothing any more. The guest may have stopped by
    /// itself meanwhile, as <see cref="Status"/> tells then.
    /// </summary>
    /// <remarks>A guest that waits for a missing page is stopped as well (from Linux 6.2 on; before that, when the page comes).</remarks>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public void Pause()
    {
        ShimResult result = NativeMethods.KvmPause(Handle, out int errno);
        ThrowIfFailed(result, errno, "Pausing the guest", "it does not run.");
    }

    /// <summary>Waits until the machine does not run.</summary>
    /// <param name="timeout">How long at most; not negative.</param>
    /// <returns>Where it stands; it may run still.</returns>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public KvmStatus Wait(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        for (TimeSpan left = timeout; ; left -= TimeSpan.FromMilliseconds(WaitSliceMilliseconds))
        {
            uint slice = (uint)Math.Clamp(left.TotalMilliseconds, 0, WaitSliceMilliseconds);
            ShimResult result = NativeMethods.KvmWait(Handle, slice, out KvmRawStatus status, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Waiting for the guest");
            if (status.State != KvmState.Running || left.TotalMilliseconds <= WaitSliceMilliseconds)
            {
                return KvmStatus.From(status);
            }
        }
    }

    /// <summary>Sets what the guest reads from its input port, from now on.</summary>
    /// <param name="value">What it means is the guest's matter; a new machine has 0.</param>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public void SetInput(uint value)
    {
        ShimResult result = NativeMethods.KvmInput(Handle, value, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Setting the guest's input");
    }

    /// <summary>Copies progress reports out, oldest first. The machine keeps the newest 65536.</summary>
    /// <param name="from">The number of the first report wanted, from 0 on; becomes the number of the first one that is copied, if older ones are not kept any more.</param>
    /// <param name="reports">Room for them.</param>
    /// <returns>How many were copied.</returns>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public unsafe int ReadProgress(ref long from, Span<KvmProgress> reports)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ulong first = (ulong)from;
        fixed (KvmProgress* to = reports)
        {
            ShimResult result = NativeMethods.KvmProgress(Handle, ref first, to, (ulong)reports.Length, out ulong count, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Reading the guest's progress");
            from = (long)first;
            return (int)count;
        }
    }

    /// <summary>Copies what the guest wrote to its console. The machine keeps the newest 65536 bytes.</summary>
    /// <param name="from">The number of the first byte wanted, from 0 on; becomes the number of the first one that is copied.</param>
    /// <param name="text">Room for it.</param>
    /// <returns>How many bytes were copied.</returns>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public unsafe int ReadConsole(ref long from, Span<byte> text)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ulong first = (ulong)from;
        fixed (byte* to = text)
        {
            ShimResult result = NativeMethods.KvmConsole(Handle, ref first, to, (ulong)text.Length, out ulong count, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Reading the guest's console");
            from = (long)first;
            return (int)count;
        }
    }

    /// <summary>The state of the processor: registers of all kinds, and what CPUID tells it (docs/native-abi.md). With the memory of the same moment it is the guest.</summary>
    /// <exception cref="InvalidOperationException">The machine runs.</exception>
    /// <exception cref="StorageException">KVM refused.</exception>
    public unsafe byte[] GetState()
    {
        byte[] blob = new byte[MaxStateBytes];
        fixed (byte* bytes = blob)
        {
            ShimResult result = NativeMethods.KvmStateGet(Handle, bytes, MaxStateBytes, out ulong length, out int errno);
            ThrowIfFailed(result, errno, "Reading the state of the guest's processor", "the machine runs: pause it first.");
            return blob[..(int)length];
        }
    }

    /// <summary>Sets the state of the processor, as <see cref="GetState"/> gave it; the machine can be run then, whatever stopped it before.</summary>
    /// <param name="state">The bytes, from wherever: they are checked before they are used.</param>
    /// <exception cref="CorruptDataException">They are no such state; nothing was set.</exception>
    /// <exception cref="InvalidOperationException">The machine runs.</exception>
    /// <exception cref="StorageException">KVM refused a part of it; the machine is of no use any more.</exception>
    public unsafe void SetState(ReadOnlySpan<byte> state)
    {
        ShimResult result;
        int errno;
        fixed (byte* bytes = state)
        {
            result = NativeMethods.KvmStateSet(Handle, bytes, (ulong)state.Length, out errno);
        }

        ThrowIfFailed(result, errno, "Setting the state of the guest's processor", "the machine runs: pause it first.");
    }

    /// <summary>Ends the guest, running or not, and lets go of its memory. May be called again.</summary>
    public void Dispose()
    {
        if (_handle.IsClosed)
        {
            return;
        }

        // A log that is not disposed yet keeps the handle, and must not keep the guest running.
        _ = NativeMethods.KvmPause(_handle, out _);
        _handle.Dispose();
    }

    private static void ThrowIfFailed(ShimResult result, int errno, string what, string state)
    {
        if (result == ShimResult.State)
        {
            throw new InvalidOperationException($"{what} is not possible: {state}");
        }

        NativeErrors.ThrowIfFailed(result, errno, what);
    }
}
