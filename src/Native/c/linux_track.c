/*
 * The kernel as dirty log: userfaultfd's asynchronous write protection marks a page on its first write, PAGEMAP_SCAN collects
 * the marks and sets the protection again in the same walk, under the page table lock, so no write falls between the two.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bits.h"
#include "kernel_defs.h"
#include "ps_abi.h"
#include "uffd.h"

/* 24 KiB, so that the kernel's copy of the regions is still in the first-level cache when the bits are set. */
#define PS_REGIONS 1024

/*
 * How many pages one round of ps_track_harvest_accesses takes: 32 MiB of 4 KiB pages. The shorter the round, the fewer pages
 * are first read between its scan and its drop; the longer, the fewer system calls. A multiple of 64.
 */
#define PS_ACCESS_ROUND 8192

struct ps_track {
    uint64_t address;
    uint64_t bytes;
    uint64_t page_bytes;
    uint32_t flags;
    int uffd;    /* -1 while tracking is not running */
    int pagemap; /* the same */
    struct ps_page_region regions[PS_REGIONS];
};

/* Which pages a scan reports, in the terms of PAGEMAP_SCAN. */
struct selection {
    uint64_t flags;
    uint64_t inverted;
    uint64_t mask;
};

/*
 * mask == return_mask == WRITTEN takes the kernel's fast path, which counts an entry without any state, one that reclaim
 * emptied after a write, as written too.
 */
static const struct selection written_peek = {.mask = PS_PAGE_IS_WRITTEN};
static const struct selection written_rearm = {.flags = PS_PM_SCAN_WP_MATCHING, .mask = PS_PAGE_IS_WRITTEN};
static const struct selection present = {.mask = PS_PAGE_IS_PRESENT};
/*
 * Neither a page nor a marker: dropped between a write and the next write protection. Where the drop took the page table too
 * (CONFIG_PT_RECLAIM, Linux 6.14), a scan for WRITTEN does not see it on every kernel; a scan for what is not there does.
 */
static const struct selection emptied_rearm = {
    .flags = PS_PM_SCAN_WP_MATCHING,
    .inverted = PS_PAGE_IS_PRESENT | PS_PAGE_IS_SWAPPED,
    .mask = PS_PAGE_IS_PRESENT | PS_PAGE_IS_SWAPPED,
};

static int32_t fail(int32_t result, int32_t *err)
{
    *err = errno;
    return result;
}

int32_t ps_track_new(void *address, uint64_t bytes, uint32_t flags, struct ps_track **track, int32_t *err)
{
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t start = (uint64_t)(uintptr_t)address;

    *err = 0;
    *track = NULL;
    if (start == 0 || bytes == 0 || start % page_bytes != 0 || bytes % page_bytes != 0 || bytes > UINT64_MAX - start ||
        flags & ~PS_TRACK_READS)
        return PS_ARGUMENT;
    struct ps_track *made = malloc(sizeof(*made));

    if (made == NULL)
        return fail(PS_MEMORY, err);
    made->address = start;
    made->bytes = bytes;
    made->page_bytes = page_bytes;
    made->flags = flags;
    made->uffd = -1;
    made->pagemap = -1;
    *track = made;
    return PS_OK;
}

/* A descriptor with the features tracking needs, in t->uffd. */
static int32_t open_uffd(struct ps_track *t, int32_t *err)
{
    /*
     * User-mode-only needs no right and loses nothing: no fault is ever handed to user space under WP_ASYNC. The device is for
     * containers whose filter forbids the system call.
     */
    t->uffd = ps_uffd_from_syscall(1);
    if (t->uffd < 0) {
        *err = errno;
        t->uffd = ps_uffd_from_device();
        if (t->uffd < 0)
            return PS_USERFAULTFD;
        *err = 0;
    }
    uint64_t features = PS_REQUIRED_FEATURES;

    return ps_uffd_handshake(t->uffd, &features) == 0 ? PS_OK : fail(PS_FEATURES, err);
}

/* Drops the page-table entries of a part of a shared mapping; pages and write-protect markers stay. */
static int32_t drop(const struct ps_track *t, uint64_t start, uint64_t bytes, int32_t *err)
{
    return madvise((void *)(uintptr_t)(t->address + start), bytes, MADV_DONTNEED) == 0 ? PS_OK : fail(PS_DROP, err);
}

static int32_t arm(struct ps_track *t, int32_t *err)
{
    struct ps_uffdio_range range = {.start = t->address, .len = t->bytes};
    struct ps_uffdio_register registration = {.range = range, .mode = PS_UFFDIO_REGISTER_MODE_WP};
    struct ps_uffdio_writeprotect protection = {.range = range, .mode = PS_UFFDIO_WRITEPROTECT_MODE_WP};

    if (ioctl(t->uffd, PS_UFFDIO_REGISTER, &registration) != 0 || ioctl(t->uffd, PS_UFFDIO_WRITEPROTECT, &protection) != 0)
        return fail(PS_REGISTER, err);
    return t->flags & PS_TRACK_READS ? drop(t, 0, t->bytes, err) : PS_OK;
}

static void close_all(struct ps_track *t)
{
    struct ps_uffdio_range range = {.start = t->address, .len = t->bytes};

    if (t->uffd >= 0) {
        /*
         * The last close of a userfaultfd takes its registrations away too, but a child between fork and exec may hold a copy.
         * A failure leaves the work to that last close.
         */
        (void)ioctl(t->uffd, PS_UFFDIO_UNREGISTER, &range);
        close(t->uffd);
    }
    if (t->pagemap >= 0)
        close(t->pagemap);
    t->uffd = -1;
    t->pagemap = -1;
}

