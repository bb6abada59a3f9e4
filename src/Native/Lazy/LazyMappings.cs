namespace PageStore.Native;

/// <summary>Where all of a guest's memory lies, as the process that maps it says. Immutable.</summary>
internal sealed class LazyMappings
{
    /// <summary>How many parts there may be at most: memory slots of a virtual machine are fewer (KVM_MAX_NR_ADDRESS_SPACES aside, Firecracker has up to three).</summary>
    private const int MaxMappings = 1024;

    private readonly LazyMapping[] _byAddress;
    private readonly LazyMapping[] _byPage;

    /// <summary>Checks what was said.</summary>
    /// <exception cref="CorruptDataException">The parts are none, too many, not aligned, out of range, or overlap.</exception>
    internal LazyMappings(IReadOnlyCollection<LazyMapping> mappings)
    {
        if (mappings.Count is 0 or > MaxMappings)
        {
            throw new CorruptDataException($"A guest's memory was said to lie in {mappings.Count} parts; 1 to {MaxMappings} make sense.");
        }

        foreach (LazyMapping mapping in mappings)
        {
            Check(mapping);
        }

        _byAddress = [.. mappings.OrderBy(mapping => mapping.Address)];
        _byPage = [.. mappings.OrderBy(mapping => mapping.First)];
        for (int i = 1; i < _byPage.Length; i++)
        {
            if (_byAddress[i].Address < _byAddress[i - 1].AddressEnd || _byPage[i].First < _byPage[i - 1].End)
            {
                throw new CorruptDataException($"The parts of a guest's memory overlap at 0x{_byAddress[i].Address:x}, or at page {_byPage[i].First}.");
            }
        }
    }

    internal IReadOnlyList<LazyMapping> All => _byAddress;

    internal long PageCount => _byPage[^1].End.Value;

    internal static LazyMappings Of(MemoryRegion memory) =>
        new([new LazyMapping((ulong)memory.Mapping.DangerousGetHandle(), new Pfn(0), memory.PageCount)]);

    /// <summary>Where a page lies, and how many behind it lie in the same part, or in none.</summary>
    /// <param name="first">The page.</param>
    /// <param name="limit">How many at most, from 1 up.</param>
    /// <param name="address">Receives its place; 0 if it lies nowhere.</param>
    internal long Find(Pfn first, long limit, out ulong address)
    {
        foreach (LazyMapping mapping in _byPage)
        {
            if (first < mapping.First)
            {
                address = 0;
                return Math.Min(limit, mapping.First - first);
            }

            if (first < mapping.End)
            {
                address = mapping.AddressOf(first);
                return Math.Min(limit, mapping.End - first);
            }
        }

        address = 0;
        return limit;
    }

    /// <summary>Adds what an event means: nothing if it lies in no part, and one for each part that a removal lies in.</summary>
    /// <exception cref="UnsupportedException">A part was moved: nobody would bring what is missing to its new place.</exception>
    internal void Translate(in LazyRawEvent raw, Queue<LazyMemoryEvent> translated)
    {
        foreach (LazyMapping mapping in _byAddress)
        {
            ulong start = Math.Max(raw.Address, mapping.Address);
            if (raw.Kind == LazyRawKind.Fault && start == raw.Address && start < mapping.AddressEnd)
            {
                translated.Enqueue(new LazyMemoryEvent(raw.Write != 0 ? LazyMemoryEventKind.WriteFault : LazyMemoryEventKind.ReadFault, mapping.PageAt(start), 1));
            }

            // Parts that lie side by side may be one mapping of the kernel's.
            ulong end = Math.Min(raw.Address + raw.Bytes, mapping.AddressEnd);
            if (raw.Kind == LazyRawKind.Removed && start < end)
            {
                Pfn first = mapping.PageAt(start);
                translated.Enqueue(new LazyMemoryEvent(LazyMemoryEventKind.Removed, first, mapping.PageAt(end - 1) - first + 1));
            }

            if (raw.Kind == LazyRawKind.Moved && start < end)
            {
                throw new UnsupportedException($"The monitor moved memory of its guest away from 0x{start:x} while pages of it were missing: end the guest, and have the monitor move it after the resume only.");
            }
        }
    }

    private static void Check(LazyMapping mapping)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        bool fits = mapping.Address != 0 && mapping.Address % pageSize == 0
            && mapping.First.Value is >= 0 and <= Pfn.MaxValue && mapping.Count >= 1 && mapping.Count <= Pfn.MaxValue + 1 - mapping.First.Value
            && (ulong)mapping.Count * pageSize <= ulong.MaxValue - mapping.Address;
        if (!fits)
        {
            throw new CorruptDataException($"A part of a guest's memory was said to have {mapping.Count} pages from page {mapping.First} on at 0x{mapping.Address:x}: that is no memory.");
        }
    }
}
