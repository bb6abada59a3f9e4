/*
 * What the bitmap benchmarks are compared with. Each function works on whole 64-bit words. Those in SIMD use the instructions
 * that the managed code uses; count_best and count_andnot_best are what gcc makes of a plain loop for this processor.
 */
#include <immintrin.h>
#include <stdint.h>

int64_t count_best(const uint64_t *a, int64_t words)
{
    int64_t count = 0;
    for (int64_t i = 0; i < words; i++)
        count += __builtin_popcountll(a[i]);
    return count;
}

int64_t count_andnot_best(const uint64_t *a, const uint64_t *b, int64_t words)
{
    int64_t count = 0;
    for (int64_t i = 0; i < words; i++)
        count += __builtin_popcountll(a[i] & ~b[i]);
    return count;
}

void and_best(const uint64_t *a, const uint64_t *b, uint64_t *destination, int64_t words)
{
    for (int64_t i = 0; i < words; i++)
        destination[i] = a[i] & b[i];
}

/* The plain loop that everybody writes first. Stops when a whole word might not fit; *position is the next word. */
int64_t flatten_tzcnt(const uint64_t *a, int64_t words, int64_t *position, int64_t origin, int64_t *out, int64_t capacity)
{
    int64_t n = 0, i = *position;
    for (; i < words && capacity - n >= 64; i++)
        for (uint64_t w = a[i]; w; w &= w - 1)
            out[n++] = origin + i * 64 + __builtin_ctzll(w);
    *position = i;
    return n;
}

#if defined(__AVX512BW__) && defined(__AVX512VBMI2__) && defined(__GFNI__)

int has_avx512(void)
{
    return 1;
}

static inline __m512i byte_popcount(__m512i v)
{
    const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i low = _mm512_and_si512(v, nibble);
    __m512i high = _mm512_and_si512(_mm512_srli_epi64(v, 4), nibble);
    return _mm512_add_epi8(_mm512_shuffle_epi8(table, low), _mm512_shuffle_epi8(table, high));
}

int64_t count_same(const uint64_t *a, int64_t words)
{
    __m512i total = _mm512_setzero_si512();
    int64_t i = 0, end = words & ~7;
    while (i < end) {
        int64_t stop = end - i < 248 ? end : i + 248;
        __m512i sum = _mm512_setzero_si512();
        for (; i < stop; i += 8)
            sum = _mm512_add_epi8(sum, byte_popcount(_mm512_loadu_si512(a + i)));
        total = _mm512_add_epi64(total, _mm512_sad_epu8(sum, _mm512_setzero_si512()));
    }
    return _mm512_reduce_add_epi64(total) + count_best(a + i, words - i);
}

int64_t count_andnot_same(const uint64_t *a, const uint64_t *b, int64_t words)
{
    __m512i total = _mm512_setzero_si512();
    int64_t i = 0, end = words & ~7;
    while (i < end) {
        int64_t stop = end - i < 248 ? end : i + 248;
        __m512i sum = _mm512_setzero_si512();
        for (; i < stop; i += 8)
            sum = _mm512_add_epi8(sum, byte_popcount(
                _mm512_andnot_si512(_mm512_loadu_si512(b + i), _mm512_loadu_si512(a + i))));
        total = _mm512_add_epi64(total, _mm512_sad_epu8(sum, _mm512_setzero_si512()));
    }
    return _mm512_reduce_add_epi64(total) + count_andnot_best(a + i, b + i, words - i);
}

/*
 * Enumeration, as in BitFlattener.V512.cs, which says why: in blocks whose bytes have at most two bits, 32 bytes a step; else
 * a word a step. Positions are counted before they are written, and nothing behind them is changed.
 */
struct numbers {
    __m512i lane, twice, first, odd, matrix;
};

static inline struct numbers make_numbers(void)
{
    uint8_t lane[64], twice[64], first[64];
    for (int k = 0; k < 64; k++) {
        lane[k] = (uint8_t)k;
        twice[k] = (uint8_t)(k / 2);
        first[k] = (uint8_t)(k / 2 * 8);
    }
    return (struct numbers) {
        _mm512_loadu_si512(lane), _mm512_loadu_si512(twice), _mm512_loadu_si512(first),
        _mm512_set1_epi16((short)0xFF00), _mm512_set1_epi64((long long)0xAACCF00000000000),
    };
}

static inline void store_eight(int64_t *out, __m128i packed, __m512i base)
{
    _mm512_storeu_si512(out, _mm512_add_epi64(base, _mm512_cvtepu8_epi64(packed)));
}

static inline void store_rest(__m512i packed, __m512i base, int bits, int64_t *out)
{
    for (int i = 0; i < bits; i += 8) {
        store_eight(out + i, _mm512_castsi512_si128(packed), base);
        packed = _mm512_alignr_epi64(packed, packed, 1);
    }
}

static int64_t count_scattered(const uint64_t *a, int64_t words, int64_t *count)
{
    __m512i sum = _mm512_setzero_si512();
    int64_t i = 0;
    for (; i < words; i += 8) {
        __m512i counts = byte_popcount(_mm512_loadu_si512(a + i));
        if (_mm512_cmpgt_epu8_mask(counts, _mm512_set1_epi8(2)))
            break;
        sum = _mm512_add_epi8(sum, counts);
    }
    *count = _mm512_reduce_add_epi64(_mm512_sad_epu8(sum, _mm512_setzero_si512()));
    return i;
}

