namespace PageStore.Native;

/// <summary>
/// The accessed bits in the page tables of a PVH or HVM domain, for a <see cref="PageTableAccessLog"/>: cleared through foreign mappings, which Xen's dirty log does not see. The roots are those of its processors
/// (xc_domain_hvm_getcontext). Xen is not changed, and the guest does not take part.
/// </summary>
/// <remarks>Thread-safe as far as the domain stands. Keeps the connection of its domain until it is disposed.</remarks>
public sealed class XenAccessBits : IAccessBits, IDisposable
{
    private readonly XenHandle _xen;
    private readonly XenInfo _domain;
    private bool _disposed;

    /// <summary>Makes the means to clear bits; nothing happens to the domain yet.</summary>
    /// <param name="domain">The domain; it may be disposed afterwards.</param>
    /// <exception cref="UnsupportedException">It is a PV domain, whose page tables are Xen's to change.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public XenAccessBits(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (!domain.IsHvm)
        {
            throw new UnsupportedException(
                $"The accessed bits of domain {domain.Id} cannot be cleared: it is a PV guest, whose page tables are Xen's to change. PVH and HVM guests have tables of their own.");
        }

        bool added = false;
        domain.Handle.DangerousAddRef(ref added);
        (_xen, _domain) = (domain.Handle, domain.Info);
    }

    /// <inheritdoc/>
    /// <remarks>Paused, suspended or otherwise shut down.</remarks>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public bool IsStanding
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ShimResult result = NativeMethods.XenNext(_xen, _domain.DomainId, out XenInfo now, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, $"Asking whether domain {_domain.DomainId} stands still");
            return now.DomainId == _domain.DomainId && (now.Flags & (XenFlags.Paused | XenFlags.Shutdown)) != 0;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="UnsupportedException">The functions are missing in Xen's libraries (libxenguest).</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public IReadOnlyList<Pfn> ReadRoots()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return XenProcessors.RootsOf(XenStateReader.ReadContext(_xen, _domain));
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
            ShimResult result = NativeMethods.XenClearAccessed(_xen, _domain, table, words, (ulong)tables.Length, out ulong cleared, out int errno);
            if (result == ShimResult.Argument)
            {
                throw new ArgumentException("A table has a page number of more than 52 bits; nothing was changed.", nameof(tables));
            }

            string what = $"Clearing accessed bits in {tables.Length} page tables of domain {_domain.DomainId}";
            if (result == ShimResult.State)
            {
                throw new InvalidOperationException($"{what} is not possible: it runs. Pause it first.");
            }

            NativeErrors.ThrowIfFailed(result, errno, what);
            return (long)cleared;
        }
    }

    /// <summary>Lets go of the connection. May be called again.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _xen.DangerousRelease();
        }
    }
}
