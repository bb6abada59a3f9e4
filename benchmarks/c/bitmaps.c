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

#if defined(__AVX512BW__) && defined(__AVX512VBMI2__)

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

static inline void store_eight(int64_t *out, __m128i packed, __m512i base)
{
    _mm512_storeu_si512(out, _mm512_add_epi64(base, _mm512_cvtepu8_epi64(packed)));
}

/* VPCOMPRESSB of 0..63 by each non-zero word, widened eight at a time. Stops when a block of 64 words might not fit. */
int64_t flatten_same(const uint64_t *a, int64_t words, int64_t *position, int64_t origin, int64_t *out, int64_t capacity)
{
    uint8_t numbers[64];
    for (int k = 0; k < 64; k++)
        numbers[k] = (uint8_t)k;
    const __m512i iota = _mm512_loadu_si512(numbers);
    int64_t n = 0, i = *position;
    for (; i + 8 <= words && capacity - n >= 8 * 64 + 64; i += 8) {
        __m512i eight = _mm512_loadu_si512(a + i);
        for (unsigned filled = _mm512_test_epi64_mask(eight, eight); filled; filled &= filled - 1) {
            int64_t index = i + __builtin_ctz(filled);
            uint64_t w = a[index];
            int bits = __builtin_popcountll(w);
            __m512i base = _mm512_set1_epi64(origin + index * 64);
            __m512i packed = _mm512_maskz_compress_epi8(w, iota);
            store_eight(out + n, _mm512_castsi512_si128(packed), base);
            if (bits > 8) {
                store_eight(out + n + 8, _mm_srli_si128(_mm512_castsi512_si128(packed), 8), base);
                store_eight(out + n + 16, _mm512_extracti32x4_epi32(packed, 1), base);
                if (bits > 24) {
                    store_eight(out + n + 24, _mm_srli_si128(_mm512_extracti32x4_epi32(packed, 1), 8), base);
                    store_eight(out + n + 32, _mm512_extracti32x4_epi32(packed, 2), base);
                    store_eight(out + n + 40, _mm_srli_si128(_mm512_extracti32x4_epi32(packed, 2), 8), base);
                    store_eight(out + n + 48, _mm512_extracti32x4_epi32(packed, 3), base);
                    store_eight(out + n + 56, _mm_srli_si128(_mm512_extracti32x4_epi32(packed, 3), 8), base);
                }
            }
            n += bits;
        }
    }
    *position = i;
    return words - i < 8 ? n + flatten_tzcnt(a, words, position, origin, out + n, capacity - n) : n;
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
