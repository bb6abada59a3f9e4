/* What libxenctrl has of restorable epochs up to 4.15, and libxenguest since. */
#ifndef FAKE_STATE_H
#define FAKE_STATE_H

#include <stdlib.h>
#include <string.h>

#include "fake_pv.h"
#include "fake_xen.h"

EXPORT int xc_domain_resume(void *xch, uint32_t domid, int fast)
{
    (void)xch;
    if (fails(FAKE_RESUME))
        return -1;
    if (fast != 1 || domid != fake->domid)
        abort();
    if (!(fake->flags & FAKE_SHUTDOWN) || fake->flags >> FAKE_REASON_SHIFT != FAKE_REASON_SUSPEND) {
        errno = EINVAL;
        return -1;
    }
    fake->flags &= (1u << FAKE_REASON_SHIFT) - 1 - FAKE_SHUTDOWN;
    fake->resumes++;
    return 0;
}

/* One entry less of each than there is room for; all bytes of the leaves are 0xc1, of the registers 0x3a. */
static inline int fake_policy(void *leaves, uint32_t *leaf_count, void *msrs, uint32_t *msr_count)
{
    if (*leaf_count < FAKE_LEAVES || *msr_count < FAKE_MSRS) {
        errno = ENOBUFS;
        return -1;
    }
    *leaf_count = FAKE_LEAVES - 1;
    *msr_count = FAKE_MSRS - 1;
    memset(leaves, 0xc1, *leaf_count * 24);
    memset(msrs, 0x3a, *msr_count * 16);
    return 0;
}

static inline int fake_policy_size(uint32_t *leaf_count, uint32_t *msr_count)
{
    *leaf_count = FAKE_LEAVES;
    *msr_count = FAKE_MSRS;
    return 0;
}

#ifdef FAKE_UP_TO_4_15
EXPORT int xc_get_cpu_policy_size(void *xch, uint32_t *leaf_count, uint32_t *msr_count)
{
    (void)xch;
    return fake_policy_size(leaf_count, msr_count);
}

EXPORT int xc_get_domain_cpu_policy(void *xch, uint32_t domid, uint32_t *leaf_count, void *leaves, uint32_t *msr_count, void *msrs)
{
    (void)xch;
    if (fails(FAKE_POLICY))
        return -1;
    return domid == fake->domid ? fake_policy(leaves, leaf_count, msrs, msr_count) : -1;
}
#else
EXPORT int xc_cpu_policy_get_size(void *xch, uint32_t *leaf_count, uint32_t *msr_count)
{
    (void)xch;
    return fake_policy_size(leaf_count, msr_count);
}

EXPORT void *xc_cpu_policy_init(void)
{
    fake->policies++;
    return calloc(1, 1);
}

EXPORT void xc_cpu_policy_destroy(void *policy)
{
    fake->policies--;
    free(policy);
    errno = 0;
}

EXPORT int xc_cpu_policy_get_domain(void *xch, uint32_t domid, void *policy)
{
    (void)xch;
    if (fails(FAKE_POLICY))
        return -1;
    *(char *)policy = domid == fake->domid;
    return 0;
}

EXPORT int xc_cpu_policy_serialise(void *xch, const void *policy, void *leaves, uint32_t *leaf_count, void *msrs, uint32_t *msr_count)
{
    (void)xch;
    return *(const char *)policy ? fake_policy(leaves, leaf_count, msrs, msr_count) : -1;
}
#endif

#endif
