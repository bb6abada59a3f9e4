namespace PageStore;

/// <summary>Something that happened to memory whose pages are missing.</summary>
/// <param name="Kind">What.</param>
/// <param name="First">The first page of it.</param>
/// <param name="Count">How many pages, at least 1; 1 for a fault.</param>
public readonly record struct LazyMemoryEvent(LazyMemoryEventKind Kind, Pfn First, long Count);

/// <summary>What can happen to memory whose pages are missing.</summary>
public enum LazyMemoryEventKind
{
    /// <summary>A read of a missing page: somebody waits for it.</summary>
    ReadFault,

    /// <summary>A write to a missing page: somebody waits for it.</summary>
    WriteFault,

    /// <summary>The guest gave the pages up, there or missing: they are zero from now on, whatever they were.</summary>
    Removed,
}

/// <summary>Why a wait for memory ended.</summary>
[Flags]
public enum LazyMemorySignals
{
    /// <summary>The time is over, or there is no reason.</summary>
    None = 0,

    /// <summary>There are events to be read.</summary>
    Events = 1,

    /// <summary>Somebody called <see cref="ILazyMemory.Wake"/>.</summary>
    Woken = 2,

    /// <summary>The guest has gone, and its memory with it: nothing is to be brought any more.</summary>
    Ended = 4,
}
