/* The handshake between the managed side and the shim. */
#include <unistd.h>

#include "ps_abi.h"

int32_t ps_abi_version(void)
{
    return PS_ABI_VERSION;
}

int32_t ps_abi_describe(struct ps_abi_sizes *sizes, int32_t *err)
{
    *err = 0;
    sizes->sizes_bytes = sizeof(struct ps_abi_sizes);
    sizes->caps_bytes = sizeof(struct ps_linux_caps);
    sizes->pointer_bytes = sizeof(void *);
    sizes->page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
    sizes->xen_info_bytes = sizeof(struct ps_xen_info);
    sizes->xen_stats_bytes = sizeof(struct ps_xen_stats);
    sizes->xen_tsc_bytes = sizeof(struct ps_xen_tsc);
    sizes->kvm_caps_bytes = sizeof(struct ps_kvm_caps);
    sizes->kvm_status_bytes = sizeof(struct ps_kvm_status);
    sizes->kvm_sample_bytes = sizeof(struct ps_kvm_sample);
    sizes->lazy_event_bytes = sizeof(struct ps_lazy_event);
    return PS_OK;
}
