namespace PageStore.Native;

/// <summary>
/// Xen's own dirty log of a domain: <c>XEN_DOMCTL_shadow_op</c> (xen/include/public/domctl.h, xen/arch/x86/mm/paging.c). For PVH and HVM
/// guests, and for PV guests on a hypervisor with shadow paging; not on Arm. Exact to the page; a harvest takes about a millisecond.
/// </summary>
/// <remarks>
/// <para>
/// A domain has one log. Whoever else uses it meanwhile, <c>xl migrate</c>, <c>xl save</c> and <c>xl remus</c> among them, takes pages
/// away from this one unnoticed, and starting turns off a log that was left on, which may be theirs: one client a domain.
/// </para>
/// <para>
/// Pages that a backend has mapped through the grant table of a PVH or HVM guest, the rings and buffers of its paravirtual devices, count as written in
/// each harvest: Xen logs them only when they are unmapped. What dom0 writes through foreign mappings is not logged. A guest with a device model of its own (QEMU, <see cref="XenDomain.HasDeviceModel"/>) has
/// pages written that way, and its device model keeps a log of those (QMP <c>xen-set-global-dirty-log</c>), which this does not turn on.
/// </para>
/// Not thread-safe: one caller at a time, while the guest runs. Whoever creates it disposes it: a log that is left on slows
/// the guest. It keeps the connection of its domain until then.
/// </remarks>
public sealed class XenDirtyLog : IDirtyLog
{
    private readonly XenLogHandle _handle;
    private readonly uint _domainId;
    private State _state;

    /// <summary>Makes a log of all pages of a domain, stopped: bit n is page n.</summary>
    /// <param name="domain">The domain; it may be disposed afterwards.</param>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <exception cref="StorageException">There is no memory for the bitmap, a bit for each page.</exception>
    public XenDirtyLog(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        PageCount = domain.PageCount;
        _domainId = domain.Id;
        _handle = XenLogHandle.Create(domain.Handle, domain.Info, PageCount);
    }

    private enum State
    {
        Stopped,
        Running,

        /// <summary>Running, but a harvest failed: pages may have been written unseen.</summary>
        Lost,
        Disposed,
    }

    /// <inheritdoc/>
    public long PageCount { get; }

    /// <summary>What Xen had counted when the log was last peeked at or harvested.</summary>
    public XenLogStatistics Statistics { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Tracking is running already.</exception>
    /// <exception cref="ObjectDisposedException">The log is disposed.</exception>
    public void Start()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (_state != State.Stopped)
        {
            throw new InvalidOperationException("Tracking is running already: stop it before starting it again.");
        }

        ShimResult result = NativeMethods.XenLogStart(_handle, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Turning on the dirty log of domain {_domainId}");
        Statistics = default;
        _state = State.Running;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was done.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or the bitmap is disposed.</exception>
    public void Peek(PageBitmap written)
    {
        CheckRunning();
        CheckLength(written);
        Add(XenReadOptions.Peek, written, "Peeking at the dirty log");
    }

    /// <inheritdoc/>
    /// <remarks>
    /// What the hypervisor itself has mapped for writing, pages of a nested guest for example, is counted as written each time (Xen's
    /// LOGDIRTY_FINAL): it writes there unlogged. So is what backends have mapped. A refusal with EBUSY loses nothing, and the harvest may be repeated.
    /// </remarks>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was harvested.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or the bitmap is disposed.</exception>
    public void Harvest(PageBitmap written)
    {
        CheckRunning();
        CheckLength(written);
        // Until the bits are in the caller's bitmap, they are nowhere else.
        _state = State.Lost;
        try
        {
            Add(XenReadOptions.Clean | XenReadOptions.Final, written, "Harvesting the dirty log");
            _state = State.Running;
        }
        catch (StorageException e) when (e.Errno == NativeErrors.Ebusy)
        {
            _state = State.Running;
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>If Xen refuses, the log stays on and costs the guest time, until it is started and stopped again.</remarks>
    public void Stop()
    {
        if (_state is State.Running or State.Lost)
        {
            _ = NativeMethods.XenLogStop(_handle, out _);
            _state = State.Stopped;
        }
    }

    /// <summary>Stops tracking and lets go of the domain. May be called again.</summary>
    public void Dispose()
    {
        Stop();
        _handle.Dispose();
        _state = State.Disposed;
    }

    private unsafe void Add(XenReadOptions options, PageBitmap written, string what)
    {
        ShimResult result = NativeMethods.XenLogRead(_handle, options, out byte* bits, out XenStats stats, out int errno);
        if (result != ShimResult.Ok)
        {
            throw NativeErrors.Make(result, errno, $"{what} of domain {_domainId}");
        }

        Statistics = new XenLogStatistics(stats.Faults, stats.Dirtied);
        written.OrBytes(new ReadOnlySpan<byte>(bits, checked((int)((PageCount + 7) / 8))), new Pfn(0), PageCount);
    }

    private void CheckRunning()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (_state == State.Stopped)
        {
            throw new InvalidOperationException("Tracking is not running: start it first.");
        }

        if (_state == State.Lost)
        {
            throw new StorageException("An earlier harvest failed: stop and start the log, and take the next epoch in full.");
        }
    }

    private void CheckLength(PageBitmap bitmap)
    {
        if (bitmap.Length < PageCount)
        {
            throw new ArgumentException($"The bitmap covers {bitmap.Length} pages, the log {PageCount}: nothing was harvested.", nameof(bitmap));
        }
    }
}
