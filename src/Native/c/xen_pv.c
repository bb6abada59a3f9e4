/*
 * PV domains: the guest keeps a table of the machine frame of each of its pages (p2m), Xen one of the opposite (m2p), and page tables hold machine frames. What is
 * copied gets page frame numbers there, as Xen's own writer of streams has it (tools/libs/guest/xg_sr_save_x86_pv.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xen.h"

/* Of an entry of a page table: the present bit, and bits 51:12, which name a frame. */
#define PTE_PRESENT UINT64_C(1)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)
#define PTE_FRAME_SHIFT 12
#define PTE_COUNT 512u

/* ROOT_PAGETABLE_FIRST_XEN_SLOT and _LAST_: what Xen itself maps in each address space */
#define FIRST_XEN_SLOT 256u
#define LAST_XEN_SLOT 271u

static void free_tables(struct ps_xen_pv *pv)
{
    if (pv->m2p != NULL)
        munmap(pv->m2p, pv->m2p_bytes);
    if (pv->info.p2m != NULL)
        pv->xen->unmap_meminfo(pv->xen->control, &pv->info);
    free(pv);
}

static int32_t map_tables(struct ps_xen_pv *pv, int32_t *err)
{
    struct ps_xen *xen = pv->xen;
    unsigned long highest = 0;

    if (xen->map_meminfo(xen->control, pv->domain.domid, &pv->info) != 0 || xen->highest_frame(xen->control, &highest) != 0)
        return ps_xen_failed(xen, &pv->domain, PS_XEN_MAP, err);
    if (pv->info.guest_width != sizeof(uint64_t))
        return PS_XEN_PV;
    pv->m2p_frames = (uint64_t)highest + 1;
    pv->m2p_bytes = (pv->m2p_frames * sizeof(ps_xen_pfn) + PS_M2P_CHUNK - 1) / PS_M2P_CHUNK * PS_M2P_CHUNK;
    pv->m2p = xen->map_m2p(xen->control, (unsigned long)pv->m2p_frames, PROT_READ, NULL);
    return pv->m2p == NULL ? ps_xen_failed(xen, &pv->domain, PS_XEN_MAP, err) : PS_OK;
}

int32_t ps_xen_pv_new(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_pv **pv, int32_t *err)
{
    *err = 0;
    *pv = NULL;
    if (domain->flags & PS_XEN_HVM)
        return PS_ARGUMENT;
    if (xen->map_meminfo == NULL || xen->unmap_meminfo == NULL || xen->map_m2p == NULL || xen->highest_frame == NULL)
        return PS_XEN_LIBRARY;
    struct ps_xen_pv *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    made->xen = xen;
    made->domain = *domain;
    int32_t result = map_tables(made, err);

    if (result != PS_OK) {
        free_tables(made);
        return result;
    }
    *pv = made;
    return PS_OK;
}

int32_t ps_xen_pv_free(struct ps_xen_pv *pv, int32_t *err)
{
    *err = 0;
    if (pv != NULL)
        free_tables(pv);
    return PS_OK;
}

ps_xen_pfn ps_xen_pv_frame(const struct ps_xen_pv *pv, uint64_t page)
{
    /* The guest may write to its table meanwhile. */
    const volatile ps_xen_pfn *p2m = pv->info.p2m;
    ps_xen_pfn frame = page < pv->info.p2m_size ? p2m[page] : PS_NO_FRAME;

    /* Linux marks what is mapped of others and what is no memory in the highest bits: those are no frames of this guest. */
    return frame < pv->m2p_frames ? frame : PS_NO_FRAME;
}

static uint64_t page_frame_of(const struct ps_xen_pv *pv, uint64_t frame)
{
    uint64_t page = frame < pv->m2p_frames ? pv->m2p[frame] : PS_NO_FRAME;

    return page < pv->info.p2m_size && ps_xen_pv_frame(pv, page) == frame ? page : PS_NO_FRAME;
}

void ps_xen_pv_normalise(const struct ps_xen_pv *pv, unsigned level, unsigned char *page)
{
    for (unsigned i = 0; i < PTE_COUNT; i++) {
        unsigned char *place = page + i * sizeof(uint64_t);
        uint64_t entry;

        memcpy(&entry, place, sizeof(entry));
        if (level == 4 && i >= FIRST_XEN_SLOT && i <= LAST_XEN_SLOT) {
            entry = 0;
        } else if (entry & PTE_PRESENT) {
            uint64_t number = page_frame_of(pv, (entry & PTE_FRAME) >> PTE_FRAME_SHIFT);

            /* A frame of another domain, or of a device, has no number in this guest. */
            entry = number == PS_NO_FRAME ? 0 : (entry & ~PTE_FRAME) | number << PTE_FRAME_SHIFT;
        }
        memcpy(place, &entry, sizeof(entry));
    }
}
