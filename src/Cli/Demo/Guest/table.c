/* A hash table of fixed records, in parts of their own pages, each with linear probing. A record's value follows from its key and its version. */
#include "workload.h"

struct record {
    uint64_t key; /* 0: no record */
    uint64_t version;
    uint64_t value[6];
};
_Static_assert(sizeof(struct record) == 64, "64 to a page");

static struct record *slots_of(uint64_t part)
{
    return (struct record *)S->table_address + part * S->part_slots;
}

static uint64_t value_of(uint64_t key, uint64_t version, uint64_t i)
{
    return mix(key ^ mix(version * 8 + i) ^ P->seed);
}

static void write(struct record *record, uint64_t key, uint64_t version)
{
    record->key = key;
    record->version = version;
    for (uint64_t i = 0; i < 6; i++)
        record->value[i] = value_of(key, version, i);
    S->table_writes++;
}

static void check(const struct record *record)
{
    for (uint64_t i = 0; i < 6; i++)
        if (record->value[i] != value_of(record->key, record->version, i))
            fail(BAD_RECORD, record);
}

/* The record, or the free slot where it belongs. A quarter of the slots is free, so there is one. */
static struct record *find(uint64_t part, uint64_t key)
{
    struct record *slots = slots_of(part);

    for (uint64_t i = mix(key) % S->part_slots;; i = i + 1 == S->part_slots ? 0 : i + 1)
        if (slots[i].key == key || slots[i].key == 0)
            return &slots[i];
}

void table_make(uint64_t address, uint64_t bytes)
{
    S->table_address = address;
    S->part_slots = bytes / PARTS / PAGE_BYTES * (PAGE_BYTES / sizeof(struct record));
    S->part_keys = S->part_slots * 3 / 4;
    for (uint64_t part = 0; part < PARTS; part++)
        for (uint64_t key = 1; key <= S->part_keys; key++)
            write(find(part, key), key, 1);
}

uint64_t table_get(uint64_t part, uint64_t key)
{
    const struct record *record = find(part, key);

    if (record->key != key)
        fail(MISSING_RECORD, record);
    check(record);
    return record->version;
}

uint64_t table_put(uint64_t part, uint64_t key)
{
    struct record *record = find(part, key);

    if (record->key != key)
        fail(MISSING_RECORD, record);
    check(record);
    write(record, key, record->version + 1);
    return record->version;
}

void table_check(void)
{
    uint64_t records = 0, writes = 0;

    for (uint64_t i = 0; i < PARTS * S->part_slots; i++) {
        const struct record *record = slots_of(0) + i;

        if (record->key == 0)
            continue;
        check(record);
        records++;
        writes += record->version;
    }
    if (records != PARTS * S->part_keys || writes != S->table_writes)
        fail(BAD_TABLE, slots_of(0));
}
