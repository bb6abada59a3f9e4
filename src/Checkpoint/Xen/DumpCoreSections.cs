namespace PageStore.Checkpoint;

/// <summary>
/// The names of the state sections that keep what a file of <c>xl dump-core</c> has besides pages, byte for byte. It is for looking at: Xen can run no
/// guest from it. The structures are described in Xen's docs/misc/dump-core-format.txt.
/// </summary>
public static class DumpCoreSections
{
    /// <summary>The notes: kind of guest, numbers of processors and pages, release of Xen. The section .note.Xen of the file.</summary>
    public const string Notes = "dump-core-notes";

    /// <summary>The registers of each virtual processor, as vcpu_guest_context_t. The section .xen_prstatus.</summary>
    public const string Processors = "dump-core-prstatus";

    /// <summary>The page that guest and hypervisor share, where there is one. The section .xen_shared_info.</summary>
    public const string SharedInfo = "dump-core-shared-info";

    /// <summary>Of a PV guest: pairs of page frame number and machine frame number, which its page tables hold. The section .xen_p2m.</summary>
    public const string P2m = "dump-core-p2m";
}
