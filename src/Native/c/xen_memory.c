/*
 * Copying a domain's pages. Foreign pages cannot be pinned, so the kernel takes no direct or 9p write from a mapping: they are
 * copied out of it.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "xen.h"

/* The pages of a batch that carry data. */
struct batch {
    unsigned count;
    ps_xen_pfn frames[PS_XEN_BATCH];
    uint16_t places[PS_XEN_BATCH]; /* which of the batch's pages each is */
    int errors[PS_XEN_BATCH];
};

/* Most frame numbers of a PVH guest are holes: asking for types is cheap, mapping is not. */
static int32_t select_pages(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t first, unsigned count, uint8_t *types,
                            struct batch *batch, int32_t *err)
{
    ps_xen_pfn frames[PS_XEN_BATCH];

    batch->count = 0;
    for (unsigned i = 0; i < count; i++)
        frames[i] = (ps_xen_pfn)(first + i);
    if (xen->get_pfn_types(xen->control, domain->domid, count, frames) != 0)
        return ps_xen_failed(xen, domain, PS_XEN_TYPES, err);
    for (unsigned i = 0; i < count; i++) {
        types[i] = (uint8_t)(frames[i] >> PS_PFINFO_SHIFT & PS_PFINFO_MASK);
        if (types[i] > PS_PFINFO_L4TAB && types[i] < PS_PFINFO_PINNED_L1) {
            *err = EIO;
            return PS_XEN_TYPES;
        }
        if (types[i] < PS_PFINFO_BROKEN) {
            batch->places[batch->count] = (uint16_t)i;
            batch->frames[batch->count++] = (ps_xen_pfn)(first + i);
        }
    }
    return PS_OK;
}

/* The kernel reports a page's error as a negative number; the library's header speaks of errno values. */
static int error_of(const struct batch *batch, unsigned i)
{
    return batch->errors[i] < 0 ? -batch->errors[i] : batch->errors[i];
}

static int32_t copy_mapped(const struct batch *batch, const unsigned char *mapped, unsigned char *destination, uint8_t *types,
                           int32_t *err)
{
    int32_t result = PS_OK;

    for (unsigned i = 0; i < batch->count; i++) {
        unsigned place = batch->places[i];
        int error = error_of(batch, i);

        if (error == 0) {
            memcpy(destination + (size_t)place * PS_XEN_PAGE_BYTES, mapped + (size_t)i * PS_XEN_PAGE_BYTES, PS_XEN_PAGE_BYTES);
        } else if (error == EINVAL) {
            /* Given back by the guest since its type was asked for. */
            types[place] = PS_PFINFO_XTAB;
        } else {
            *err = error;
            result = PS_XEN_MAP;
        }
    }
    return result;
}

static int32_t copy_batch(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t first, unsigned count,
                          unsigned char *destination, uint8_t *types, int32_t *err)
{
    struct batch batch;
    int32_t result = select_pages(xen, domain, first, count, types, &batch, err);

    if (result != PS_OK || batch.count == 0)
        return result;
    void *mapped = xen->foreign_map(xen->foreign, domain->domid, PROT_READ, batch.count, batch.frames, batch.errors);

    if (mapped == NULL)
        return ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    result = copy_mapped(&batch, mapped, destination, types, err);
    if (xen->foreign_unmap(xen->foreign, mapped, batch.count) != 0 && result == PS_OK)
        return ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    return result;
}

int32_t ps_xen_copy(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t first, uint64_t page_count, void *destination,
                    uint8_t *types, int32_t *err)
{
    int32_t result = PS_OK;
    unsigned char *to = destination;
    uint64_t end = UINT64_C(1) << PS_XEN_PFN_BITS;

    *err = 0;
    if (first > end || page_count > end - first)
        return PS_ARGUMENT;
    /* A PV guest's pages are mapped by machine frame, which its p2m table tells. */
    if (!(domain->flags & PS_XEN_HVM))
        return PS_XEN_PV;
    for (uint64_t done = 0; result == PS_OK && done < page_count; done += PS_XEN_BATCH) {
        unsigned count = page_count - done < PS_XEN_BATCH ? (unsigned)(page_count - done) : PS_XEN_BATCH;

        result = copy_batch(xen, domain, first + done, count, to + done * PS_XEN_PAGE_BYTES, types + done, err);
    }
    /* A domain that is torn down loses its pages one by one: its holes are none. */
    return result == PS_OK ? ps_xen_check(xen, domain, err) : result;
}
