using System.Globalization;

namespace PageStore;

/// <summary>The number of an epoch in one checkpoint file: the first is 1, each commit takes the next, none is used twice.</summary>
/// <param name="Value">From 1 up.</param>
public readonly record struct EpochId(long Value) : IComparable<EpochId>
{
    /// <inheritdoc/>
    public int CompareTo(EpochId other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> was committed before <paramref name="right"/>.</summary>
    public static bool operator <(EpochId left, EpochId right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> was committed after <paramref name="right"/>.</summary>
    public static bool operator >(EpochId left, EpochId right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or was committed before it.</summary>
    public static bool operator <=(EpochId left, EpochId right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or was committed after it.</summary>
    public static bool operator >=(EpochId left, EpochId right) => left.Value >= right.Value;

    /// <summary>The number in decimal, as the command line writes it.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
