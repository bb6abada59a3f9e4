namespace PageStore.Native;

/// <summary>
/// The accessed bits in the page tables of a <see cref="KvmMachine"/>, for a <see cref="PageTableAccessLog"/>. The machine has one processor, and so one root at a time.
/// Whether they tell anything is the host's matter: KVM maintains them where the processor does, and where it shadows a guest's tables.
/// </summary>
/// <remarks>
/// A table that is missing still, as during a lazy restore, makes <see cref="Clear"/> wait in the shim. A dirty log of the guest's mapping (<see cref="LinuxDirtyLog"/>) takes what is cleared for a write of the next interval;
/// <see cref="KvmDirtyLog"/> does not see it. Not thread-safe: one caller at a time. Whoever creates it disposes it; the machine is kept until then.
/// </remarks>
public sealed class KvmAccessBits : IAccessBits, IDisposable
{
    private readonly KvmHandle _handle;
    private bool _disposed;

    /// <summary>Makes the means to clear bits; nothing happens to the guest yet.</summary>
    /// <param name="machine">The machine; it may be disposed first.</param>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public KvmAccessBits(KvmMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        bool added = false;
        machine.Handle.DangerousAddRef(ref added);
        _handle = machine.Handle;
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public bool IsStanding
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ShimResult result = NativeMethods.KvmWait(_handle, 0, out KvmRawStatus status, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Asking where the guest stands");
            return status.State != KvmState.Running;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The machine runs.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public IReadOnlyList<Pfn> ReadRoots()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ShimResult result = NativeMethods.KvmRoot(_handle, out ulong page, out int errno);
        ThrowIfFailed(result, errno, "Reading the root of the guest's page tables");
        return page == ulong.MaxValue ? [] : [new Pfn((long)page)];
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public unsafe long Clear(ReadOnlySpan<Pfn> tables, ReadOnlySpan<ulong> entries)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        AccessWords.Check(tables, entries);
        fixed (Pfn* table = tables)
        fixed (ulong* words = entries)
        {
            ShimResult result = NativeMethods.KvmClearAccessed(_handle, table, words, (ulong)tables.Length, out ulong cleared, out int errno);
            if (result == ShimResult.Argument)
            {
                throw new ArgumentException("A table lies outside the guest's memory; nothing was changed.", nameof(tables));
            }

            ThrowIfFailed(result, errno, $"Clearing accessed bits in {tables.Length} page tables");
            return (long)cleared;
        }
    }

    /// <summary>Lets go of the machine. May be called again.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _handle.DangerousRelease();
        }
    }

    private static void ThrowIfFailed(ShimResult result, int errno, string what)
    {
        if (result == ShimResult.State)
        {
            throw new InvalidOperationException($"{what} is not possible: the machine runs. Pause it first.");
        }

        NativeErrors.ThrowIfFailed(result, errno, what);
    }
}
