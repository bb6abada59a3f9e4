using System.Numerics;

namespace PageStore.Native;

/// <summary>How a <see cref="KvmMachine"/> is made.</summary>
public sealed record KvmMachineOptions
{
    /// <summary>
    /// How many pages a dirty ring holds before the guest must wait for it to be emptied: a power of two from 256 on, within
    /// <see cref="KvmCapabilities.MaxDirtyRingBytes"/>, 16 bytes each. 0 for KVM's dirty bitmap in its place.
    /// </summary>
    public int DirtyRingEntries { get; init; }

    /// <summary>sizeof(struct kvm_dirty_gfn).</summary>
    private const int EntryBytes = 16;

    internal int RingBytes => DirtyRingEntries * EntryBytes;

    internal void Validate()
    {
        // A ring has at least a page.
        if (DirtyRingEntries != 0 && (DirtyRingEntries < 4096 / EntryBytes || DirtyRingEntries > int.MaxValue / EntryBytes || !BitOperations.IsPow2(DirtyRingEntries)))
        {
            throw new ArgumentOutOfRangeException(nameof(DirtyRingEntries), DirtyRingEntries, "A dirty ring has a power of two of entries, at least 256.");
        }
    }
}
