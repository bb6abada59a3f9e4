// What the probe does beside the library, by calls of Xen's libraries themselves: it writes the guest's mailbox, and reads the dirty log
// as a program in C does. Linked to the libraries of the hypervisor's release.
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

void *xc_interface_open(void *logger, void *dombuild_logger, unsigned open_flags);
void *xc__hypercall_buffer_alloc_pages(void *xch, struct hypercall_buffer *buffer, int pages);
long long xc_logdirty_control(void *xch, uint32_t domid, unsigned op, struct hypercall_buffer *bitmap, unsigned long pages, unsigned mode,
                              struct shadow_op_stats *stats);
void *xenforeignmemory_open(void *logger, unsigned open_flags);
void *xenforeignmemory_map(void *fmem, uint32_t domid, int prot, size_t pages, const xen_pfn_t *frames, int *errors);

enum {
    PAGE_BYTES = 4096,
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
