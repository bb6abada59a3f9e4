/* An append-only journal of writes; when its memory is full, the oldest entries give way. Each sum covers the one before it. */
#include "workload.h"

struct entry {
    uint64_t sequence;
    uint64_t key;
    uint64_t version;
    uint64_t sum;
};
_Static_assert(sizeof(struct entry) == 32, "128 to a page");

static struct entry *entry_at(uint64_t sequence)
{
    return (struct entry *)S->journal_address + sequence % S->journal_capacity;
}

static uint64_t sum_of(const struct entry *entry, uint64_t before)
{
    return mix(before ^ mix(entry->sequence ^ mix(entry->key ^ mix(entry->version))));
}

void journal_make(uint64_t address, uint64_t bytes)
{
    S->journal_address = address;
    S->journal_capacity = bytes / sizeof(struct entry);
}

void journal_append(uint64_t key, uint64_t version)
{
    struct entry *entry = entry_at(S->journal_next);

    entry->sequence = S->journal_next++;
    entry->key = key;
    entry->version = version;
    entry->sum = sum_of(entry, S->journal_sum);
    S->journal_sum = entry->sum;
}

/* An entry that is the oldest because others gave way has nothing before it to compare with. */
void journal_check(void)
{
    uint64_t next = S->journal_next;
    uint64_t first = next > S->journal_capacity ? next - S->journal_capacity : 0;

    for (uint64_t i = first; i < next; i++) {
        const struct entry *entry = entry_at(i);
        uint64_t before = i == 0 ? 0 : entry_at(i - 1)->sum;
        int has_before = i > first || i == 0;

        if (entry->sequence != i || (has_before && entry->sum != sum_of(entry, before)))
            fail(BAD_JOURNAL, entry);
    }
    if (next > 0 && entry_at(next - 1)->sum != S->journal_sum)
        fail(BAD_JOURNAL, entry_at(next - 1));
}