int32_t ps_track_start(struct ps_track *t, int32_t *err)
{
    *err = 0;
    if (t->uffd >= 0)
        return PS_STATE;
    t->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (t->pagemap < 0)
        return fail(PS_PAGEMAP, err);
    int32_t result = open_uffd(t, err);

    if (result == PS_OK)
        result = arm(t, err);
    if (result != PS_OK)
        close_all(t);
    return result;
}

int32_t ps_track_stop(struct ps_track *t, int32_t *err)
{
    *err = 0;
    if (t->uffd < 0)
        return PS_STATE;
    close_all(t);
    return PS_OK;
}

int32_t ps_track_free(struct ps_track *t, int32_t *err)
{
    *err = 0;
    if (t != NULL)
        close_all(t);
    free(t);
    return PS_OK;
}

/* Sets the bits of the selected pages of [first, first + count); page first is bit 0. */
static int32_t scan(struct ps_track *t, const struct selection *which, uint64_t first, uint64_t count, uint64_t *words,
                    int32_t *err)
{
    uint64_t base = t->address + first * t->page_bytes;
    struct ps_pm_scan_arg arg = {
        .size = sizeof(arg),
        .flags = which->flags | PS_PM_SCAN_CHECK_WPASYNC,
        .start = base,
        .end = base + count * t->page_bytes,
        .vec = (uint64_t)(uintptr_t)t->regions,
        .vec_len = PS_REGIONS,
        .category_inverted = which->inverted,
        .category_mask = which->mask,
        .return_mask = which->mask,
    };

    while (arg.start < arg.end) {
        int found = ioctl(t->pagemap, PS_PAGEMAP_SCAN, &arg);

        if (found < 0)
            return fail(PS_SCAN, err);
        for (int i = 0; i < found; i++) {
            const struct ps_page_region *region = &t->regions[i];

            ps_bits_set_run(words, (region->start - base) / t->page_bytes, (region->end - region->start) / t->page_bytes);
        }
        if (arg.walk_end <= arg.start) {
            *err = EIO; /* a walk that does not advance would never end */
            return PS_SCAN;
        }
        arg.start = arg.walk_end;
    }
    return PS_OK;
}

/* What is wrong with a caller's request, or PS_OK. */
static int32_t check(const struct ps_track *t, uint64_t first, uint64_t count, uint64_t word_count)
{
    uint64_t pages = t->bytes / t->page_bytes;

    if (t->uffd < 0)
        return PS_STATE;
    return first <= pages && count <= pages - first && word_count >= count / 64 + (count % 64 != 0) ? PS_OK : PS_ARGUMENT;
}

int32_t ps_track_peek(struct ps_track *t, uint64_t first, uint64_t page_count, uint64_t *written, uint64_t word_count, int32_t *err)
{
    int32_t result = check(t, first, page_count, word_count);

    *err = 0;
    return result == PS_OK ? scan(t, &written_peek, first, page_count, written, err) : result;
}

int32_t ps_track_harvest(struct ps_track *t, uint64_t first, uint64_t page_count, uint64_t *written, uint64_t word_count,
                         int32_t *err)
{
    int32_t result = check(t, first, page_count, word_count);

    *err = 0;
    return result == PS_OK ? scan(t, &written_rearm, first, page_count, written, err) : result;
}

/*
 * One round: collect W and re-arm, collect what is in the page table, empty the page table, and look for entries that the
 * emptying took away unprotected. What is in the page table at the second step was touched since the last emptying.
 *
 * While the guest runs: a page written before the first step is in its W. A write between the first and the third step leaves,
 * after the third, an entry with neither page nor marker: the fourth step finds it and puts it into this W. A write behind the
 * third step stands unprotected in the table, for the next round. So no write is lost. A page first *read* between the second
 * and the third step is in neither round; when the guest stands still there is none.
 */
static int32_t access_round(struct ps_track *t, uint64_t first, uint64_t count, uint64_t *written, uint64_t *read, int32_t *err)
{
    uint64_t w[PS_ACCESS_ROUND / 64] = {0};
    uint64_t p[PS_ACCESS_ROUND / 64] = {0};
    int32_t result = scan(t, &written_rearm, first, count, w, err);

    if (result == PS_OK)
        result = scan(t, &present, first, count, p, err);
    if (result == PS_OK)
        result = drop(t, first * t->page_bytes, count * t->page_bytes, err);
    if (result == PS_OK)
        result = scan(t, &emptied_rearm, first, count, w, err);
    for (uint64_t i = 0; i < count / 64 + (count % 64 != 0); i++) {
        written[i] |= w[i];
        read[i] |= p[i] & ~w[i];
    }
    return result;
}

int32_t ps_track_harvest_accesses(struct ps_track *t, uint64_t first, uint64_t page_count, uint64_t *written, uint64_t *read,
                                  uint64_t word_count, int32_t *err)
{
    int32_t result = t->flags & PS_TRACK_READS ? check(t, first, page_count, word_count) : PS_STATE;

    *err = 0;
    for (uint64_t done = 0; result == PS_OK && done < page_count; done += PS_ACCESS_ROUND) {
        uint64_t left = page_count - done;

        result = access_round(t, first + done, left < PS_ACCESS_ROUND ? left : PS_ACCESS_ROUND, written + done / 64,
                              read + done / 64, err);
    }
    return result;
}
