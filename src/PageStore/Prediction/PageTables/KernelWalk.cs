namespace PageStore;

/// <summary>
/// Goes through the upper half of an address space, where the kernel maps itself and all memory. Each table is read once for a level, so that tables that name each other, by
/// damage or on purpose, end the walk too.
/// </summary>
internal sealed class KernelWalk
{
    /// <summary>The last 512 GiB of the address space, where Linux has its image (Documentation/arch/x86/x86_64/mm.rst).</summary>
    private const int ImageSlot = X86Entry.PerTable - 1;

    /// <summary>
    /// A kernel's code is linked in the order of its source: the processor's, the scheduler's, memory's and file systems' first, drivers behind them, of which a virtual machine has
    /// few. Below this part of it lay most that was used on the machines measured, which had one kernel.
    /// </summary>
    private const double EarlyPart = 0.45;

    private readonly TableReader _tables;
    private readonly GuestPageTables _found;
    private readonly HashSet<(long Table, int Level)> _seen = [];
    private readonly SortedDictionary<int, long> _code = [];
    private readonly long[] _mapped = new long[X86Entry.PerTable];
    private readonly List<(int Slot, long Page)> _small = [];

    private KernelWalk(TableReader tables, GuestPageTables found)
    {
        (_tables, _found) = (tables, found);
    }

    public static void Run(TableReader tables, GuestPageTables found, long root)
    {
        var walk = new KernelWalk(tables, found);
        foreach ((int slot, X86Entry entry) in tables.Read(root, X86Entry.PerTable / 2))
        {
            walk.ReadPointers(slot, entry);
        }

        walk.AddCode();
        walk.AddDirectMap();
    }

    private void ReadPointers(int slot, X86Entry top)
    {
        foreach ((int index, X86Entry entry) in Enter(top, 3))
        {
            if (!entry.IsLarge)
            {
                ReadDirectory(slot, index, top, entry);
            }
        }
    }

    private void ReadDirectory(int slot, int pointer, X86Entry top, X86Entry middle)
    {
        foreach ((int index, X86Entry entry) in Enter(middle, 2))
        {
            bool executable = top.IsExecutable && middle.IsExecutable && entry.IsExecutable;
            bool writable = top.IsWritable && middle.IsWritable && entry.IsWritable;
            if (entry.IsLarge)
            {
                _mapped[slot] += X86Entry.PagesPerLargePage;
                AddLarge(slot, (pointer * X86Entry.PerTable) + index, entry, executable, writable);
            }
            else
            {
                ReadTable(slot, entry, writable);
            }
        }
    }

    private void AddLarge(int slot, int place, X86Entry entry, bool executable, bool writable)
    {
        long first = entry.Page & -X86Entry.PagesPerLargePage;
        if (slot == ImageSlot && executable)
        {
            _code[place] = first;
        }
        else if (slot == ImageSlot)
        {
            SetLarge(writable ? _found.KernelData : _found.KernelConstants, first);
        }
    }

    private void ReadTable(int slot, X86Entry directory, bool writable)
    {
        foreach ((_, X86Entry entry) in Enter(directory, 1))
        {
            _mapped[slot]++;
            _small.Add((slot, entry.Page));
            if (slot == ImageSlot && writable && entry.IsWritable)
            {
                _found.KernelData.Set(new Pfn(entry.Page));
            }
        }
    }

    /// <summary>The entries of the table that an entry leads to; none the second time.</summary>
    private (int Index, X86Entry Entry)[] Enter(X86Entry entry, int level)
    {
        _found.Tables.Set(new Pfn(entry.Page));
        if (entry.IsAccessed)
        {
            _found.UsedTables.Set(new Pfn(entry.Page));
        }

        return _seen.Add((entry.Page, level)) ? _tables.Read(entry.Page) : [];
    }

    private void AddCode()
    {
        int early = (int)Math.Round(_code.Count * X86Entry.PagesPerLargePage * EarlyPart);
        foreach (long first in _code.Values)
        {
            SetLarge(_found.KernelCode, first);
            for (long page = first; page < Math.Min(first + X86Entry.PagesPerLargePage, _tables.PageCount) && early > 0; page++, early--)
            {
                _found.KernelCodeEarly.Set(new Pfn(page));
            }
        }
    }

    /// <summary>The slot that maps most is the kernel's map of all memory. Where it is split into small pages, it goes around the image.</summary>
    private void AddDirectMap()
    {
        int direct = Array.IndexOf(_mapped, _mapped.Max());
        foreach ((int slot, long page) in _small)
        {
            if (slot == direct)
            {
                _found.KernelData.Set(new Pfn(page));
            }
        }
    }

    private void SetLarge(PageBitmap set, long first) =>
        set.SetRange(new Pfn(first), Math.Min(X86Entry.PagesPerLargePage, _tables.PageCount - first));
}
