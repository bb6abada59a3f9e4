namespace PageStore.Native.Tests;

/// <summary>Where a guest's memory lies, as a monitor says it: parts with gaps, side by side, and in any order.</summary>
public sealed class LazyMappingsTests
{
    private static readonly ulong Page = (ulong)Environment.SystemPageSize;

    [Fact]
    public void A_removal_over_parts_that_lie_side_by_side_is_told_for_each()
    {
        var mappings = new LazyMappings([new LazyMapping(100 * Page, new Pfn(50), 10), new LazyMapping(110 * Page, new Pfn(0), 10), new LazyMapping(200 * Page, new Pfn(20), 4)]);
        var events = new Queue<LazyMemoryEvent>();
        mappings.Translate(new LazyRawEvent { Kind = LazyRawKind.Removed, Address = 105 * Page, Bytes = 97 * Page }, events);

        Assert.Equal([Removed(55, 5), Removed(0, 10), Removed(20, 2)], events);
    }

    [Fact]
    public void Faults_of_memory_that_nobody_told_of_are_nobodys()
    {
        var mappings = new LazyMappings([new LazyMapping(100 * Page, new Pfn(50), 10)]);
        var events = new Queue<LazyMemoryEvent>();
        foreach (ulong address in (ulong[])[0, (100 * Page) - 1, 110 * Page, ulong.MaxValue])
        {
            mappings.Translate(new LazyRawEvent { Kind = LazyRawKind.Fault, Address = address }, events);
        }

        mappings.Translate(new LazyRawEvent { Kind = LazyRawKind.Fault, Address = (110 * Page) - 1, Write = 1 }, events);
        Assert.Equal([new LazyMemoryEvent(LazyMemoryEventKind.WriteFault, new Pfn(59), 1)], events);
    }

    private static LazyMemoryEvent Removed(long first, long count) => new(LazyMemoryEventKind.Removed, new Pfn(first), count);
}
