/* The life of the guest: it fills its memory, and then works in phases, tells how far it is, and does what its input asks for. */
#include "workload.h"

void work(uint64_t bytes);
ENTRY(work);

static uint64_t whole_pages(uint64_t bytes)
{
    return bytes / PAGE_BYTES * PAGE_BYTES;
}

/* A working set of at least 64 pages: of the table's five eighths each part has pages then. */
static int are_usable(uint64_t bytes)
{
    return P->magic == MAGIC && bytes > DATA && P->working_bytes >= 64 * PAGE_BYTES && P->working_bytes <= bytes - DATA &&
           P->configured_bytes <= bytes && P->phase_operations > 0 && P->report_operations > 0;
}

/* Table, tree, journal: five eighths, two and one of the working set; behind it the filler. */
static void fill(void)
{
    uint64_t working = whole_pages(P->working_bytes);
    uint64_t table = whole_pages(working * 5 / 8);
    uint64_t tree = whole_pages(working / 4);
    uint64_t filler = DATA + working;

    S->random = mix(P->seed);
    table_make(DATA, table);
    tree_make(DATA + table, tree);
    journal_make(DATA + table + tree, working - table - tree);
    filler_make(filler, P->configured_bytes > filler ? (P->configured_bytes - filler) / PAGE_BYTES : 0);
    S->magic = MAGIC;
}

/* From 0 to count - 1, small ones more often: the product of two uniform numbers. */
static uint64_t draw(uint64_t random, uint64_t count)
{
    uint64_t skewed = (random >> 32) * (random & UINT32_MAX) >> 32;

    return skewed * count >> 32;
}

static uint64_t part_of_phase(void)
{
    return mix(P->seed ^ (S->operations / P->phase_operations)) % PARTS;
}

static uint64_t put(uint64_t part, uint64_t key)
{
    uint64_t version = table_put(part, key);

    journal_append(part << 56 | key, version);
    return version;
}

/* Of 16: nine reads and five writes of the table, a read and a write of the tree. */
static uint64_t operate_on(uint64_t choice, uint64_t random)
{
    uint64_t part = choice % 8 == 0 ? choice >> 32 & (PARTS - 1) : part_of_phase();
    uint64_t key = 1 + draw(random, S->part_keys);
    uint64_t kind = choice >> 3 & 15;

    if (kind < 9)
        return table_get(part, key);
    if (kind < 14)
        return put(part, key);
    key = draw(random, 2 * S->tree_capacity);
    return kind == 14 ? tree_get(key) : tree_put(key);
}

static void operate(void)
{
    uint64_t choice = next_random();
    uint64_t random = next_random();

    S->digest = mix(S->digest ^ operate_on(choice, random));
    S->operations++;
    if (P->cold_operations > 0 && S->operations % P->cold_operations == 0 && S->filler_pages > 0)
        filler_check_page(next_random() % S->filler_pages);
}

static void check_all(void)
{
    table_check();
    tree_check();
    journal_check();
    filler_check();
}

static void obey(uint32_t request)
{
    if ((request & ~REQUEST_WAIT) == 0 || request == S->request)
        return;
    check_all();
    if (request & REQUEST_END)
        end(0);
    S->request = request;
    out(PORT_ANSWER, request);
}

void work(uint64_t bytes)
{
    if (!are_usable(bytes))
        fail(BAD_PARAMETERS, P);
    fill();
    report(0);
    for (;;) {
        operate();
        if (S->operations % P->report_operations == 0) {
            report(S->operations);
            obey(in(PORT_INPUT));
        }
        if (S->operations == P->end_operations) {
            while (in(PORT_INPUT) & REQUEST_WAIT)
                ;
            check_all();
            report(S->operations);
            end(0);
        }
    }
}
