// What the probe does beside the library, by calls of Xen's libraries themselves: it writes the guest's mailbox, sums whole guests up, and reads the dirty
// log as a program in C does. Linked to the libraries of the hypervisor's release.
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

// tools/include/xenctrl.h and xenforeignmemory.h of Xen 4.17, what is used of them; the packages with the headers are not needed for so little.
typedef unsigned long xen_pfn_t;

struct hypercall_buffer {
    void *hbuf;
    void *param_shadow;
    int dir;
    void *ubuf;
    size_t sz;
};

struct shadow_op_stats {
    uint32_t fault_count;
    uint32_t dirty_count;
};

struct gnttab_query_size {
    uint16_t dom;
    uint32_t nr_frames;
    uint32_t max_nr_frames;
    int16_t status;
};

struct grant_entry_v1 {
    uint16_t flags;
    uint16_t domid;
    uint32_t frame;
};

void *xc_interface_open(void *logger, void *dombuild_logger, unsigned open_flags);
int xc_get_pfn_type_batch(void *xch, uint32_t domid, unsigned num, xen_pfn_t *types);
void *xc__hypercall_buffer_alloc_pages(void *xch, struct hypercall_buffer *buffer, int pages);
long long xc_logdirty_control(void *xch, uint32_t domid, unsigned op, struct hypercall_buffer *bitmap, unsigned long pages, unsigned mode,
                              struct shadow_op_stats *stats);
int xc_gnttab_query_size(void *xch, struct gnttab_query_size *query);
int xc_gnttab_get_version(void *xch, uint32_t domid);
void *xenforeignmemory_open(void *logger, unsigned open_flags);
void *xenforeignmemory_map(void *fmem, uint32_t domid, int prot, size_t pages, const xen_pfn_t *frames, int *errors);
int xenforeignmemory_unmap(void *fmem, void *address, size_t pages);
void *xenforeignmemory_map_resource(void *fmem, uint32_t domid, unsigned type, unsigned id, unsigned long frame, unsigned long frames,
                                    void **address, int prot, int flags);
int xenforeignmemory_unmap_resource(void *fmem, void *resource);

enum {
    PAGE_BYTES = 4096,
    PAGE_WORDS = PAGE_BYTES / 8,
    // The most that xc_get_pfn_type_batch takes.
    BATCH = 1024,
    // XEN_DOMCTL_PFINFO_: the type stands in bits 31:28, and from BROKEN on there is no page.
    TYPE_SHIFT = 28,
    TYPE_BROKEN = 0xd,
    // XENMEM_resource_grant_table and _id_shared; GTF_: the type of an entry, of which this grants access, and whether only for reading.
    RESOURCE_GRANTS = 1,
    RESOURCE_GRANTS_SHARED = 0,
    GRANT_TYPE = 3,
    GRANT_ACCESS = 1,
    GRANT_READONLY = 4,
};

struct probe {
    void *control;
    void *foreign;
    uint32_t domid;
    struct hypercall_buffer bitmap;
    uint64_t *own; // what a client of the log keeps: everything that was ever reported
    uint64_t pages;
};

// Null if there is no hypervisor or no memory. Lives until the process ends.
struct probe *probe_open(uint32_t domid, uint64_t pages)
{
    struct probe *probe = calloc(1, sizeof *probe);
    uint64_t bitmap_pages = (pages / 8 + PAGE_BYTES) / PAGE_BYTES;
    if (probe == NULL)
        return NULL;
    *probe = (struct probe){ .domid = domid, .pages = pages, .bitmap.ubuf = (void *)-1, .own = calloc(bitmap_pages, PAGE_BYTES) };
    probe->control = xc_interface_open(NULL, NULL, 0);
    probe->foreign = xenforeignmemory_open(NULL, 0);
    if (probe->own == NULL || probe->control == NULL || probe->foreign == NULL ||
        xc__hypercall_buffer_alloc_pages(probe->control, &probe->bitmap, (int)bitmap_pages) == NULL)
        return NULL;
    return probe;
}

// Maps one page for reading and writing, as long as the process lives. Null if the guest has no such page.
void *probe_map(struct probe *probe, uint64_t pfn)
{
    xen_pfn_t frame = pfn;
    int error = 0;
    void *page = xenforeignmemory_map(probe->foreign, probe->domid, PROT_READ | PROT_WRITE, 1, &frame, &error);
    return error == 0 ? page : NULL;
}

