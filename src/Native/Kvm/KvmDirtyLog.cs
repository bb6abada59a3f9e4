namespace PageStore.Native;

/// <summary>
/// KVM's own record of the pages that a guest wrote: its bitmap, or its dirty ring if the machine was made with one. A second source beside
/// <see cref="LinuxDirtyLog"/> and <see cref="LinuxAccessLog"/>, which see the guest's accesses through the mapping. Exact for pages that KVM has mapped
/// already; one that KVM maps anew after the log was started, it may map for writing at a mere read and then count as written, and page tables
/// that an AMD processor walks under nested paging count as written, since it does so as a write. It never leaves out a page that was written.
/// Source: the kernel's Documentation/virt/kvm/api.rst, KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG and KVM_CAP_DIRTY_LOG_RING.
/// </summary>
/// <remarks>
/// It logs what the guest writes; what this process writes into the memory, <see cref="KvmMachine.Load"/> too, it does not. One log a machine.
/// Not thread-safe: one caller at a time, while the guest runs. Whoever creates it disposes it; the guest's memory stays mapped until then.
/// </remarks>
public sealed class KvmDirtyLog : IDirtyLog
{
    private readonly KvmHandle _handle;
    private bool _running;
    private bool _disposed;

    /// <summary>Makes a log of all pages of a machine, stopped: bit n is page n.</summary>
    /// <param name="machine">The machine; it may be disposed first, and then nothing more is logged.</param>
    /// <exception cref="ObjectDisposedException">The machine is disposed.</exception>
    public KvmDirtyLog(KvmMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        PageCount = machine.MemoryLength / PageSizes.Default;
        bool added = false;
        machine.Handle.DangerousAddRef(ref added);
        _handle = machine.Handle;
    }

    /// <inheritdoc/>
    public long PageCount { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Tracking is running already, by this log or another one of the machine.</exception>
    /// <exception cref="ObjectDisposedException">The log is disposed.</exception>
    public void Start()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ShimResult result = NativeMethods.KvmLogStart(_handle, out int errno);
        if (result == ShimResult.State)
        {
            throw new InvalidOperationException("Tracking is running already: stop it before starting it again.");
        }

        NativeErrors.ThrowIfFailed(result, errno, "Turning on KVM's dirty log");
        _running = true;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was done.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or the bitmap is disposed.</exception>
    public void Peek(PageBitmap written) => Add(KvmReadOptions.Peek, written, "Peeking at KVM's dirty log");

    /// <inheritdoc/>
    /// <remarks>A refusal loses nothing of the bitmap, and the harvest may be repeated.</remarks>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was harvested.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or the bitmap is disposed.</exception>
    public void Harvest(PageBitmap written) => Add(KvmReadOptions.Clean, written, "Harvesting KVM's dirty log");

    /// <inheritdoc/>
    public void Stop()
    {
        if (_running)
        {
            _ = NativeMethods.KvmLogStop(_handle, out _);
            _running = false;
        }
    }

    /// <summary>Stops tracking and lets go of the machine. May be called again.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        Stop();
        _disposed = true;
        _handle.DangerousRelease();
    }

    private unsafe void Add(KvmReadOptions options, PageBitmap written, string what)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_running)
        {
            throw new InvalidOperationException("Tracking is not running: start it first.");
        }

        if (written.Length < PageCount)
        {
            throw new ArgumentException($"The bitmap covers {written.Length} pages, the log {PageCount}: nothing was harvested.", nameof(written));
        }

        ShimResult result = NativeMethods.KvmLogRead(_handle, options, out byte* words, out int errno);
        if (result != ShimResult.Ok)
        {
            throw NativeErrors.Make(result, errno, what);
        }

        written.OrBytes(new ReadOnlySpan<byte>(words, checked((int)((PageCount + 7) / 8))), new Pfn(0), PageCount);
    }
}
