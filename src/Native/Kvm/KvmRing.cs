namespace PageStore.Native;

/// <summary>With which rights a program runs in a <see cref="KvmMachine"/>.</summary>
public enum KvmRing : uint
{
    /// <summary>
    /// Ring 3, with the right to use ports. It cannot halt. Where KVM itself runs in a virtual machine without nested virtualization (page-table
    /// virtualization), only such a program runs at the processor's speed.
    /// </summary>
    User = 0,

    /// <summary>Ring 0: everything, HLT too.</summary>
    Kernel = 1,
}
