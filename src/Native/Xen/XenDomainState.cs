namespace PageStore.Native;

/// <summary>A domain at one moment, as Xen's <c>struct xen_domctl_getdomaininfo</c> describes it (xen/include/public/domctl.h).</summary>
public sealed record XenDomainState
{
    internal XenDomainState(in XenInfo info)
    {
        Id = info.DomainId;
        Uuid = new Guid(info.Uuid, bigEndian: true);
        IsHvm = info.Flags.HasFlag(XenFlags.Hvm);
        IsPaused = info.Flags.HasFlag(XenFlags.Paused);
        IsDying = info.Flags.HasFlag(XenFlags.Dying);
        IsShutDown = info.Flags.HasFlag(XenFlags.Shutdown);
        AllocatedPages = (long)info.AllocatedPages;
    }

    /// <summary>Its number, the domid.</summary>
    public uint Id { get; internal init; }

    /// <summary>Its UUID, which Xen calls handle. All zeros for dom0.</summary>
    public Guid Uuid { get; internal init; }

    /// <summary>Whether it is HVM or PVH; otherwise PV.</summary>
    public bool IsHvm { get; internal init; }

    /// <summary>Whether a toolstack paused it.</summary>
    public bool IsPaused { get; internal init; }

    /// <summary>Whether it is being torn down.</summary>
    public bool IsDying { get; internal init; }

    /// <summary>Whether it shut down, suspended or crashed, and was not torn down yet.</summary>
    public bool IsShutDown { get; internal init; }

    /// <summary>How many pages of 4096 bytes it owns.</summary>
    public long AllocatedPages { get; internal init; }
}
