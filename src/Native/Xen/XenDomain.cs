namespace PageStore.Native;

/// <summary>
/// A running domain of the Xen host this process has rights on, which is dom0 as root. Xen's libraries (libxenctrl of the
/// hypervisor's release, 4.14 to 4.20, and libxenforeignmemory) are found at run time; nothing else of Xen is needed.
/// <see cref="XenGuestMemory"/>, <see cref="XenDirtyLog"/> and <see cref="XenPause"/> are made from it, and go on working when it is
/// disposed. A domain is known by its number and its UUID: if the number was given to another one, all of them say that it is gone.
/// Thread-safe.
/// </summary>
public sealed class XenDomain : IDisposable
{
    /// <summary>
    /// The environment variable that tells where Xen's libraries are: a directory, or the file of a libxenctrl, which has
    /// libxenforeignmemory.so.1 beside it or among the system's. Unset, the system's are taken.
    /// </summary>
    public const string LibrariesVariable = "PAGESTORE_XEN_LIBRARIES";

    private readonly XenHandle _handle;
    private readonly XenInfo _info;

    // The handle's own state does not tell: it stays open while a log holds it.
    private bool _disposed;

    private XenDomain(XenHandle handle, in XenInfo info, long pageCount)
    {
        _handle = handle;
        _info = info;
        PageCount = pageCount;
        Uuid = new XenDomainState(info).Uuid;
    }

    /// <summary>Its number, the domid.</summary>
    public uint Id => _info.DomainId;

    /// <summary>Its UUID, which Xen calls handle.</summary>
    public Guid Uuid { get; }

    /// <summary>Whether it is HVM or PVH; otherwise PV.</summary>
    public bool IsHvm => _info.Flags.HasFlag(XenFlags.Hvm);

    /// <summary>
    /// How many page frame numbers of 4096 bytes it had when it was opened, holes included (xc_domain_nr_gpfns). A PVH guest
    /// has about a million, however small it is.
    /// </summary>
    public long PageCount { get; }

