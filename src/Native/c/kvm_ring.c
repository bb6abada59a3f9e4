/*
 * KVM's dirty ring (KVM_CAP_DIRTY_LOG_RING): the kernel appends a page at its first write, the shim takes entries out, and
 * KVM_RESET_DIRTY_RINGS protects their pages again. A full ring stops the vCPU until it is emptied.
 */
#include <errno.h>

#include "bits.h"
#include "kvm.h"

int ps_kvm_ring_collect(struct ps_kvm *kvm)
{
    struct ps_kvm_log *log = &kvm->log;
    uint64_t pages = kvm->bytes / PS_KVM_PAGE_BYTES;

    for (;;) {
        struct ps_kvm_dirty_gfn *entry = &log->ring[log->ring_next % log->ring_entries];

        if ((__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & PS_KVM_DIRTY_GFN_F_DIRTY) == 0)
            break;
        if (entry->offset >= pages) {
            errno = EIO; /* not a page of the one slot there is */
            return -1;
        }
        ps_bits_set_run(log->words, entry->offset, 1);
        __atomic_store_n(&entry->flags, PS_KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
        log->ring_next++;
    }
    return ioctl(kvm->vm, PS_KVM_RESET_DIRTY_RINGS, 0) < 0 ? -1 : 0;
}

int ps_kvm_ring_full(struct ps_kvm *kvm)
{
    pthread_mutex_lock(&kvm->log.lock);
    int failed = ps_kvm_ring_collect(kvm);

    pthread_mutex_unlock(&kvm->log.lock);
    return failed;
}
