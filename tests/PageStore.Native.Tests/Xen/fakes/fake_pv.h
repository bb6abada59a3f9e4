/* What libxenctrl has of PV domains up to 4.15, and libxenguest since: the tables of their frames. */
#ifndef FAKE_PV_H
#define FAKE_PV_H

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "fake_xen.h"

#define FAKE_BEHIND 10u /* frames of others behind the guest's */
#define FAKE_CHUNK (1ul << 21)

struct meminfo {
    unsigned pt_levels;
    unsigned guest_width;
    unsigned long *types;
    unsigned long *p2m;
    unsigned long p2m_size;
    unsigned p2m_frames;
};

/* A hole has no frame, or one of another domain's, as Linux marks it. */
EXPORT int xc_map_domain_meminfo(void *xch, uint32_t domid, struct meminfo *info)
{
    (void)xch;
    if (fails(FAKE_TABLES))
        return -1;
    if (domid != fake->domid || info->p2m != NULL || info->types != NULL)
        abort();
    info->guest_width = fake->narrow ? 4 : 8;
    info->types = malloc(8);
    info->p2m_size = fake->pages;
    info->p2m = malloc(fake->pages * sizeof(unsigned long));
    for (unsigned long page = 0; page < fake->pages; page++)
        info->p2m[page] = fake->types[page] < 0xd ? fake_frame(page) : page % 2 ? ~0ul : 1ul << 62 | page;
    fake->tables++;
    return 0;
}

EXPORT int xc_unmap_domain_meminfo(void *xch, struct meminfo *info)
{
    (void)xch;
    free(info->types);
    free(info->p2m);
    info->p2m = NULL;
    fake->tables--;
    return 0;
}

/* Frames of others have numbers, too: their own domains'. */
EXPORT unsigned long *xc_map_m2p(void *xch, unsigned long frames, int prot, unsigned long *first)
{
    (void)xch;
    if (fails(FAKE_FRAMES))
        return NULL;
    if (frames != FAKE_FIRST_FRAME + fake->pages + FAKE_BEHIND + 1 || prot != PROT_READ || first != NULL)
        abort();
    unsigned long bytes = (frames * sizeof(unsigned long) + FAKE_CHUNK - 1) / FAKE_CHUNK * FAKE_CHUNK;
    unsigned long *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (unsigned long frame = 0; frame < frames; frame++)
        table[frame] = frame >= FAKE_FIRST_FRAME && frame < FAKE_FIRST_FRAME + fake->pages ? fake_page(frame) : frame % fake->pages;
    return table;
}

#endif
