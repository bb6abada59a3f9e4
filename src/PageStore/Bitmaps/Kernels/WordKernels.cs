using System.Numerics;
using System.Runtime.CompilerServices;

namespace PageStore;

/// <summary>
/// The loops under the bitmaps, over whole words. Each takes the width to work at, so that tests reach every path; callers
/// that name none get the widest, which the JIT folds to a constant. One file a width; what a vector does not cover is done by word.
/// </summary>
internal static partial class WordKernels
{
    /// <summary>
    /// Vectors whose per-byte counts are summed before they are widened: each adds at most 8 to a byte, and 31 * 8 still fits.
    /// </summary>
    private const int VectorsPerSum = 31;

    /// <summary>
    /// A loop is compiled once, on its own, with all optimisations: tiers would start it slowly, and inlined into what
    /// calls it, it was measured at a quarter of its speed.
    /// </summary>
    internal const MethodImplOptions Kernel = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    /// <summary>How many bits of <paramref name="words"/> are set.</summary>
    public static long Count(ReadOnlySpan<ulong> words) => Count<FirstOperator>(words, words, BitmapWidths.Widest);

    /// <summary>How many bits of the combination are set, without storing it. Both spans have the same length.</summary>
    public static long Count<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
        where TOperator : struct, IWordOperator =>
        Count<TOperator>(a, b, BitmapWidths.Widest);

    /// <summary>As <see cref="Count{T}(ReadOnlySpan{ulong}, ReadOnlySpan{ulong})"/>, at a width that the processor has.</summary>
    public static long Count<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, BitmapWidth width)
        where TOperator : struct, IWordOperator
    {
        b = b[..a.Length];
        int done = 0;
        long count = width switch
        {
            BitmapWidth.V512 => Count512<TOperator>(a, b, out done),
            BitmapWidth.V256 => Count256<TOperator>(a, b, out done),
            BitmapWidth.V128 => Count128<TOperator>(a, b, out done),
            _ => 0,
        };
        for (; done < a.Length; done++)
        {
            count += BitOperations.PopCount(TOperator.Invoke(a[done], b[done]));
        }

        return count;
    }

    /// <summary>Stores the combination. All spans have the same length; the destination may be a source.</summary>
    public static void Combine<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> destination)
        where TOperator : struct, IWordOperator =>
        Combine<TOperator>(a, b, destination, BitmapWidths.Widest);

    /// <summary>As the other, at a width that the processor has.</summary>
    public static void Combine<TOperator>(
        ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> destination, BitmapWidth width)
        where TOperator : struct, IWordOperator
    {
        a = a[..destination.Length];
        b = b[..destination.Length];
        int done = width switch
        {
            BitmapWidth.V512 => Combine512<TOperator>(a, b, destination),
            BitmapWidth.V256 => Combine256<TOperator>(a, b, destination),
            BitmapWidth.V128 => Combine128<TOperator>(a, b, destination),
            _ => 0,
        };
        for (; done < destination.Length; done++)
        {
            destination[done] = TOperator.Invoke(a[done], b[done]);
        }
    }
}
