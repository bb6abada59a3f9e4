/*
 * What the harvest benchmark is compared with: the same system calls on the same range and nothing else. The regions are only
 * added up. Definitions as in Linux's include/uapi/linux/fs.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct region {
    uint64_t start, end, categories;
};

struct scan_arg {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};

#define SCAN _IOWR('f', 16, struct scan_arg)
#define WP_MATCHING 1
#define WRITTEN 2
#define PRESENT 8
#define MAX_REGIONS 1024

int32_t harvest_open_pagemap(void)
{
    return open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* Pages of [address, address + bytes) in the category, or -1; regions: how many to ask for at once, at most 1024. */
static int64_t scan(int32_t pagemap, uint64_t address, int64_t bytes, int64_t regions, uint64_t category, uint64_t flags)
{
    static struct region vec[MAX_REGIONS];
    struct scan_arg arg = {
        .size = sizeof(arg),
        .flags = flags,
        .start = address,
        .end = address + (uint64_t)bytes,
        .vec = (uint64_t)(uintptr_t)vec,
        .vec_len = (uint64_t)regions,
        .mask = category,
        .returned = category,
    };
    int64_t pages = 0;

    for (; arg.start < arg.end; arg.start = arg.walk_end) {
        int found = ioctl(pagemap, SCAN, &arg);
        if (found < 0)
            return -1;
        for (int i = 0; i < found; i++)
            pages += (int64_t)((vec[i].end - vec[i].start) >> 12);
    }
    return pages;
}

int64_t harvest_written(int32_t pagemap, uint8_t *range, int64_t bytes, int64_t regions)
{
    return scan(pagemap, (uint64_t)(uintptr_t)range, bytes, regions, WRITTEN, WP_MATCHING);
}

/* The calls a read set cannot do without: written, present, drop. */
int64_t harvest_accesses(int32_t pagemap, uint8_t *range, int64_t bytes, int64_t regions)
{
    uint64_t address = (uint64_t)(uintptr_t)range;
    int64_t written = scan(pagemap, address, bytes, regions, WRITTEN, WP_MATCHING);
    int64_t present = scan(pagemap, address, bytes, regions, PRESENT, 0);

    return madvise(range, (size_t)bytes, MADV_DONTNEED) == 0 && written >= 0 && present >= 0 ? present : -1;
}
