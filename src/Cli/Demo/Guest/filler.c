/* Memory that holds something and is seldom looked at: pages that do not compress, each to be told from its number. */
#include "workload.h"

#define WORDS (PAGE_BYTES / sizeof(uint64_t))

static uint64_t *words_of(uint64_t page)
{
    return (uint64_t *)(S->filler_address + page * PAGE_BYTES);
}

static uint64_t first_word(uint64_t page)
{
    return mix(P->seed ^ mix(page + 1)) | 1; /* xorshift needs a state that is not 0 */
}

/* xorshift64 (Marsaglia 2003). */
static uint64_t next_word(uint64_t word)
{
    word ^= word << 13;
    word ^= word >> 7;
    return word ^ word << 17;
}

void filler_make(uint64_t address, uint64_t pages)
{
    S->filler_address = address;
    S->filler_pages = pages;
    for (uint64_t page = 0; page < pages; page++) {
        uint64_t word = first_word(page);

        for (uint64_t i = 0; i < WORDS; i++, word = next_word(word))
            words_of(page)[i] = word;
    }
}

void filler_check_page(uint64_t page)
{
    uint64_t word = first_word(page);

    for (uint64_t i = 0; i < WORDS; i++, word = next_word(word))
        if (words_of(page)[i] != word)
            fail(BAD_FILLER, &words_of(page)[i]);
}

void filler_check(void)
{
    for (uint64_t page = 0; page < S->filler_pages; page++)
        filler_check_page(page);
}
