using System.Diagnostics;

namespace PageStore.Native;

/// <summary>
/// Suspends a PVH domain with its help, as <c>xl save -c</c> and Remus do: asks it through xenstore (<c>control/shutdown</c>), waits until it has brought its
/// drivers to rest and stopped, reads the state of its devices and processors, and lets it go on with its devices connected
/// (xc_domain_resume, the cancelled suspend). What was taken in between can run again.
/// Not thread-safe. If the process is killed in between, the domain stays suspended, as it does under xl.
/// </summary>
/// <remarks>
/// The guest's kernel needs Xen's drivers, which Linux has. An HVM guest with a device model (QEMU, <see cref="XenDomain.HasDeviceModel"/>) is refused: its state is not Xen's to read. <c>xl remus</c>
/// and <c>xl save</c> read it, and epochs of a mere pause need none.
/// </remarks>
public sealed class XenSuspend : IGuestSuspend, IDisposable
{
    private const string Request = "suspend";

    /// <summary>xen/include/public/sched.h, <c>SHUTDOWN_suspend</c>.</summary>
    private const uint ReasonSuspend = 2;

    private readonly XenHandle _xen;
    private readonly XenInfo _domain;
    private readonly XenStoreHandle _store;
    private readonly Func<XenGuestState, IReadOnlyList<GuestStateSection>> _sections;
    private readonly TimeSpan _patience;
    private readonly string _configurations;
    private readonly string _control;
    private Stage _stage;
    private bool _disposed;

    /// <summary>Makes the means to suspend a domain; nothing happens to it yet.</summary>
    /// <param name="domain">The domain; it may be disposed afterwards.</param>
    /// <param name="sections">Makes sections of its state: <c>XenStateSections.Of</c> of PageStore.Checkpoint.</param>
    /// <param name="patience">
    /// How long the guest may take to suspend; null for 20 seconds. A guest that took the request at the last moment gets as long again.
    /// </param>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <exception cref="StorageException">Xenstore does not answer, or Xen refused.</exception>
    /// <exception cref="UnsupportedException">It is a PV domain or has a device model, or Xen's libraries lack what this needs.</exception>
    public XenSuspend(XenDomain domain, Func<XenGuestState, IReadOnlyList<GuestStateSection>> sections, TimeSpan? patience = null)
        : this(domain, sections, patience ?? DefaultPatience, XlConfiguration.Directory)
    {
    }

