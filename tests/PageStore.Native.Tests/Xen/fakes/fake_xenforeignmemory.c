/*
 * Stands in for libxenforeignmemory.so.1: maps copies of the pages, and reports holes as Linux does, by a negative errno a page. What was written to
 * the last mapping for writing is the guest's when it is unmapped; the dirty log knows nothing of it, as with Xen.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "fake_xen.h"

EXPORT void *xenforeignmemory_open(void *logger, unsigned flags)
{
    if (fails(FAKE_FOREIGN_OPEN) || logger == NULL || flags != 0)
        return NULL;
    fake->interfaces++;
    return fake;
}

EXPORT int xenforeignmemory_close(void *handle)
{
    (void)handle;
    fake->interfaces--;
    return 0;
}

static struct {
    const uint8_t *address; /* null: there is none */
    unsigned long frames[1024];
    int errors[1024];
} writable;

static void remember(const uint8_t *mapped, size_t pages, const unsigned long *frames, const int *errors)
{
    writable.address = mapped;
    memcpy(writable.frames, frames, pages * sizeof(*frames));
    memcpy(writable.errors, errors, pages * sizeof(*errors));
}

static void write_back(size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        if (writable.errors[i] == 0)
            memcpy(fake->memory + fake_page(writable.frames[i]) * FAKE_PAGE, writable.address + i * FAKE_PAGE, FAKE_PAGE);
    writable.address = NULL;
}

static int map_one(uint8_t *place, unsigned long mapped)
{
    unsigned long frame = fake_page(mapped);

    if (fake->vanishing_page >= 0 && frame == (unsigned long)fake->vanishing_page)
        return -fake->page_errno;
    if (frame >= fake->pages || fake->types[frame] >= 0xd)
        return -EINVAL;
    memcpy(place, fake->memory + frame * FAKE_PAGE, FAKE_PAGE);
    return 0;
}

EXPORT void *xenforeignmemory_map(void *handle, uint32_t domid, int prot, size_t pages, const unsigned long *frames, int *errors)
{
    (void)handle;
    if (fails(FAKE_MAP))
        return NULL;
    if (!fake->exists || domid != fake->domid) {
        errno = ESRCH;
        return NULL;
    }
    uint8_t *mapped = mmap(NULL, pages * FAKE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; i < pages; i++)
        errors[i] = map_one(mapped + i * FAKE_PAGE, frames[i]);
    for (size_t i = 0; i < pages; i++)
        /* A page that is not there must not be touched. */
        mprotect(mapped + i * FAKE_PAGE, FAKE_PAGE, errors[i] == 0 ? prot : PROT_NONE);
    if (prot & PROT_WRITE)
        remember(mapped, pages, frames, errors);
    fake->mappings++;
    fake->mapped_pages += (uint32_t)pages;
    return mapped;
}

EXPORT int xenforeignmemory_unmap(void *handle, void *address, size_t pages)
{
    (void)handle;
    fake->mappings--;
    if (address == writable.address)
        write_back(pages);
    munmap(address, pages * FAKE_PAGE);
    return fails(FAKE_UNMAP) ? -1 : 0;
}

/* Only the shared frames of a grant table, all of them, for reading. */
EXPORT void *xenforeignmemory_map_resource(void *handle, uint32_t domid, unsigned type, unsigned id, unsigned long frame,
                                           unsigned long frames, void **address, int prot, int flags)
{
    (void)handle;
    if (fails(FAKE_GRANT_MAP))
        return NULL;
    if (domid != fake->domid || type != 1 || id != 0 || frame != 0 || frames != fake->grant_frames || prot != PROT_READ || flags != 0) {
        errno = EINVAL;
        return NULL;
    }
    fake->mappings++;
    fake->grant_maps++;
    *address = fake->grants;
    return fake->grants;
}

EXPORT int xenforeignmemory_unmap_resource(void *handle, void *resource)
{
    (void)handle, (void)resource;
    fake->mappings--;
    return 0;
}
