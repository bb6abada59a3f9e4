/* Runs of bits in the caller's 64-bit words. */
#ifndef PS_BITS_H
#define PS_BITS_H

#include <stdint.h>

/* Sets bits [first, first + count); count is above 0. */
static inline void ps_bits_set_run(uint64_t *words, uint64_t first, uint64_t count)
{
    uint64_t last = first + count - 1;
    uint64_t head = ~UINT64_C(0) << (first % 64);
    uint64_t tail = ~UINT64_C(0) >> (63 - last % 64);
    uint64_t word = first / 64;

    if (word == last / 64) {
        words[word] |= head & tail;
        return;
    }
    words[word] |= head;
    for (word++; word < last / 64; word++)
        words[word] = ~UINT64_C(0);
    words[word] |= tail;
}

#endif
