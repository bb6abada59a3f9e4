/* Stands in for libxencall.so.1: the questions that the shim asks together, as the hypervisor answers them (xen/common/multicall.c, memory.c, grant_table.c). */
#include <stdlib.h>

#include "fake_xen.h"

struct entry {
    unsigned long op, result, args[6];
};

struct grant_size {
    uint16_t dom;
    uint32_t nr_frames;
    uint32_t max_nr_frames;
    int16_t status;
};

struct grant_version {
    uint16_t dom;
    uint16_t pad;
    uint32_t version;
};

EXPORT void *xencall_open(void *logger, unsigned flags)
{
    if (fails(FAKE_CALL_OPEN) || logger == NULL || flags != 0)
        return NULL;
    fake->interfaces++;
    return fake;
}

EXPORT int xencall_close(void *handle)
{
    (void)handle;
    fake->interfaces--;
    return 0;
}

EXPORT void *xencall_alloc_buffer(void *handle, size_t size)
{
    (void)handle;
    if (fails(FAKE_BUFFER))
        return NULL;
    fake->buffers++;
    return malloc(size);
}

EXPORT void xencall_free_buffer(void *handle, void *buffer)
{
    (void)handle;
    free(buffer);
    fake->buffers--;
}

static long answer_memory(const struct entry *entry)
{
    if (entry->args[0] != 14)
        abort();
    uint16_t domid = *(uint16_t *)entry->args[1];

    if (fails(FAKE_PAGES))
        return -errno;
    return fake->exists && domid == fake->domid ? (long)fake->pages - 1 : -ESRCH;
}

static long answer_grants(const struct entry *entry)
{
    struct grant_size *size = (void *)entry->args[1];
    struct grant_version *version = (void *)entry->args[1];
    int known = fake->exists && size->dom == fake->domid;

    if (entry->args[2] != 1)
        abort();
    switch (entry->args[0]) {
    case 6:
        if (fails(FAKE_GRANT_SIZE))
            return -errno;
        size->nr_frames = fake->grant_frames;
        size->status = known ? 0 : -2; /* GNTST_bad_domain */
        return 0;
    case 10:
        version->version = fake->grant_version;
        return known ? 0 : -ESRCH;
    default:
        abort();
    }
}

EXPORT int xencall2(void *handle, unsigned op, uint64_t entries, uint64_t count)
{
    struct entry *entry = (void *)entries;

    (void)handle;
    if (fails(FAKE_MULTICALL))
        return -1;
    if (op != 13)
        abort();
    fake->multicalls++;
    for (unsigned long i = 0; i < count; i++) {
        if (entry[i].op != 12 && entry[i].op != 20)
            abort();
        entry[i].result = (unsigned long)(entry[i].op == 12 ? answer_memory(&entry[i]) : answer_grants(&entry[i]));
    }
    return 0;
}
