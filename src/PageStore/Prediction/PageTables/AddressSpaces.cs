using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>
/// The roots of a guest's page tables. Those that a processor was seen to use are known, as long as what they held is still there: a system that frees a root takes its entries away before. Others are found by their
/// look, the upper half of a root in use. A page may look like that without being a root, or any more, and what it leads to may be anything: so nothing is ever written for one of those.
/// </summary>
internal sealed class AddressSpaces(IGuestMemory memory)
{
    /// <summary>Bits 5 and 6, accessed and dirty: the processor's, not the system's.</summary>
    private const ulong ProcessorBits = 0x60;

    private const int UpperHalf = X86Entry.PerTable / 2;

    private readonly Dictionary<long, ulong[]> _used = [];
    private readonly HashSet<long> _alike = [];
    private readonly HashSet<long> _suspects = [];
    private readonly List<long> _gone = [];
    private readonly byte[] _content = new byte[PageSizes.Default];
    private readonly GuestPageType[] _type = new GuestPageType[1];
    private ulong[]? _reference;

    /// <summary>Roots that a processor was seen to use.</summary>
    public IReadOnlyCollection<long> Used => _used.Keys;

    /// <summary>Pages that look like roots.</summary>
    public IReadOnlyCollection<long> Alike => _alike;

    /// <summary>Forgets all roots.</summary>
    public void Clear()
    {
        _used.Clear();
        _alike.Clear();
        _suspects.Clear();
        _reference = null;
    }

    /// <summary>Names a page that may be a root; the next update looks at it, once a processor was seen to use one.</summary>
    public void Suspect(long page) => _suspects.Add(page);

    /// <summary>Brings the roots up to date.</summary>
    /// <param name="current">Where the processors are now.</param>
    /// <param name="written">Pages written since the last update.</param>
    public void Update(IReadOnlyList<Pfn> current, PageBitmap written)
    {
        DropChanged(written);
        foreach (Pfn root in current)
        {
            if (root.Value < memory.PageCount && TryRead(root.Value, out ReadOnlySpan<ulong> entries))
            {
                _reference = _used[root.Value] = entries.ToArray();
                _alike.Remove(root.Value);
            }
        }

        if (_reference is not null)
        {
            DropUnlike(written);
            AddAlike(_suspects);
            _suspects.Clear();
        }
    }

    private void DropChanged(PageBitmap written)
    {
        _gone.Clear();
        foreach ((long root, ulong[] before) in _used)
        {
            if (!written.Contains(new Pfn(root)))
            {
                continue;
            }

            if (TryRead(root, out ReadOnlySpan<ulong> now) && Holds(now, before))
            {
                now.CopyTo(before);
            }
            else
            {
                _gone.Add(root);
            }
        }

        foreach (long root in _gone)
        {
            _used.Remove(root);
            Suspect(root);
        }
    }

    /// <summary>Whether all that was there is there.</summary>
    private static bool Holds(ReadOnlySpan<ulong> now, ReadOnlySpan<ulong> before)
    {
        for (int i = 0; i < before.Length; i++)
        {
            if (new X86Entry(before[i]).IsPresent && ((now[i] ^ before[i]) & ~ProcessorBits) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private void DropUnlike(PageBitmap written) => _alike.RemoveWhere(page => written.Contains(new Pfn(page)) && !LooksLikeRoot(page));

    private void AddAlike(IEnumerable<long> pages)
    {
        foreach (long page in pages)
        {
            if (!_used.ContainsKey(page) && LooksLikeRoot(page))
            {
                _alike.Add(page);
            }
        }
    }

    private bool LooksLikeRoot(long page)
    {
        if (_reference is null || !TryRead(page, out ReadOnlySpan<ulong> entries) || !entries[UpperHalf..].ContainsAnyExcept(0UL))
        {
            return false;
        }

        for (int i = UpperHalf; i < entries.Length; i++)
        {
            if (((entries[i] ^ _reference[i]) & ~ProcessorBits) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool TryRead(long page, out ReadOnlySpan<ulong> entries)
    {
        memory.CopyPages(new Pfn(page), _content, _type);
        entries = MemoryMarshal.Cast<byte, ulong>(_content);
        return GuestPageTypes.HasData(_type[0]);
    }
}
