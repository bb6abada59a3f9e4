using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PageStore;

/// <content>
/// AVX-512 VBMI2: VPCOMPRESSB packs positions of set bits, a byte each; they are widened eight at a time. Where bits are few, all of four
/// words are packed at once (Flatten512Scattered), else those of one word (Flatten512Dense).
/// </content>
internal static partial class BitFlattener
{
    /// <summary>Words of a vector: what is counted and decided upon at once.</summary>
    private const int Step512 = 8;

    /// <summary>What Flatten512Scattered takes of a byte: its lowest bit, and one that is left.</summary>
    private const int ScatteredBits = 2;

    /// <summary>Bits in eight words up to which Flatten512Dense hands over: six in four words, on average, seldom need a second vector of eight.</summary>
    private const int MaxScatteredCount = 12;

    /// <summary>How far behind its result Flatten512Scattered may write: eight positions for four words that have none.</summary>
    private const int ScatteredSlack = 8;

    private static bool IsSupported512 => Avx512Vbmi2.IsSupported && Avx512Vbmi.IsSupported && Gfni.V512.IsSupported;

    /// <summary>As Flatten, but leaves the last words, where they are no whole vector.</summary>
    [MethodImpl(WordKernels.Kernel)]
    private static int Flatten512(ReadOnlySpan<ulong> words, long origin, Span<long> destination, out int consumed)
    {
        int written = 0;
        consumed = 0;
        while (words.Length - consumed >= Step512)
        {
            ReadOnlySpan<ulong> block = words.Slice(consumed, Math.Min(BlockWords, (words.Length - consumed) & -Step512));
            Span<long> room = destination[written..];
            long position = origin + ((long)consumed << BitmapBounds.WordShift);
            int done = WordKernels.CountScattered512(block, ScatteredBits, out int count);
            if (count > 0 && count + ScatteredSlack <= room.Length)
            {
                Flatten512Scattered(block[..done], position, room, count);
            }
            else if (count > 0 && written > 0)
            {
                break;
            }
            else if (count > 0 || done == 0)
            {
                done = Flatten512Dense(words[consumed..], position, room, out count);
                if (done == 0)
                {
                    break;
                }
            }

            written += count;
            consumed += done;
        }

        return written;
    }

    /// <summary>
    /// Takes four words a step, whatever is in them, so that no branch depends on where bits are: each byte is taken twice, once for its
    /// lowest bit and once for the other, those that are not 0 are packed.
    /// </summary>
    [MethodImpl(WordKernels.Kernel)]
    private static void Flatten512Scattered(ReadOnlySpan<ulong> words, long origin, Span<long> destination, int count)
    {
        ref ulong first = ref MemoryMarshal.GetReference(words);
        ref long target = ref MemoryMarshal.GetReference(destination);
        ref long overrun = ref MemoryMarshal.GetReference(destination.Slice(count, ScatteredSlack));
        Vector512<long> behind = Vector512.LoadUnsafe(ref overrun);
        Vector512<long> position = Vector512.Create(origin);
        Vector512<byte> twice = Vector512<byte>.Indices >> 1;
        Vector512<byte> firstBit = twice << 3;
        Vector512<byte> odd = Vector512.Create((ushort)0xFF00).AsByte();

        // The number of a single bit is linear in GF(2): its binary digits are the parities of the byte & 0xAA, & 0xCC, & 0xF0. The
        // rows of the matrix stand from the highest byte on, as GF2P8AFFINEQB wants them.
        Vector512<byte> bitNumber = Vector512.Create(0xAACC_F000_0000_0000).AsByte();
        for (nint index = 0; index < words.Length; index += Vector256<ulong>.Count)
        {
            Vector256<byte> bytes = Vector256.LoadUnsafe(ref first, (nuint)index).AsByte();
            Vector512<byte> both = Avx512Vbmi.PermuteVar64x8(bytes.ToVector512Unsafe(), twice);

            // x & -x is the lowest bit, x & ~-x the rest. (The JIT makes of x - 1 an addition of -1, and that by VPTERNLOG, which waits for what
            // was in its register: with it, a step waits for the one before, and everything takes twice as long.)
            Vector512<byte> single = both & ((Vector512<byte>.Zero - both) ^ odd);
            Vector512<byte> mask = ~Vector512.Equals(single, Vector512<byte>.Zero);
            Vector512<byte> positions = Gfni.V512.GaloisFieldAffineTransform(single, bitNumber, 0) | firstBit;
            Vector512<byte> packed = Avx512Vbmi2.Compress(Vector512<byte>.Zero, mask, positions);
            int bits = BitOperations.PopCount(mask.ExtractMostSignificantBits());
            StoreEight(packed.GetLower().GetLower(), position, ref target);
            if (bits > 8)
            {
                Vector512<long> rest = Avx512F.AlignRight64(packed.AsInt64(), packed.AsInt64(), 8 / 8);
                StoreRest(rest, position, bits - 8, ref Unsafe.Add(ref target, 8));
            }

            position += Vector512.Create((long)Vector256<byte>.Count * 8);
            target = ref Unsafe.Add(ref target, bits);
        }

        behind.StoreUnsafe(ref overrun);
    }

