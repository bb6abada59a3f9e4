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

static int write_block(struct disk *disk, uint64_t seed, uint64_t ticks)
{
    uint64_t block = disk->writes++ % DISK_BLOCKS;
    disk->ticks[block] = ticks;
    fill(disk, seed, ticks);
    return pwrite(disk->file, disk->out, PAGE_BYTES, (off_t)(block * PAGE_BYTES)) == PAGE_BYTES;
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
    memset(disk->in, 0, PAGE_BYTES);
    if (pread(disk->file, disk->in, PAGE_BYTES, (off_t)(block * PAGE_BYTES)) != PAGE_BYTES) {
        perror("GUEST BAD disk read");
        return;
    }
    fill(disk, seed, disk->ticks[block]);
    if (memcmp(disk->out, disk->in, PAGE_BYTES) != 0)
        printf("GUEST BAD disk block %" PRIu64 " of tick %" PRIu64 " ticks=%" PRIu64 "\n", block, disk->ticks[block], ticks);
    else
        printf("GUEST disk ok ticks=%" PRIu64 " seed=%" PRIu64 "\n", ticks, seed);
}
