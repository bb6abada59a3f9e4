// The paravirtual disk of a test guest.
#ifndef GUEST_DISK_H
#define GUEST_DISK_H

#include <stdint.h>

enum { PAGE_BYTES = 4096 };

struct disk {
    int file;      // -1: the guest has none
    uint64_t *out; // a page each
    uint64_t *in;
};

// Loads the driver and opens the device once it is there. name: below /dev, or null for no disk; pages: two.
void disk_open(struct disk *disk, const char *name, void *pages);

// Writes a block that says seed and tick, reads it back from the device, and tells on the console whether it is the same.
void disk_check(const struct disk *disk, uint64_t seed, uint64_t ticks);

#endif