static void flatten_scattered(const uint64_t *a, int64_t words, int64_t origin, int64_t *out, int64_t count)
{
    const struct numbers numbers = make_numbers();
    int64_t *overrun = out + count;
    __m512i behind = _mm512_loadu_si512(overrun);
    __m512i base = _mm512_set1_epi64(origin);
    for (int64_t i = 0; i < words; i += 4) {
        __m512i both = _mm512_permutexvar_epi8(
            numbers.twice, _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(a + i))));
        __m512i single = _mm512_and_si512(
            both, _mm512_xor_si512(_mm512_sub_epi8(_mm512_setzero_si512(), both), numbers.odd));
        __mmask64 mask = _mm512_test_epi8_mask(single, single);
        __m512i entries = _mm512_or_si512(_mm512_gf2p8affine_epi64_epi8(single, numbers.matrix, 0), numbers.first);
        __m512i packed = _mm512_maskz_compress_epi8(mask, entries);
        int bits = __builtin_popcountll(mask);
        store_eight(out, _mm512_castsi512_si128(packed), base);
        if (__builtin_expect(bits > 8, 0))
            store_rest(_mm512_alignr_epi64(packed, packed, 1), base, bits - 8, out + 8);
        base = _mm512_add_epi64(base, _mm512_set1_epi64(256));
        out += bits;
    }
    _mm512_storeu_si512(overrun, behind);
}

static int64_t flatten_dense(const uint64_t *a, int64_t words, int64_t origin, int64_t *out, int64_t capacity, int64_t *written)
{
    const struct numbers numbers = make_numbers();
    __m512i base = _mm512_set1_epi64(origin);
    int64_t n = 0, i = 0;
    for (; i + 8 <= words; i += 8) {
        int count = 0;
        for (int k = 0; k < 8; k++)
            count += __builtin_popcountll(a[i + k]);
        if (n + count + 24 > capacity || (count <= 12 && i > 0))
            break;
        int64_t *at = out + n;
        int64_t *overrun = at + count;
        __m512i behind = _mm512_loadu_si512(overrun);
        __m512i behind8 = _mm512_loadu_si512(overrun + 8);
        __m512i behind16 = _mm512_loadu_si512(overrun + 16);
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            uint64_t w = a[i + k];
            int bits = __builtin_popcountll(w);
            __m512i packed = _mm512_maskz_compress_epi8(w, numbers.lane);
            __m128i low = _mm512_castsi512_si128(packed);
            store_eight(at, low, base);
            store_eight(at + 8, _mm_srli_si128(low, 8), base);
            store_eight(at + 16, _mm512_extracti32x4_epi32(packed, 1), base);
            if (__builtin_expect(bits > 24, 0))
                store_rest(_mm512_alignr_epi64(packed, packed, 3), base, bits - 24, at + 24);
            base = _mm512_add_epi64(base, _mm512_set1_epi64(64));
            at += bits;
        }
        _mm512_storeu_si512(overrun, behind);
        _mm512_storeu_si512(overrun + 8, behind8);
        _mm512_storeu_si512(overrun + 16, behind16);
        n += count;
    }
    *written = n;
    return i;
}

int64_t flatten_same(const uint64_t *a, int64_t words, int64_t *position, int64_t origin, int64_t *out, int64_t capacity)
{
    int64_t n = 0, i = *position;
    while (words - i >= 8) {
        int64_t count, block = words - i < 64 ? (words - i) & -8 : 64;
        int64_t done = count_scattered(a + i, block, &count);
        if (count > 0 && count + 8 <= capacity - n) {
            flatten_scattered(a + i, done, origin + i * 64, out + n, count);
        } else if (count > 0 && n > 0) {
            break;
        } else if (count > 0 || done == 0) {
            done = flatten_dense(a + i, words - i, origin + i * 64, out + n, capacity - n, &count);
            if (done == 0)
                break;
        }
        n += count;
        i += done;
    }
    *position = i;
    return n > 0 || i == words ? n : flatten_tzcnt(a, words, position, origin, out, capacity);
}

#else

int has_avx512(void)
{
    return 0;
}

int64_t count_same(const uint64_t *a, int64_t words)
{
    return count_best(a, words);
}

int64_t count_andnot_same(const uint64_t *a, const uint64_t *b, int64_t words)
{
    return count_andnot_best(a, b, words);
}

/* Four positions a step, right or not, then on by the number there really are. */
int64_t flatten_same(const uint64_t *a, int64_t words, int64_t *position, int64_t origin, int64_t *out, int64_t capacity)
{
    int64_t n = 0, i = *position;
    for (; i < words && capacity - n >= 64 + 4; i++) {
        uint64_t w = a[i];
        int bits = __builtin_popcountll(w);
        int64_t *at = out + n;
        for (int step = 0; step < bits; step += 4, at += 4)
            for (int k = 0; k < 4; k++, w &= w - 1)
                at[k] = origin + i * 64 + (w ? __builtin_ctzll(w) : 64);
        n += bits;
    }
    *position = i;
    return n;
}

#endif
