namespace PageStore.Native;

/// <summary>
/// The memory of a domain, copied out of foreign mappings (xenforeignmemory_map) of up to 1024 pages at a time; 1024 pages
/// take some milliseconds to map and to unmap. Types come from xc_get_pfn_type_batch, and what has no page is not mapped.
/// Thread-safe. Keeps the connection of its domain until it is disposed.
/// </summary>
/// <remarks>
/// Pages of a PV domain of 64 bits are found through its own table of machine frames, and its page tables get page frame numbers in their place, as in
/// a stream of Xen (tools/libs/guest/xg_sr_save_x86_pv.c); entries that name frames of others, and Xen's own, become 0. While such a domain runs, its page tables may be
/// copied torn: pause it for that.
/// </remarks>
public sealed class XenGuestMemory : IGuestMemory, IDisposable
{
    private readonly XenHandle _xen;
    private readonly XenInfo _domain;
    private readonly XenPvHandle? _pv;
    private int _disposed;

    /// <summary>Makes the memory of a domain readable; nothing is mapped yet.</summary>
    /// <param name="domain">The domain; it may be disposed afterwards.</param>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <exception cref="UnsupportedException">It is a PV domain of 32 bits, or libxenguest is missing, which a PV domain needs.</exception>
    /// <exception cref="StorageException">The tables of a PV domain cannot be mapped.</exception>
    public XenGuestMemory(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        _pv = domain.IsHvm ? null : XenPvHandle.Create(domain.Handle, domain.Info);
        bool added = false;
        domain.Handle.DangerousAddRef(ref added);
        (_xen, _domain, PageCount) = (domain.Handle, domain.Info, domain.PageCount);
    }

    /// <summary>4096 bytes: the page of a Xen guest, whatever the host's is.</summary>
    public int PageSize => 4096;

    /// <inheritdoc/>
    public long PageCount { get; }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The memory is disposed.</exception>
    /// <exception cref="StorageException">The domain is gone or being torn down, or Xen refused.</exception>
    public unsafe void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(first.Value, nameof(first));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first.Value, PageCount - types.Length, nameof(first));
        if (destination.Length != (long)types.Length * PageSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(destination), destination.Length, $"{types.Length} pages of {PageSize} bytes need exactly as many bytes.");
        }

        fixed (byte* to = destination)
        fixed (GuestPageType* type = types)
        {
            int errno;
            ShimResult result = _pv is null
                ? NativeMethods.XenCopy(_xen, _domain, (ulong)first.Value, (ulong)types.Length, to, type, out errno)
                : NativeMethods.XenPvCopy(_pv, (ulong)first.Value, (ulong)types.Length, to, type, out errno);
            if (result != ShimResult.Ok)
            {
                // Not ThrowIfFailed: its message would be made for every copy.
                throw NativeErrors.Make(result, errno, $"Reading {types.Length} pages of domain {_domain.DomainId} from page {first.Value} on");
            }
        }
    }

    /// <summary>Lets go of the connection, when no copy runs. May be called again.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _pv?.Dispose();
            _xen.DangerousRelease();
        }
    }
}
