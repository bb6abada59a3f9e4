using System.Globalization;
using System.IO.Hashing;

namespace PageStore;

/// <summary>
/// A content checksum: XXH3 of 64 bits with seed 0. It finds damage, not forgery, and equal sums are not equal bytes.
/// </summary>
/// <param name="Value">The sum.</param>
public readonly record struct ContentSum(ulong Value)
{
    /// <summary>Computes the sum of <paramref name="content"/>. Thread-safe, allocates nothing.</summary>
    public static ContentSum Of(ReadOnlySpan<byte> content) => new(XxHash3.HashToUInt64(content));

    /// <summary>Sixteen hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
