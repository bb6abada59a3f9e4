/*
 * The state of devices and processors of a suspended HVM or PVH domain, as xc_domain_save reads it (Xen's tools/libs/guest/
 * xg_sr_save_x86_hvm.c and xg_sr_common_x86.c), and letting it go on.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "xen.h"

int32_t ps_xen_release(struct ps_xen *xen, uint32_t *major, uint32_t *minor, int32_t *err)
{
    *err = 0;
    *major = 0;
    *minor = 0;
    if (!xen->has_state)
        return PS_XEN_LIBRARY;
    int version = xen->version(xen->control, PS_XENVER_VERSION, NULL);

    if (version < 0) {
        *err = errno;
        return PS_XEN_STATE;
    }
    *major = (uint32_t)version >> 16;
    *minor = (uint32_t)version & 0xffffu;
    return PS_OK;
}

int32_t ps_xen_hvm_param(struct ps_xen *xen, const struct ps_xen_info *domain, uint32_t index, uint64_t *value, int32_t *err)
{
    *err = 0;
    *value = 0;
    if (xen->hvm_param_get == NULL)
        return PS_XEN_LIBRARY;
    if (xen->hvm_param_get(xen->control, domain->domid, index, value) != 0)
        return ps_xen_failed(xen, domain, PS_XEN_STATE, err);
    return PS_OK;
}

int32_t ps_xen_tsc_info(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_tsc *tsc, int32_t *err)
{
    *err = 0;
    *tsc = (struct ps_xen_tsc){0};
    if (!xen->has_state)
        return PS_XEN_LIBRARY;
    if (xen->get_tsc_info(xen->control, domain->domid, &tsc->mode, &tsc->nsec, &tsc->khz, &tsc->incarnation) != 0)
        return ps_xen_failed(xen, domain, PS_XEN_STATE, err);
    return PS_OK;
}

int32_t ps_xen_hvm_context(struct ps_xen *xen, const struct ps_xen_info *domain, void *context, uint64_t capacity, uint64_t *bytes,
                           int32_t *err)
{
    *err = 0;
    *bytes = 0;
    if (capacity > INT_MAX || (context == NULL && capacity > 0))
        return PS_ARGUMENT;
    if (!xen->has_state)
        return PS_XEN_LIBRARY;
    int size = xen->hvm_getcontext(xen->control, domain->domid, context, (uint32_t)capacity);

    if (size < 0)
        return ps_xen_failed(xen, domain, PS_XEN_STATE, err);
    *bytes = (uint64_t)size;
    return PS_OK;
}

/* From 4.16 on. */
static int serialise(struct ps_xen *xen, uint32_t domid, void *leaves, uint32_t *leaf_count, void *msrs, uint32_t *msr_count)
{
    void *policy = xen->policy_init();

    if (policy == NULL)
        return -1;
    int failed = xen->policy_domain(xen->control, domid, policy);

    if (!failed)
        failed = xen->policy_serialise(xen->control, policy, leaves, leaf_count, msrs, msr_count);
    int number = errno;

    xen->policy_destroy(policy);
    errno = number;
    return failed;
}

int32_t ps_xen_cpu_policy(struct ps_xen *xen, const struct ps_xen_info *domain, void *leaves, uint32_t *leaf_count, void *msrs,
                          uint32_t *msr_count, int32_t *err)
{
    int failed;

    *err = 0;
    if (!xen->has_state)
        return PS_XEN_LIBRARY;
    if ((leaves == NULL) != (msrs == NULL))
        return PS_ARGUMENT;
    if (leaves == NULL)
        failed = xen->policy_size(xen->control, leaf_count, msr_count);
    else if (xen->policy_init != NULL)
        failed = serialise(xen, domain->domid, leaves, leaf_count, msrs, msr_count);
    else
        failed = xen->policy_415(xen->control, domain->domid, leaf_count, leaves, msr_count, msrs);
    return failed ? ps_xen_failed(xen, domain, PS_XEN_STATE, err) : PS_OK;
}

int32_t ps_xen_resume(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err)
{
    *err = 0;
    if (!xen->has_state)
        return PS_XEN_LIBRARY;
    /* The number may be another domain's by now, which suspended for somebody else. */
    int32_t result = ps_xen_check(xen, domain, err);

    if (result != PS_OK)
        return result;
    return xen->resume(xen->control, domain->domid, 1) == 0 ? PS_OK : ps_xen_failed(xen, domain, PS_XEN_RESUME, err);
}