    /// <summary>The connection.</summary>
    internal XenHandle Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _handle;
        }
    }

    /// <summary>Number, UUID and kind, for the shim.</summary>
    internal ref readonly XenInfo Info => ref _info;

    /// <summary>Opens a domain by its number.</summary>
    /// <param name="id">The domid, as <c>xl list</c> shows it.</param>
    /// <param name="libraries">Where Xen's libraries are, instead of what <see cref="LibrariesVariable"/> says.</param>
    /// <exception cref="StorageException">There is no such domain, or it is being torn down.</exception>
    /// <exception cref="UnsupportedException">There are no libraries, no hypervisor, or no rights; the message says which.</exception>
    public static XenDomain Open(uint id, string? libraries = null)
    {
        XenHandle handle = Connect(libraries);
        try
        {
            ShimResult result = NativeMethods.XenNext(handle, id, out XenInfo info, out int errno);
            if (result == ShimResult.XenGone || (result == ShimResult.Ok && info.DomainId != id))
            {
                throw NoDomain($"number {id}");
            }

            NativeErrors.ThrowIfFailed(result, errno, $"Opening domain {id}");
            return Open(handle, info);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a domain by its UUID, as <c>xl list -v</c> shows it.</summary>
    /// <param name="uuid">The UUID. If two domains have it, as during a migration to the same host, the one with the lower number.</param>
    /// <param name="libraries">Where Xen's libraries are, instead of what <see cref="LibrariesVariable"/> says.</param>
    /// <exception cref="StorageException">There is no such domain, or it is being torn down.</exception>
    /// <exception cref="UnsupportedException">There are no libraries, no hypervisor, or no rights; the message says which.</exception>
    public static XenDomain OpenByUuid(Guid uuid, string? libraries = null)
    {
        XenHandle handle = Connect(libraries);
        try
        {
            foreach (XenInfo info in Scan(handle))
            {
                if (new Guid(info.Uuid, bigEndian: true) == uuid && !info.Flags.HasFlag(XenFlags.Dying))
                {
                    return Open(handle, info);
                }
            }

            throw NoDomain($"UUID {uuid}");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a domain by its name, which the toolstack keeps in xenstore, as <c>xl list</c> shows it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="libraries">Where Xen's libraries are, instead of what <see cref="LibrariesVariable"/> says.</param>
    /// <exception cref="StorageException">There is no such domain, or several have the name, or xenstore does not answer.</exception>
    /// <exception cref="UnsupportedException">There are no libraries, no hypervisor, or no rights; the message says which.</exception>
    public static XenDomain OpenByName(string name, string? libraries = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        XenHandle handle = Connect(libraries);
        try
        {
            using XenStoreHandle store = XenStoreHandle.Open(handle.Libraries);
            XenInfo[] found = [.. Scan(handle).Where(info => !info.Flags.HasFlag(XenFlags.Dying) && store.Read($"/local/domain/{info.DomainId}/name") == name)];
            return found.Length switch
            {
                0 => throw NoDomain($"name {name}"),
                1 => Open(handle, found[0]),
                _ => throw new StorageException($"{found.Length} domains have the name {name}: {string.Join(", ", found.Select(info => info.DomainId))}. Name one by its number."),
            };
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>All domains of the host, by ascending number, dom0 among them.</summary>
    /// <param name="libraries">Where Xen's libraries are, instead of what <see cref="LibrariesVariable"/> says.</param>
    /// <exception cref="StorageException">Xen refused.</exception>
    /// <exception cref="UnsupportedException">There are no libraries, no hypervisor, or no rights; the message says which.</exception>
    public static IReadOnlyList<XenDomainState> List(string? libraries = null)
    {
        using XenHandle handle = Connect(libraries);
        return [.. Scan(handle).Select(info => new XenDomainState(info))];
    }

    /// <summary>
    /// What tells this life of the domain from any other: its number (4 bytes), the beginning of the host's boot id (4 bytes) and when the toolstack
    /// built it, in 1/100 s since 1970 (8 bytes), which is 0 where the toolstack does not say. A reboot, a restore and a migration each make a new domain, and so another value.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public Guid GetBootInstance() => XenBootInstance.Of(Handle, _info);

    /// <summary>
    /// Whether a device model (QEMU) serves the domain, as it does where xl makes a guest of type HVM and not PVH. Part of its state is then not Xen's, and the device model writes into its pages by foreign
    /// mappings, of which <see cref="XenDirtyLog"/> does not tell.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <exception cref="StorageException">The domain is gone, or Xen refused.</exception>
    public bool HasDeviceModel() => IsHvm && XenStateReader.HasDeviceModel(Handle, _info);

    /// <summary>Asks Xen how the domain is now.</summary>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <exception cref="StorageException">The domain is gone, or Xen refused.</exception>
    public XenDomainState GetState()
    {
        return new XenDomainState(Look(Handle, _info));
    }

    /// <summary>Lets go of the connection, once what was made from the domain is disposed too. May be called again.</summary>
    public void Dispose()
    {
        _disposed = true;
        _handle.Dispose();
    }

    /// <summary>The domain as it is now, if its number is still its own.</summary>
    internal static XenInfo Look(XenHandle xen, in XenInfo domain)
    {
        ShimResult result = NativeMethods.XenNext(xen, domain.DomainId, out XenInfo info, out int errno);
        if (result == ShimResult.Ok && (info.DomainId != domain.DomainId || !((ReadOnlySpan<byte>)info.Uuid).SequenceEqual(domain.Uuid)))
        {
            (result, errno) = (ShimResult.XenGone, NativeErrors.Esrch);
        }

        NativeErrors.ThrowIfFailed(result, errno, $"Asking about domain {domain.DomainId}");
        return info;
    }

    private static XenHandle Connect(string? libraries)
    {
        string? named = libraries ?? Environment.GetEnvironmentVariable(LibrariesVariable);
        return XenHandle.Open(string.IsNullOrEmpty(named) ? null : named);
    }

    private static XenDomain Open(XenHandle handle, in XenInfo info)
    {
        if (info.Flags.HasFlag(XenFlags.Dying))
        {
            throw NoDomain($"number {info.DomainId}");
        }

        string what = $"Opening domain {info.DomainId}";
        ShimResult result = NativeMethods.XenPages(handle, info, out ulong pages, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, what);
        if (pages is 0 or > (ulong)Pfn.MaxValue)
        {
            throw new StorageException($"{what} failed: Xen says that it has {pages} pages. Wait until it is built, and try again.");
        }

        return new XenDomain(handle, info, (long)pages);
    }

    private static StorageException NoDomain(string name) =>
        new($"There is no domain with {name}, or it is being torn down: 'xl list -v' shows those that run.") { Errno = NativeErrors.Esrch };

    private static IEnumerable<XenInfo> Scan(XenHandle handle)
    {
        for (uint next = 0; ; next++)
        {
            ShimResult result = NativeMethods.XenNext(handle, next, out XenInfo info, out int errno);
            if (result == ShimResult.XenGone)
            {
                yield break;
            }

            NativeErrors.ThrowIfFailed(result, errno, $"Listing the domains from {next} on");
            yield return info;
            next = info.DomainId;
        }
    }
}
