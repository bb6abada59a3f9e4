namespace PageStore.Checkpoint;

/// <summary>The formats of memory dumps that readers elsewhere take, with only the pages that the guest has.</summary>
public enum DumpFormat
{
    /// <summary>
    /// An ELF core file of x86-64 with a PT_LOAD segment for each run of pages, physical and virtual address the guest's physical one: for gdb,
    /// readelf, Volatility and LeechCore. It has no registers.
    /// </summary>
    ElfCore,

    /// <summary>A dump of LiME, version 1: for Volatility and others.</summary>
    Lime,
}
