using System.Globalization;

namespace PageStore;

/// <summary>
/// A guest page frame number: the 0-based number of a page of guest-physical memory.
/// </summary>
/// <param name="Value">The number of the page, from 0 to <see cref="MaxValue"/>. Not checked here; whoever uses it checks.</param>
public readonly record struct Pfn(long Value) : IComparable<Pfn>
{
    /// <summary>
    /// The highest page frame number that PageStore stores: 2^40 - 1, which is 4 PiB of 4 KiB pages.
    /// x86 guests end at 2^40 as well (52 physical address bits, 12 of them inside the page).
    /// </summary>
    public const long MaxValue = (1L << 40) - 1;

    /// <inheritdoc/>
    public int CompareTo(Pfn other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> lies before <paramref name="right"/>.</summary>
    public static bool operator <(Pfn left, Pfn right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> lies behind <paramref name="right"/>.</summary>
    public static bool operator >(Pfn left, Pfn right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or lies before it.</summary>
    public static bool operator <=(Pfn left, Pfn right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or lies behind it.</summary>
    public static bool operator >=(Pfn left, Pfn right) => left.Value >= right.Value;

    /// <summary>The page <paramref name="pages"/> pages behind <paramref name="pfn"/>.</summary>
    public static Pfn operator +(Pfn pfn, long pages) => new(pfn.Value + pages);

    /// <summary>The distance in pages from <paramref name="right"/> to <paramref name="left"/>.</summary>
    public static long operator -(Pfn left, Pfn right) => left.Value - right.Value;

    /// <summary>The number in hexadecimal, as Xen and Linux print frame numbers: <c>0x1a2b</c>.</summary>
    public override string ToString() => "0x" + Value.ToString("x", CultureInfo.InvariantCulture);
}
