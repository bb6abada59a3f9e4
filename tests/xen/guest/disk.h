// The paravirtual disk of a test guest.
#ifndef GUEST_DISK_H
#define GUEST_DISK_H

#include <stdint.h>

enum { PAGE_BYTES = 4096 };

enum { DISK_BLOCKS = 4 };

struct disk {
    int file;      // -1: the guest has none
    uint64_t *out; // a page each
    uint64_t *in;
    uint64_t every; // a check writes so often
    uint64_t checks;
    uint64_t writes;
    uint64_t ticks[DISK_BLOCKS]; // what each block says
};

// Loads the driver and opens the device once it is there. name: below /dev, or null for no disk; pages: two; every: once all blocks are written, a check
// writes each so many checks.
void disk_open(struct disk *disk, const char *name, void *pages, uint64_t every);

// Writes a block that says seed and tick, if it is time to, reads one back from the device, and tells on the console whether it is right. If each check
// writes, it is the one that was written.
void disk_check(struct disk *disk, uint64_t seed, uint64_t ticks);

#endif
