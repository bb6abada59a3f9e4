namespace PageStore.Native;

/// <summary>
/// Stops a domain's processors (xc_domain_pause), without the guest's taking part. Xen counts who paused a domain, and this one takes
/// back only its own pause: a domain that somebody else paused stays so. Requests that a backend was already working on may still
/// write into the guest's pages afterwards; an epoch without that is had by a suspend, as <c>xl remus</c> and <c>xl save</c> do it.
/// Not thread-safe. If the process ends in between, the domain stays paused until <c>xl unpause</c>.
/// </summary>
public sealed class XenPause : IGuestPause, IDisposable
{
    private readonly XenHandle _xen;
    private readonly XenInfo _domain;
    private bool _paused;
    private bool _disposed;

    /// <summary>Makes the means to pause a domain; nothing happens to it yet.</summary>
    /// <param name="domain">The domain; it may be disposed afterwards.</param>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public XenPause(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        bool added = false;
        domain.Handle.DangerousAddRef(ref added);
        (_xen, _domain) = (domain.Handle, domain.Info);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is paused by this already.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public void Pause()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_paused)
        {
            throw new InvalidOperationException($"Domain {_domain.DomainId} is paused already: resume it first.");
        }

        ShimResult result = NativeMethods.XenPause(_xen, _domain, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Pausing domain {_domain.DomainId}");
        _paused = true;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is not paused by this.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public void Resume()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_paused)
        {
            throw new InvalidOperationException($"Domain {_domain.DomainId} is not paused: pause it first.");
        }

        ShimResult result = NativeMethods.XenUnpause(_xen, _domain, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Continuing domain {_domain.DomainId}, which 'xl unpause {_domain.DomainId}' may do,");
        _paused = false;
    }

    /// <summary>Lets a domain that this paused go on, and lets go of the connection. May be called again.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        if (_paused)
        {
            _ = NativeMethods.XenUnpause(_xen, _domain, out _);
        }

        _disposed = true;
        _xen.DangerousRelease();
    }
}
