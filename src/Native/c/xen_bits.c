/* Clearing accessed bits in the page tables of a domain that stands, through foreign mappings. */
#include <errno.h>
#include <sys/mman.h>

#include "access_bits.h"
#include "xen.h"

/* Only such a domain keeps its tables as they are: nobody else changes them, and no page of them becomes anything else. */
static int32_t check_stands(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err)
{
    struct ps_xen_info now;
    int32_t result = ps_xen_check(xen, domain, err);

    if (result == PS_OK)
        result = ps_xen_next(xen, domain->domid, &now, err);
    if (result != PS_OK)
        return result;
    return now.flags & (PS_XEN_PAUSED | PS_XEN_SHUTDOWN) ? PS_OK : PS_STATE;
}

/* The kernel reports a page's error as a negative number. EINVAL is a hole. */
static int32_t clear_mapped(uint8_t *mapped, const int *errors, const uint64_t *entries, unsigned count, uint64_t *cleared, int32_t *err)
{
    int32_t result = PS_OK;

    for (unsigned i = 0; i < count; i++) {
        int error = errors[i] < 0 ? -errors[i] : errors[i];

        if (error == 0) {
            *cleared += ps_clear_accessed(mapped + (size_t)i * PS_XEN_PAGE_BYTES, entries + (size_t)i * PS_TABLE_WORDS);
        } else if (error != EINVAL) {
            *err = error;
            result = PS_XEN_MAP;
        }
    }
    return result;
}

static int32_t clear_batch(struct ps_xen *xen, const struct ps_xen_info *domain, const uint64_t *tables, const uint64_t *entries,
                           unsigned count, uint64_t *cleared, int32_t *err)
{
    ps_xen_pfn frames[PS_XEN_BATCH] = {0}; /* the compiler does not know that count is above 0 */
    int errors[PS_XEN_BATCH];

    for (unsigned i = 0; i < count; i++)
        frames[i] = (ps_xen_pfn)tables[i];
    void *mapped = xen->foreign_map(xen->foreign, domain->domid, PROT_READ | PROT_WRITE, count, frames, errors);

    if (mapped == NULL)
        return ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    int32_t result = clear_mapped(mapped, errors, entries, count, cleared, err);

    if (xen->foreign_unmap(xen->foreign, mapped, count) != 0 && result == PS_OK)
        return ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    return result;
}

int32_t ps_xen_clear_accessed(struct ps_xen *xen, const struct ps_xen_info *domain, const uint64_t *tables, const uint64_t *entries,
                              uint64_t count, uint64_t *cleared, int32_t *err)
{
    *err = 0;
    *cleared = 0;
    if (!(domain->flags & PS_XEN_HVM))
        return PS_XEN_PV;
    for (uint64_t i = 0; i < count; i++)
        if (tables[i] >> PS_XEN_PFN_BITS != 0)
            return PS_ARGUMENT;
    int32_t result = check_stands(xen, domain, err);

    for (uint64_t done = 0; result == PS_OK && done < count; done += PS_XEN_BATCH) {
        unsigned part = count - done < PS_XEN_BATCH ? (unsigned)(count - done) : PS_XEN_BATCH;

        result = clear_batch(xen, domain, tables + done, entries + done * PS_TABLE_WORDS, part, cleared, err);
    }
    return result;
}
