namespace PageStore.Native;

/// <summary>The size of the pages by which the tables of <see cref="KvmMachine.Load"/> map a guest's memory.</summary>
public enum KvmPaging : uint
{
    /// <summary>2 MiB: few tables.</summary>
    LargePages = 0,

    /// <summary>4 KiB, so that the accessed bits of the tables tell each page, see <see cref="KvmAccessBits"/>.</summary>
    SmallPages = 1,
}
