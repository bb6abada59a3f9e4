/*
 * A machine of one vCPU over memory of the caller's (Documentation/virt/kvm/api.rst). It has no interrupt controller, no clock and no
 * devices but a few ports: a guest that computes, and whose whole state is its memory and its processor.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm.h"
#include "kvm_kick.h"

int ps_kvm_set_slot(struct ps_kvm *kvm, uint32_t flags)
{
    struct ps_kvm_memory_region slot = {.flags = flags, .memory_size = kvm->bytes, .userspace_addr = kvm->address};

    return ioctl(kvm->vm, PS_KVM_SET_USER_MEMORY_REGION, &slot);
}

/* All that the host has: the guest may use what it finds, and its state says what it found. */
static int set_cpuid(struct ps_kvm *kvm)
{
    struct ps_kvm_list *leaves = calloc(1, sizeof(*leaves) + PS_KVM_MAX_LEAVES * PS_KVM_CPUID_BYTES);

    if (leaves == NULL)
        return -1;
    leaves->count = PS_KVM_MAX_LEAVES;
    int failed = ioctl(kvm->device, PS_KVM_GET_SUPPORTED_CPUID, leaves);

    if (!failed)
        failed = ioctl(kvm->vcpu, PS_KVM_SET_CPUID2, leaves);
    int saved = errno;

    free(leaves);
    errno = saved;
    return failed;
}

/*
 * In KVM_RUN the thread takes two signals, everywhere else none. Both stay pending, and KVM_RUN returns with EINTR; so no signal of the
 * process gets another handler.
 */
static int set_signals(struct ps_kvm *kvm)
{
    struct ps_kvm_signal_mask mask = {.len = sizeof(mask.sigset)};
    uint64_t blocked = ~(UINT64_C(1) << (PS_KVM_KICK - 1) | UINT64_C(1) << (SIGBUS - 1));

    memcpy(mask.sigset, &blocked, sizeof(blocked));
    return ioctl(kvm->vcpu, PS_KVM_SET_SIGNAL_MASK, &mask);
}

static int open_vcpu(struct ps_kvm *kvm)
{
    kvm->vcpu = ioctl(kvm->vm, PS_KVM_CREATE_VCPU, 0);
    if (kvm->vcpu < 0)
        return -1;
    int bytes = ioctl(kvm->device, PS_KVM_GET_VCPU_MMAP_SIZE, 0);

    if (bytes < (int)sizeof(struct ps_kvm_run))
        return -1;
    void *run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kvm->vcpu, 0);

    if (run == MAP_FAILED)
        return -1;
    kvm->run = run;
    kvm->run_bytes = (uint64_t)bytes;
    int xsave = ioctl(kvm->vm, PS_KVM_CHECK_EXTENSION, PS_KVM_CAP_XSAVE2);

    kvm->xsave_bytes = xsave > PS_KVM_XSAVE_BYTES ? (uint64_t)xsave : PS_KVM_XSAVE_BYTES;
    return set_cpuid(kvm) == 0 ? set_signals(kvm) : -1;
}

static int enable(struct ps_kvm *kvm, uint32_t cap, uint64_t value)
{
    struct ps_kvm_enable_cap enabled = {.cap = cap, .args = {value}};

    return ioctl(kvm->vm, PS_KVM_ENABLE_CAP, &enabled);
}

/* The kinds of log that there may be are fixed before the vCPU is made. */
static int choose_log(struct ps_kvm *kvm, uint32_t ring_bytes)
{
    return ring_bytes > 0 ? enable(kvm, PS_KVM_CAP_DIRTY_LOG_RING, ring_bytes)
                          : enable(kvm, PS_KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, PS_KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
}

static void close_all(struct ps_kvm *kvm)
{
    int saved = errno;

    ps_kvm_log_close(kvm);
    if (kvm->run != NULL)
        munmap(kvm->run, kvm->run_bytes);
    if (kvm->vcpu >= 0)
        close(kvm->vcpu);
    if (kvm->vm >= 0)
        close(kvm->vm);
    if (kvm->device >= 0)
        close(kvm->device);
    pthread_cond_destroy(&kvm->changed);
    pthread_mutex_destroy(&kvm->lock);
    pthread_mutex_destroy(&kvm->log.lock);
    free(kvm);
    errno = saved;
}

/* Null and errno. */
static struct ps_kvm *blank(void *address, uint64_t bytes)
{
    pthread_condattr_t monotonic;
    struct ps_kvm *kvm = calloc(1, sizeof(*kvm));

    if (kvm == NULL)
        return NULL;
    kvm->device = kvm->vm = kvm->vcpu = -1;
    kvm->address = (uint64_t)(uintptr_t)address;
    kvm->bytes = bytes;
    kvm->status.address = UINT64_MAX;
    pthread_mutex_init(&kvm->lock, NULL);
    pthread_mutex_init(&kvm->log.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&kvm->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return kvm;
}

static int32_t open_all(struct ps_kvm *kvm, uint32_t ring_bytes)
{
    kvm->device = ps_kvm_device();
    if (kvm->device < 0)
        return PS_KVM_OPEN;
    if (ps_kvm_lacks(kvm->device) != 0) {
        errno = ENOSYS;
        return PS_KVM_OPEN;
    }
    kvm->vm = ioctl(kvm->device, PS_KVM_CREATE_VM, 0);
    if (kvm->vm < 0)
        return PS_KVM_CREATE;
    if (choose_log(kvm, ring_bytes) != 0)
        return PS_KVM_LOG;
    if (open_vcpu(kvm) != 0 || ps_kvm_set_slot(kvm, 0) != 0)
        return PS_KVM_CREATE;
    return ps_kvm_log_open(kvm, ring_bytes) == 0 ? PS_OK : PS_MEMORY;
}

int32_t ps_kvm_new(void *address, uint64_t bytes, uint32_t ring_bytes, struct ps_kvm **kvm, int32_t *err)
{
    uint64_t start = (uint64_t)(uintptr_t)address;

    *err = 0;
    *kvm = NULL;
    if (start == 0 || bytes == 0 || start % PS_KVM_PAGE_BYTES != 0 || bytes % PS_KVM_PAGE_BYTES != 0 || bytes > UINT64_MAX - start ||
        (ring_bytes != 0 && (ring_bytes < PS_KVM_PAGE_BYTES || (ring_bytes & (ring_bytes - 1)) != 0)))
        return PS_ARGUMENT;
    struct ps_kvm *made = blank(address, bytes);

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    int32_t result = open_all(made, ring_bytes);

    if (result != PS_OK) {
        *err = errno;
        close_all(made);
        return result;
    }
    *kvm = made;
    return PS_OK;
}

static void end_thread(struct ps_kvm *kvm)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->wish = PS_KVM_QUIT;
    ps_kvm_kick(kvm);
    pthread_cond_broadcast(&kvm->changed);
    pthread_mutex_unlock(&kvm->lock);
    pthread_join(kvm->thread, NULL);
}

int32_t ps_kvm_free(struct ps_kvm *kvm, int32_t *err)
{
    *err = 0;
    if (kvm == NULL)
        return PS_OK;
    if (kvm->has_thread)
        end_thread(kvm);
    close_all(kvm);
    return PS_OK;
}
