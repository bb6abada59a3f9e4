/* The bit by which a processor says that it used an entry of a page table (Intel SDM volume 3, section 4.8). */
#ifndef PS_ACCESS_BITS_H
#define PS_ACCESS_BITS_H

#include <stdatomic.h>
#include <stdint.h>

#define PS_TABLE_ENTRIES 512u
#define PS_TABLE_WORDS (PS_TABLE_ENTRIES / 64)
#define PS_ENTRY_ACCESSED UINT64_C(0x20)

/*
 * Clears the bit in the entries meant, one by one, and changes nothing else of them: bit n % 64 of word n / 64 stands for entry n. Returns how
 * many were set.
 */
static inline uint64_t ps_clear_accessed(void *table, const uint64_t *entries)
{
    _Atomic uint64_t *words = table;
    uint64_t cleared = 0;

    for (unsigned word = 0; word < PS_TABLE_WORDS; word++)
        for (uint64_t left = entries[word]; left != 0; left &= left - 1) {
            unsigned entry = word * 64 + (unsigned)__builtin_ctzll(left);

            cleared += (atomic_fetch_and(&words[entry], ~PS_ENTRY_ACCESSED) & PS_ENTRY_ACCESSED) != 0;
        }
    return cleared;
}

#endif