    /// <summary>
    /// Takes words one by one, counted eight at a time, until they have few bits (but for the first eight) or the destination might not
    /// hold the next eight. Spelled out in fours: the JIT does not unroll, and the branches of short loops were a tenth of the time.
    /// </summary>
    /// <returns>How many words were taken.</returns>
    [MethodImpl(WordKernels.Kernel)]
    private static int Flatten512Dense(ReadOnlySpan<ulong> words, long origin, Span<long> destination, out int written)
    {
        ref ulong first = ref MemoryMarshal.GetReference(words);
        ref long start = ref MemoryMarshal.GetReference(destination);
        Vector512<long> position = Vector512.Create(origin);
        int total = 0;
        int done = 0;
        for (; done + Step512 <= words.Length; done += Step512)
        {
            int count = CountFour(ref first) + CountFour(ref Unsafe.Add(ref first, 4));
            if (total + count + Slack > destination.Length || (count <= MaxScatteredCount && done > 0))
            {
                break;
            }

            ref long target = ref Unsafe.Add(ref start, total);
            ref long overrun = ref Unsafe.Add(ref target, count);
            Vector512<long> behind = Vector512.LoadUnsafe(ref overrun);
            Vector512<long> behind8 = Vector512.LoadUnsafe(ref overrun, 8);
            Vector512<long> behind16 = Vector512.LoadUnsafe(ref overrun, 16);
            target = ref FlattenFour(ref first, position, ref target);
            FlattenFour(ref Unsafe.Add(ref first, 4), position + Vector512.Create(4L * 64), ref target);
            behind.StoreUnsafe(ref overrun);
            behind8.StoreUnsafe(ref overrun, 8);
            behind16.StoreUnsafe(ref overrun, 16);
            position += Vector512.Create(8L * 64);
            first = ref Unsafe.Add(ref first, Step512);
            total += count;
        }

        written = total;
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CountFour(ref ulong first) =>
        BitOperations.PopCount(first) + BitOperations.PopCount(Unsafe.Add(ref first, 1))
        + BitOperations.PopCount(Unsafe.Add(ref first, 2)) + BitOperations.PopCount(Unsafe.Add(ref first, 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref long FlattenFour(ref ulong first, Vector512<long> position, ref long target)
    {
        target = ref FlattenOne(ref first, position, ref target);
        target = ref FlattenOne(ref Unsafe.Add(ref first, 1), position + Vector512.Create(64L), ref target);
        target = ref FlattenOne(ref Unsafe.Add(ref first, 2), position + Vector512.Create(2L * 64), ref target);
        return ref FlattenOne(ref Unsafe.Add(ref first, 3), position + Vector512.Create(3L * 64), ref target);
    }

    /// <summary>Stores 24 positions, which nearly always suffice at a density of 25 %; more only where there are more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref long FlattenOne(ref ulong word, Vector512<long> position, ref long target)
    {
        Vector512<byte> packed = Positions(ref word);
        int bits = BitOperations.PopCount(word);
        Vector128<byte> low = packed.GetLower().GetLower();
        StoreEight(low, position, ref target);
        StoreEight(Sse2.ShiftRightLogical128BitLane(low, 8), position, ref Unsafe.Add(ref target, 8));
        StoreEight(packed.GetLower().GetUpper(), position, ref Unsafe.Add(ref target, 16));
        if (bits > 24)
        {
            Vector512<long> rest = Avx512F.AlignRight64(packed.AsInt64(), packed.AsInt64(), 24 / 8);
            StoreRest(rest, position, bits - 24, ref Unsafe.Add(ref target, 24));
        }

        return ref Unsafe.Add(ref target, bits);
    }

    /// <summary>Stores packed positions, as many as there are. No call: around one, a loop would have to keep its constants in memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRest(Vector512<long> packed, Vector512<long> position, int bits, ref long target)
    {
        for (int i = 0; i < bits; i += 8)
        {
            StoreEight(packed.GetLower().GetLower().AsByte(), position, ref Unsafe.Add(ref target, i));
            packed = Avx512F.AlignRight64(packed, packed, 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreEight(Vector128<byte> packed, Vector512<long> position, ref long target) =>
        (position + Avx512F.ConvertToVector512Int64(packed)).StoreUnsafe(ref target);

    /// <summary>The positions of the set bits of a word, packed into the low bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Positions(ref ulong word)
    {
        // .NET masks are vectors of which the highest bit of each element counts. VPMULTISHIFTQB gives each byte eight bits of the
        // word from any place on, around its end: from place i - 7 on, bit i is the highest. It takes the word from memory, to all lanes,
        // in the same instruction; read as what it is, the JIT would share it with the count, in a register, which costs a tenth.
        Vector512<ulong> words = Vector512.Create(Unsafe.As<ulong, double>(ref word)).AsUInt64();
        Vector512<byte> mask = Avx512Vbmi.MultiShift(Vector512<byte>.Indices + Vector512.Create((byte)57), words);
        return Avx512Vbmi2.Compress(Vector512<byte>.Zero, mask, Vector512<byte>.Indices);
    }
}
