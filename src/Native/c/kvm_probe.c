/* What /dev/kvm can do for this process, found by trying. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kvm.h"

int ps_kvm_device(void)
{
#if defined(__x86_64__)
    return open("/dev/kvm", O_RDWR | O_CLOEXEC);
#else
    errno = ENOSYS;
    return -1;
#endif
}

static int has(int device, long cap)
{
    return ioctl(device, PS_KVM_CHECK_EXTENSION, cap) > 0;
}

uint32_t ps_kvm_lacks(int device)
{
    uint32_t lacks = 0;

    if (ioctl(device, PS_KVM_GET_API_VERSION, 0) != PS_KVM_API_VERSION)
        lacks |= PS_KVM_LACKS_VERSION;
    if (!has(device, PS_KVM_CAP_USER_MEMORY))
        lacks |= PS_KVM_LACKS_MEMORY;
    if (!has(device, PS_KVM_CAP_IMMEDIATE_EXIT))
        lacks |= PS_KVM_LACKS_IMMEDIATE_EXIT;
    if (!has(device, PS_KVM_CAP_XSAVE) || !has(device, PS_KVM_CAP_XCRS) || !has(device, PS_KVM_CAP_DEBUGREGS) ||
        !has(device, PS_KVM_CAP_VCPU_EVENTS) || !has(device, PS_KVM_CAP_MP_STATE))
        lacks |= PS_KVM_LACKS_STATE;
    return lacks;
}

static uint32_t positive(int answer)
{
    return answer > 0 ? (uint32_t)answer : 0;
}

int32_t ps_kvm_probe(struct ps_kvm_caps *caps, int32_t *err)
{
    int device = ps_kvm_device();

    *err = 0;
    *caps = (struct ps_kvm_caps){0};
    if (device < 0) {
        caps->device_errno = errno;
        caps->machine_errno = errno;
        return PS_OK;
    }
    int vm = ioctl(device, PS_KVM_CREATE_VM, 0);

    caps->machine_errno = vm < 0 ? errno : 0;
    caps->api_version = positive(ioctl(device, PS_KVM_GET_API_VERSION, 0));
    caps->missing = ps_kvm_lacks(device);
    caps->manual_protect = positive(ioctl(device, PS_KVM_CHECK_EXTENSION, PS_KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2));
    caps->ring_bytes = positive(ioctl(device, PS_KVM_CHECK_EXTENSION, PS_KVM_CAP_DIRTY_LOG_RING));
    if (vm >= 0)
        close(vm);
    close(device);
    return PS_OK;
}
