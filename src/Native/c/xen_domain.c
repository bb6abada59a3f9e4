/* Which domains there are, how large they are, and stopping them. */
#include <errno.h>
#include <string.h>

#include "xen.h"

static uint32_t flags_of(uint32_t dominf)
{
    return (dominf & PS_DOMINF_HVM ? PS_XEN_HVM : 0) | (dominf & PS_DOMINF_PAUSED ? PS_XEN_PAUSED : 0) |
           (dominf & PS_DOMINF_DYING ? PS_XEN_DYING : 0) | (dominf & PS_DOMINF_SHUTDOWN ? PS_XEN_SHUTDOWN : 0) |
           (dominf >> PS_DOMINF_REASON_SHIFT & PS_DOMINF_REASON_MASK) << PS_XEN_REASON_SHIFT;
}

int32_t ps_xen_next(struct ps_xen *xen, uint32_t from, struct ps_xen_info *info, int32_t *err)
{
    struct ps_domaininfo found;

    *err = 0;
    memset(&found, 0, sizeof(found));
    memset(info, 0, sizeof(*info));
    int count = xen->getinfolist(xen->control, from, 1, &found);

    if (count == 0 || (count < 0 && errno == ESRCH)) {
        *err = ESRCH;
        return PS_XEN_GONE;
    }
    if (count < 0) {
        *err = errno;
        return PS_XEN_DOMAIN;
    }
    info->domid = found.domain;
    info->flags = flags_of(found.flags);
    info->allocated_pages = found.tot_pages;
    memcpy(info->uuid, found.handle, sizeof(info->uuid));
    return PS_OK;
}

int32_t ps_xen_check(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err)
{
    struct ps_xen_info now;
    int32_t result = ps_xen_next(xen, domain->domid, &now, err);

    if (result != PS_OK)
        return result;
    /* Numbers are given again: the UUID tells whether it is still the same domain. */
    if (now.domid == domain->domid && memcmp(now.uuid, domain->uuid, sizeof(now.uuid)) == 0 && !(now.flags & PS_XEN_DYING))
        return PS_OK;
    *err = ESRCH;
    return PS_XEN_GONE;
}

int32_t ps_xen_failed(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t result, int32_t *err)
{
    int32_t number = errno;

    /* Xen answers EINVAL to much that is asked of a domain that is being torn down. */
    if ((number == ESRCH || number == EINVAL) && ps_xen_check(xen, domain, err) == PS_XEN_GONE)
        result = PS_XEN_GONE;
    *err = number;
    return result;
}

int32_t ps_xen_pages(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t *pages, int32_t *err)
{
    ps_xen_pfn count = 0;

    *err = 0;
    *pages = 0;
    if (xen->nr_gpfns(xen->control, domain->domid, &count) < 0)
        return ps_xen_failed(xen, domain, PS_XEN_DOMAIN, err);
    *pages = count;
    return PS_OK;
}

int32_t ps_xen_pause(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err)
{
    *err = 0;
    if (xen->pause(xen->control, domain->domid) != 0)
        return ps_xen_failed(xen, domain, PS_XEN_PAUSE, err);
    /* A dying domain can be paused as well, and the number may be another domain's, which goes on. */
    int32_t result = ps_xen_check(xen, domain, err);

    if (result != PS_OK)
        xen->unpause(xen->control, domain->domid);
    return result;
}

int32_t ps_xen_unpause(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err)
{
    *err = 0;
    return xen->unpause(xen->control, domain->domid) == 0 ? PS_OK : ps_xen_failed(xen, domain, PS_XEN_PAUSE, err);
}