// As PageSum.cs. Bijective in each word, so two pages that differ in one word never have the same sum. 0 is kept for holes.
static uint64_t sum_of(uint64_t type, const uint64_t *words)
{
    uint64_t sum = type;
    for (size_t word = 0; word < PAGE_WORDS; word++) {
        sum = (sum ^ words[word]) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 32;
    }
    return sum == 0 ? 1 : sum;
}

// Sums up to BATCH pages; sums has a place for each page of the guest.
static int sum_batch(struct probe *probe, const xen_pfn_t *wanted, size_t count, uint64_t *sums)
{
    xen_pfn_t types[BATCH], frames[BATCH];
    int errors[BATCH];
    size_t present = 0;
    memcpy(types, wanted, count * sizeof *wanted);
    if (xc_get_pfn_type_batch(probe->control, probe->domid, (unsigned)count, types) != 0)
        return -1;
    for (size_t page = 0; page < count; page++) {
        uint64_t type = types[page] >> TYPE_SHIFT & 0xf;
        sums[wanted[page]] = 0;
        if (type < TYPE_BROKEN) {
            types[present] = type;
            frames[present++] = wanted[page];
        }
    }
    if (present == 0)
        return 0;
    uint8_t *mapped = xenforeignmemory_map(probe->foreign, probe->domid, PROT_READ, present, frames, errors);
    if (mapped == NULL)
        return -1;
    for (size_t page = 0; page < present; page++)
        if (errors[page] == 0)
            sums[frames[page]] = sum_of(types[page], (const uint64_t *)(mapped + page * PAGE_BYTES));
    return xenforeignmemory_unmap(probe->foreign, mapped, present);
}

// A sum for each page of the guest, 0 for a hole. 0, or -1.
int32_t probe_sum_all(struct probe *probe, uint64_t *sums)
{
    xen_pfn_t wanted[BATCH];
    size_t count = 0;
    for (uint64_t page = 0; page < probe->pages; page++) {
        wanted[count++] = page;
        if (count < BATCH && page + 1 < probe->pages)
            continue;
        if (sum_batch(probe, wanted, count, sums) != 0)
            return -1;
        count = 0;
    }
    return 0;
}

// A sum for each page that backends may write to, by the guest's grant table, and 0 for all others. 0, or -1.
int32_t probe_sum_granted(struct probe *probe, uint64_t *sums)
{
    struct gnttab_query_size size = { .dom = (uint16_t)probe->domid };
    void *table = NULL;
    xen_pfn_t wanted[BATCH];
    size_t count = 0;
    int failed = 0;
    memset(sums, 0, probe->pages * sizeof *sums);
    if (xc_gnttab_query_size(probe->control, &size) != 0 || xc_gnttab_get_version(probe->control, probe->domid) != 1)
        return -1;
    void *resource = xenforeignmemory_map_resource(probe->foreign, probe->domid, RESOURCE_GRANTS, RESOURCE_GRANTS_SHARED, 0,
                                                   size.nr_frames, &table, PROT_READ, 0);
    if (resource == NULL)
        return -1;
    const struct grant_entry_v1 *entries = table;
    size_t entry_count = (size_t)size.nr_frames * PAGE_BYTES / sizeof *entries;
    for (size_t entry = 0; entry < entry_count && !failed; entry++) {
        if ((entries[entry].flags & (GRANT_TYPE | GRANT_READONLY)) == GRANT_ACCESS && entries[entry].frame < probe->pages)
            wanted[count++] = entries[entry].frame;
        if (count == BATCH || (count > 0 && entry + 1 == entry_count)) {
            failed = sum_batch(probe, wanted, count, sums);
            count = 0;
        }
    }
    xenforeignmemory_unmap_resource(probe->foreign, resource);
    return failed;
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Reads the log, which is on, and adds the pages to an own bitmap, as a client must before it does anything else. Says how long the call alone
// took, and all of it, in nanoseconds. 0, or -1 where Xen refused.
int32_t probe_read_log(struct probe *probe, uint32_t op, uint32_t mode, uint64_t *call, uint64_t *all)
{
    struct shadow_op_stats stats;
    uint64_t start = nanoseconds();
    long long done = xc_logdirty_control(probe->control, probe->domid, op, &probe->bitmap, probe->pages, mode, &stats);
    *call = nanoseconds() - start;
    if (done != (long long)probe->pages)
        return -1;
    const uint64_t *words = probe->bitmap.hbuf;
    for (uint64_t word = 0; word < (probe->pages + 63) / 64; word++)
        probe->own[word] |= words[word];
    *all = nanoseconds() - start;
    return 0;
}
