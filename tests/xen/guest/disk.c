// The paravirtual disk of a test guest. Each write stands for itself: what the disk held before, or went through since a checkpoint, does not matter.
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
    // Ticks are written to so many blocks in turn.
    BLOCKS = 16,
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

void disk_open(struct disk *disk, const char *name, void *pages)
{
    char path[64];
    *disk = (struct disk){ .file = -1, .out = pages, .in = (uint64_t *)pages + BLOCK_WORDS };
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

void disk_check(const struct disk *disk, uint64_t seed, uint64_t ticks)
{
    off_t place = (off_t)(ticks % BLOCKS) * PAGE_BYTES;
    if (disk->file < 0)
        return;
    for (uint64_t word = 0; word < BLOCK_WORDS; word++)
        disk->out[word] = word % 2 ? seed : ticks + word;
    memset(disk->in, 0, PAGE_BYTES);
    if (pwrite(disk->file, disk->out, PAGE_BYTES, place) != PAGE_BYTES || pread(disk->file, disk->in, PAGE_BYTES, place) != PAGE_BYTES)
        perror("GUEST BAD disk");
    else if (memcmp(disk->out, disk->in, PAGE_BYTES) != 0)
        printf("GUEST BAD disk block ticks=%" PRIu64 "\n", ticks);
    else
        printf("GUEST disk ok ticks=%" PRIu64 " seed=%" PRIu64 "\n", ticks, seed);
}
