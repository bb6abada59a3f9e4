// The paravirtual disk of a test guest. If each check writes, what the disk held before, or went through since a checkpoint, does not matter. If few do, there
// are times in which the backend writes to the guest's memory, and the guest itself does not write to the same pages.
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

enum {
    BLOCK_WORDS = PAGE_BYTES / 8,
    // The device appears when both ends have agreed; under emulation within a second or two. In us, and times.
    OPEN_POLL = 100000,
    OPEN_ATTEMPTS = 300,
};

// As the initramfs has it.
static const char DRIVER[] = "/xen-blkfront.ko";

static void load_driver(void)
{
    int module = open(DRIVER, O_RDONLY);
    if (module < 0 || syscall(SYS_finit_module, module, "", 0) != 0)
        perror("GUEST BAD disk driver");
    close(module);
}

void disk_open(struct disk *disk, const char *name, void *pages, uint64_t every)
{
    char path[64];
    *disk = (struct disk){ .file = -1, .out = pages, .in = (uint64_t *)pages + BLOCK_WORDS, .every = every };
    if (name == NULL)
        return;
    load_driver();
    snprintf(path, sizeof path, "/dev/%s", name);
    // Around the page cache: what is read has been on the device.
    for (int attempt = 0; disk->file < 0 && attempt < OPEN_ATTEMPTS; attempt++) {
        disk->file = open(path, O_RDWR | O_DIRECT);
        if (disk->file < 0)
            usleep(OPEN_POLL);
    }
    if (disk->file < 0)
        perror("GUEST BAD disk does not appear");
}

static void fill(const struct disk *disk, uint64_t seed, uint64_t ticks)
{
    for (uint64_t word = 0; word < BLOCK_WORDS; word++)
        disk->out[word] = word % 2 ? seed : ticks + word;
}

static int put_block(struct disk *disk, uint64_t block)
{
    return pwrite(disk->file, disk->out, PAGE_BYTES, (off_t)(block * PAGE_BYTES)) == PAGE_BYTES;
}

static int write_block(struct disk *disk, uint64_t seed, uint64_t ticks)
{
    uint64_t block = disk->writes++ % DISK_BLOCKS;
    disk->ticks[block] = ticks;
    fill(disk, seed, ticks);
    return put_block(disk, block);
}

static int read_block(struct disk *disk, uint64_t block)
{
    memset(disk->in, 0, PAGE_BYTES);
    return pread(disk->file, disk->in, PAGE_BYTES, (off_t)(block * PAGE_BYTES)) == PAGE_BYTES;
}

static int holds(struct disk *disk, uint64_t seed, uint64_t ticks)
{
    fill(disk, seed, ticks);
    return memcmp(disk->out, disk->in, PAGE_BYTES) == 0;
}

// Whether what was read is what this guest wrote at a later tick: then its memory is older than its disk.
static int moved_on(struct disk *disk, uint64_t seed, uint64_t ticks)
{
    uint64_t later = disk->in[0];
    return later > ticks && holds(disk, seed, later);
}

// Reads a block back. A checkpoint taken between the write and this is restored over a disk that moved on: the block is written once more then, and a disk
// that still does not keep it is told.
static int read_back(struct disk *disk, uint64_t seed, uint64_t block)
{
    if (!read_block(disk, block))
        return 0;
    if (!moved_on(disk, seed, disk->ticks[block]))
        return 1;
    printf("GUEST disk block %" PRIu64 " of tick %" PRIu64 " is from tick %" PRIu64 "\n", block, disk->ticks[block], disk->in[0]);
    fill(disk, seed, disk->ticks[block]);
    return put_block(disk, block) && read_block(disk, block);
}

void disk_check(struct disk *disk, uint64_t seed, uint64_t ticks)
{
    uint64_t since = disk->checks++ % disk->every;
    if (disk->file < 0)
        return;
    if ((disk->writes < DISK_BLOCKS || since == 0) && !write_block(disk, seed, ticks)) {
        perror("GUEST BAD disk write");
        return;
    }
    uint64_t written = disk->writes < DISK_BLOCKS ? disk->writes : DISK_BLOCKS;
    uint64_t block = (disk->writes - 1 - since % written) % DISK_BLOCKS;
    if (!read_back(disk, seed, block)) {
        perror("GUEST BAD disk read");
        return;
    }
    if (!holds(disk, seed, disk->ticks[block]))
        printf("GUEST BAD disk block %" PRIu64 " of tick %" PRIu64 " ticks=%" PRIu64 "\n", block, disk->ticks[block], ticks);
    else
        printf("GUEST disk ok ticks=%" PRIu64 " seed=%" PRIu64 "\n", ticks, seed);
}