    internal XenSuspend(
        XenDomain domain, Func<XenGuestState, IReadOnlyList<GuestStateSection>> sections, TimeSpan patience, string configurations)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(sections);
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, TimeSpan.Zero);
        CheckKind(domain);
        bool added = false;
        (_xen, _domain) = (domain.Handle, domain.Info);
        _store = XenStoreHandle.Open(_xen.Libraries);
        _xen.DangerousAddRef(ref added);
        (_sections, _patience, _configurations) = (sections, patience, configurations);
        _control = $"/local/domain/{_domain.DomainId}/control/shutdown";
    }

    private enum Stage
    {
        Running,

        /// <summary>The request was written, and what became of it is not known yet.</summary>
        Requested,
        Suspended,
    }

    /// <summary>Below the tool's own patience with a command that is to end, so that no guest is left behind.</summary>
    private static TimeSpan DefaultPatience => TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    /// <exception cref="StorageException">
    /// The guest did not suspend in time, shut down instead, is paused, or has another request; or Xen or xenstore refused. The request was taken back, and the guest runs.
    /// </exception>
    /// <exception cref="InvalidOperationException">It is suspended by this already.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public void Pause()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_stage == Stage.Suspended)
        {
            throw new InvalidOperationException($"Domain {_domain.DomainId} is suspended already: resume it first.");
        }

        CheckReady();
        _store.Write(_control, Request);
        _stage = Stage.Requested;
        try
        {
            AwaitSuspend();
            _stage = Stage.Suspended;
        }
        catch
        {
            TakeBack();
            throw;
        }
    }

    /// <summary>
    /// What <see cref="ReadState"/> would say, of a domain that runs. It is not the state of the moment, and nothing can run again from it; but of use where what never changes in
    /// it, its configuration and what it sees of the processor, has to be known beforehand.
    /// </summary>
    /// <exception cref="StorageException">Xen or xenstore refused, or the domain is gone.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public IReadOnlyList<GuestStateSection> ReadRunningState()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return ReadSections();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is not suspended by this.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public IReadOnlyList<GuestStateSection> ReadState()
    {
        ThrowUnlessSuspended();
        return ReadSections();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is not suspended by this.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed.</exception>
    public void Resume()
    {
        ThrowUnlessSuspended();
        ShimResult result = NativeMethods.XenResume(_xen, _domain, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Letting domain {_domain.DomainId} go on after its suspend");
        _stage = Stage.Running;
        _store.TellResumed(_domain.DomainId);
    }

    /// <summary>Lets a domain that this suspended go on, and lets go of the connections. May be called again.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        TakeBack();
        _disposed = true;
        _store.Dispose();
        _xen.DangerousRelease();
    }

    private static void CheckKind(XenDomain domain)
    {
        string what = $"Suspending domain {domain.Id}";
        if (!domain.IsHvm)
        {
            throw new UnsupportedException(
                $"{what} for a restorable epoch is not supported: it is a PV guest, whose state is read by Xen's own tools only. Import what xl save -c writes.");
        }

        // What a library lacks for the state is told here, too, and not when the guest stands still.
        XenStateReader.CheckLibraries(domain.Handle);
        if (domain.HasDeviceModel())
        {
            throw new UnsupportedException(
                $"{what} for a restorable epoch is not supported: it has a device model (QEMU), whose state Xen does not have. Let xl remus replicate it into pagestore receive, or import what xl save -c writes; paused epochs of it can be taken.");
        }
    }

    private IReadOnlyList<GuestStateSection> ReadSections()
    {
        XenGuestState state = XenStateReader.Read(_xen, _domain, XlConfiguration.Read(_configurations, _domain));
        // The last question is whether all of it was this domain's.
        XenDomain.Look(_xen, _domain);
        return _sections(state);
    }

    private void ThrowUnlessSuspended()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_stage != Stage.Suspended)
        {
            throw new InvalidOperationException($"Domain {_domain.DomainId} is not suspended: pause it first.");
        }
    }

    /// <summary>What would keep the guest from answering is told at once, and nobody else's request is overwritten.</summary>
    private void CheckReady()
    {
        XenInfo now = XenDomain.Look(_xen, _domain);
        if (now.Flags.HasFlag(XenFlags.Shutdown) || now.Flags.HasFlag(XenFlags.Paused))
        {
            string what = now.Flags.HasFlag(XenFlags.Shutdown) ? "has shut down or is suspended" : "is paused";
            throw new StorageException($"Suspending domain {_domain.DomainId} failed: it {what}. Let it run first.");
        }

        if (_store.Read(_control) is { Length: > 0 } pending)
        {
            throw new StorageException($"Suspending domain {_domain.DomainId} failed: another request to it, '{pending}', is under way. Try again when it is done.");
        }
    }

    private void AwaitSuspend()
    {
        if (HasSuspendedInTime())
        {
            return;
        }

        if (TryWithdraw())
        {
            throw new StorageException(
                $"Domain {_domain.DomainId} did not answer the request to suspend within {_patience.TotalSeconds:0.#} s; it was taken back. Its kernel needs Xen's drivers; paused epochs need none.");
        }

        // It took the request at the last moment.
        if (!HasSuspendedInTime())
        {
            throw new StorageException(
                $"Domain {_domain.DomainId} took the request to suspend, and did not within {_patience.TotalSeconds:0.#} s. See its console; if it suspends later, 'xl shutdown' does not reach it, and 'xl destroy' ends it.");
        }
    }

    /// <summary>The guest empties the entry when it takes the request; until then it can be taken back.</summary>
    private bool TryWithdraw()
    {
        if (!_store.TryReplace(_control, Request, string.Empty))
        {
            return false;
        }

        _stage = Stage.Running;
        return true;
    }

    private bool HasSuspendedInTime()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            XenInfo now = XenDomain.Look(_xen, _domain);
            if (now.Flags.HasFlag(XenFlags.Shutdown))
            {
                return now.ShutdownReason == ReasonSuspend ? true : throw new StorageException(
                    $"Domain {_domain.DomainId} shut down instead of suspending (reason {now.ShutdownReason} of Xen): the last committed epoch is the newest there will be.");
            }

            if (Stopwatch.GetElapsedTime(start) >= _patience)
            {
                return false;
            }

            // A look costs some microseconds, and the guest stands still from the moment that is waited for.
            Thread.Sleep(1);
        }
    }

    /// <summary>After a failure: whatever became of the request, the guest is to run. What fails here too is left to Dispose.</summary>
    private void TakeBack()
    {
        try
        {
            if (_stage == Stage.Requested && !TryWithdraw() && HasSuspendedInTime())
            {
                _stage = Stage.Suspended;
            }

            if (_stage == Stage.Suspended)
            {
                Resume();
            }
        }
        catch (PageStoreException)
        {
            // The first failure is the one to be told.
        }
    }
}
