/*
 * Reading a shared guest without being the guest. The guest's own mapping will not do: its page table is the record of what the
 * guest read. A second mapping is faster than pread (7 against 2.2 GB/s), but reading a hole through it makes a page of the memfd;
 * so pages are copied through the mapping once they are known to exist, and by pread until then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ps_abi.h"

/* Pages a mincore asks about: 1 MiB of 4 KiB pages and 256 bytes of stack. */
#define PS_RESIDENCY 256

struct ps_view {
    const unsigned char *address;
    uint64_t bytes;
    uint64_t page_bytes;
    int fd;
    /*
     * A bit a page that was seen to exist: it stays until somebody punches it out, and then reading it costs a page and nothing
     * else. Threads may set bits at once.
     */
    _Atomic uint64_t known[];
};

int32_t ps_view_new(int32_t fd, uint64_t bytes, struct ps_view **view, int32_t *err)
{
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t words = bytes / page_bytes / 64 + 1;

    *err = 0;
    *view = NULL;
    if (fd < 0 || bytes == 0 || bytes > INT64_MAX || bytes % page_bytes != 0)
        return PS_ARGUMENT;
    /* calloc takes the words from fresh zero pages: they cost memory where bits are set. */
    struct ps_view *made = calloc(1, sizeof(*made) + words * sizeof(made->known[0]));

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    made->bytes = bytes;
    made->page_bytes = page_bytes;
    made->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    void *mapped = made->fd < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, made->fd, 0);

    if (mapped == MAP_FAILED || madvise(mapped, bytes, MADV_DONTDUMP) != 0) {
        *err = errno;
        if (mapped != MAP_FAILED)
            munmap(mapped, bytes);
        if (made->fd >= 0)
            close(made->fd);
        free(made);
        return PS_MEMORY;
    }
    made->address = mapped;
    *view = made;
    return PS_OK;
}

int32_t ps_view_free(struct ps_view *view, int32_t *err)
{
    *err = 0;
    if (view == NULL)
        return PS_OK;
    int failed = munmap((void *)(uintptr_t)view->address, view->bytes);

    if (failed)
        *err = errno;
    close(view->fd);
    free(view);
    return failed ? PS_MEMORY : PS_OK;
}

static int is_known(struct ps_view *view, uint64_t page)
{
    return atomic_load_explicit(&view->known[page / 64], memory_order_relaxed) >> (page % 64) & 1;
}

static int are_known(struct ps_view *view, uint64_t page, uint64_t count)
{
    uint64_t end = page + count;

    while (page < end && is_known(view, page))
        page++;
    return page == end;
}

/* Fills destination from the descriptor: holes read as zeros and stay holes. */
static int read_all(int fd, uint64_t offset, unsigned char *destination, uint64_t bytes, int32_t *err)
{
    while (bytes > 0) {
        ssize_t got = pread(fd, destination, bytes, (off_t)offset);

        if (got <= 0) {
            *err = got == 0 ? EIO : errno;
            return PS_READ;
        }
        destination += got;
        offset += (uint64_t)got;
        bytes -= (uint64_t)got;
    }
    return PS_OK;
}

/* At most PS_RESIDENCY pages, some of which are not known to exist. */
static int32_t copy_unknown(struct ps_view *view, uint64_t page, unsigned char *destination, uint64_t count, int32_t *err)
{
    unsigned char resident[PS_RESIDENCY];
    const unsigned char *from = view->address + page * view->page_bytes;

    if (mincore((void *)(uintptr_t)from, count * view->page_bytes, resident) != 0) {
        *err = errno;
        return PS_READ;
    }
    for (uint64_t i = 0, end; i < count; i = end) {
        int exists = resident[i] & 1;

        for (end = i; end < count && (resident[end] & 1) == exists; end++)
            if (exists)
                atomic_fetch_or_explicit(&view->known[(page + end) / 64], UINT64_C(1) << ((page + end) % 64), memory_order_relaxed);
        uint64_t start = i * view->page_bytes;
        uint64_t bytes = (end - i) * view->page_bytes;

        /* Not resident is a hole, or swapped out. */
        if (exists)
            memcpy(destination + start, from + start, bytes);
        else if (read_all(view->fd, page * view->page_bytes + start, destination + start, bytes, err) != PS_OK)
            return PS_READ;
    }
    return PS_OK;
}

int32_t ps_view_copy(struct ps_view *view, uint64_t offset, void *destination, uint64_t bytes, int32_t *err)
{
    *err = 0;
    if (offset > view->bytes || bytes > view->bytes - offset || offset % view->page_bytes != 0 || bytes % view->page_bytes != 0)
        return PS_ARGUMENT;
    unsigned char *to = destination;
    uint64_t page = offset / view->page_bytes;
    uint64_t left = bytes / view->page_bytes;

    while (left > 0) {
        uint64_t count = left < PS_RESIDENCY ? left : PS_RESIDENCY;

        if (are_known(view, page, count)) {
            memcpy(to, view->address + page * view->page_bytes, count * view->page_bytes);
        } else {
            int32_t result = copy_unknown(view, page, to, count, err);

            if (result != PS_OK)
                return result;
        }
        page += count;
        to += count * view->page_bytes;
        left -= count;
    }
    return PS_OK;
}
