/*
 * A guest that works and checks what it reads: a hash table, a sorted index and a journal in its working set, and beside it memory that
 * is filled once and only looked at. All that it does follows from its parameters; so two runs of the same length end alike, also when one
 * of them was stopped, brought back elsewhere and continued. For one thread.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "machine.h"

#define MAGIC UINT64_C(0x44414f4c4b524f57) /* "WORKLOAD" */

/* What the owner writes at PARAMETERS before the start. As in GuestWorkload.cs. */
struct parameters {
    uint64_t magic;
    uint64_t seed;
    uint64_t working_bytes;     /* table, tree and journal */
    uint64_t configured_bytes;  /* how much of the memory holds something, all together; what the working set leaves of it is filler */
    uint64_t phase_operations;  /* after how many operations another part of the working set is used; above 0 */
    uint64_t report_operations; /* after how many a report is made and the input read; above 0 */
    uint64_t cold_operations;   /* after how many a page of the filler is looked at; 0 for never */
    uint64_t end_operations;    /* after how many everything is checked and the guest ends; 0 for never */
};

/* What the owner may read at STATE while the guest stands. As in GuestWorkload.cs. */
struct state {
    uint64_t magic; /* from when everything is filled */
    uint64_t operations;
    uint64_t digest; /* of all that was read so far */
    uint64_t failed_at; /* where what the guest ended for was found */
    uint64_t random;
    uint64_t request; /* the last one that was answered */

    uint64_t table_address;
    uint64_t part_slots;
    uint64_t part_keys;
    uint64_t table_writes;

    uint64_t tree_address;
    uint64_t tree_capacity;
    uint64_t tree_count;
    uint64_t tree_writes;
    uint32_t tree_root;
    uint32_t reserved;

    uint64_t journal_address;
    uint64_t journal_capacity;
    uint64_t journal_next;
    uint64_t journal_sum;

    uint64_t filler_address;
    uint64_t filler_pages;
};

#define P ((const struct parameters *)PARAMETERS)
#define S ((struct state *)STATE)

/* The code with which the guest ends; 0 if all was well. As in GuestWorkload.cs. */
enum failure {
    BAD_PARAMETERS = 1,
    BAD_RECORD = 2,
    MISSING_RECORD = 3,
    BAD_TABLE = 4, /* its records do not add up to its writes */
    BAD_NODE = 5,
    BAD_ORDER = 6, /* the tree is not sorted */
    BAD_TREE = 7,
    BAD_JOURNAL = 8,
    BAD_FILLER = 9,
};

/* What the input asks for: a check of everything, by a number that was not answered yet; with this bit, and then the end. */
#define REQUEST_END UINT32_C(0x80000000)

/* What the input asks for: to wait with the end that the parameters name, for as long as it asks. It is read there, and changes nothing in memory. */
#define REQUEST_WAIT UINT32_C(0x40000000)

/* How many parts the table has: a phase uses one of them, for seven keys of eight. */
#define PARTS 8

static inline uint64_t mix(uint64_t x)
{
    /* The finalizer of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). */
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline uint64_t next_random(void)
{
    S->random += UINT64_C(0x9e3779b97f4a7c15);
    return mix(S->random);
}

/* Fails the guest for what it found at an address. */
static inline _Noreturn void fail(enum failure failure, const volatile void *at)
{
    S->failed_at = (uint64_t)at;
    end(failure);
}

/* Each is given its memory once; check looks through everything. get and put return the version of what they read or wrote. */
void table_make(uint64_t address, uint64_t bytes);
uint64_t table_get(uint64_t part, uint64_t key);
uint64_t table_put(uint64_t part, uint64_t key);
void table_check(void);

void tree_make(uint64_t address, uint64_t bytes);
uint64_t tree_get(uint64_t key);
uint64_t tree_put(uint64_t key);
void tree_check(void);

void journal_make(uint64_t address, uint64_t bytes);
void journal_append(uint64_t key, uint64_t version);
void journal_check(void);

void filler_make(uint64_t address, uint64_t pages);
void filler_check_page(uint64_t page);
void filler_check(void);

#endif
