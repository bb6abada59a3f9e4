/*
 * Copying a domain's pages. Foreign pages cannot be pinned, so the kernel takes no direct or 9p write from a mapping: they are
 * copied out of it.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "xen.h"

/* Whose pages are copied; pv is null for an HVM or PVH domain, whose pages are mapped by their own numbers. */
struct source {
    struct ps_xen *xen;
    const struct ps_xen_info *domain;
    const struct ps_xen_pv *pv;
};

/* The pages of a batch that carry data. */
struct batch {
    unsigned count;
    ps_xen_pfn frames[PS_XEN_BATCH];
    uint16_t places[PS_XEN_BATCH]; /* which of the batch's pages each is */
    int errors[PS_XEN_BATCH];
};

/* Most frame numbers of a PVH guest are holes: asking for types is cheap, mapping is not. */
static int32_t select_pages(const struct source *source, uint64_t first, unsigned count, uint8_t *types, struct batch *batch, int32_t *err)
{
    ps_xen_pfn frames[PS_XEN_BATCH], asked[PS_XEN_BATCH];

    batch->count = 0;
    for (unsigned i = 0; i < count; i++)
        frames[i] = source->pv == NULL ? (ps_xen_pfn)(first + i) : ps_xen_pv_frame(source->pv, first + i);
    memcpy(asked, frames, count * sizeof(frames[0]));
    if (source->xen->get_pfn_types(source->xen->control, source->domain->domid, count, asked) != 0)
        return ps_xen_failed(source->xen, source->domain, PS_XEN_TYPES, err);
    for (unsigned i = 0; i < count; i++) {
        types[i] = (uint8_t)(frames[i] == PS_NO_FRAME ? PS_PFINFO_XTAB : asked[i] >> PS_PFINFO_SHIFT & PS_PFINFO_MASK);
        if (types[i] > PS_PFINFO_L4TAB && types[i] < PS_PFINFO_PINNED_L1) {
            *err = EIO;
            return PS_XEN_TYPES;
        }
        if (types[i] < PS_PFINFO_BROKEN) {
            batch->places[batch->count] = (uint16_t)i;
            batch->frames[batch->count++] = frames[i];
        }
    }
    return PS_OK;
}

/* The kernel reports a page's error as a negative number; the library's header speaks of errno values. */
static int error_of(const struct batch *batch, unsigned i)
{
    return batch->errors[i] < 0 ? -batch->errors[i] : batch->errors[i];
}

static int32_t copy_mapped(const struct source *source, const struct batch *batch, const unsigned char *mapped, unsigned char *destination,
                           uint8_t *types, int32_t *err)
{
    int32_t result = PS_OK;

    for (unsigned i = 0; i < batch->count; i++) {
        unsigned place = batch->places[i];
        int error = error_of(batch, i);

        if (error == 0) {
            unsigned char *page = destination + (size_t)place * PS_XEN_PAGE_BYTES;

            memcpy(page, mapped + (size_t)i * PS_XEN_PAGE_BYTES, PS_XEN_PAGE_BYTES);
            if (source->pv != NULL && types[place] & PS_PFINFO_LEVEL)
                ps_xen_pv_normalise(source->pv, types[place] & PS_PFINFO_LEVEL, page);
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

static int32_t copy_batch(const struct source *source, uint64_t first, unsigned count, unsigned char *destination, uint8_t *types, int32_t *err)
{
    struct ps_xen *xen = source->xen;
    const struct ps_xen_info *domain = source->domain;
    struct batch batch;
    int32_t result = select_pages(source, first, count, types, &batch, err);

    if (result != PS_OK || batch.count == 0)
        return result;
    void *mapped = xen->foreign_map(xen->foreign, domain->domid, PROT_READ, batch.count, batch.frames, batch.errors);

    if (mapped == NULL)
        return ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    result = copy_mapped(source, &batch, mapped, destination, types, err);
    if (xen->foreign_unmap(xen->foreign, mapped, batch.count) != 0 && result == PS_OK)
        return ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    return result;
}

static int32_t copy(const struct source *source, uint64_t first, uint64_t page_count, unsigned char *destination, uint8_t *types, int32_t *err)
{
    int32_t result = PS_OK;
    uint64_t end = UINT64_C(1) << PS_XEN_PFN_BITS;

    *err = 0;
    if (first > end || page_count > end - first)
        return PS_ARGUMENT;
    for (uint64_t done = 0; result == PS_OK && done < page_count; done += PS_XEN_BATCH) {
        unsigned count = page_count - done < PS_XEN_BATCH ? (unsigned)(page_count - done) : PS_XEN_BATCH;

        result = copy_batch(source, first + done, count, destination + done * PS_XEN_PAGE_BYTES, types + done, err);
    }
    /* A domain that is torn down loses its pages one by one: its holes are none. */
    return result == PS_OK ? ps_xen_check(source->xen, source->domain, err) : result;
}

int32_t ps_xen_copy(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t first, uint64_t page_count, void *destination,
                    uint8_t *types, int32_t *err)
{
    struct source source = {.xen = xen, .domain = domain};

    *err = 0;
    return domain->flags & PS_XEN_HVM ? copy(&source, first, page_count, destination, types, err) : PS_XEN_PV;
}

int32_t ps_xen_pv_copy(struct ps_xen_pv *pv, uint64_t first, uint64_t page_count, void *destination, uint8_t *types, int32_t *err)
{
    struct source source = {.xen = pv->xen, .domain = &pv->domain, .pv = pv};

    return copy(&source, first, page_count, destination, types, err);
}
