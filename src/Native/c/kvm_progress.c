/* What a guest tells while it runs: reports and text, kept so that its owner gets them without touching the guest's memory. */
#include <string.h>
#include <time.h>

#include "kvm.h"

void ps_kvm_report(struct ps_kvm *kvm, uint64_t counter)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&kvm->lock);
    kvm->samples[kvm->status.samples++ % PS_KVM_SAMPLES] = (struct ps_kvm_sample){
        .nanoseconds = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
        .counter = counter,
    };
    pthread_mutex_unlock(&kvm->lock);
}

void ps_kvm_print(struct ps_kvm *kvm, uint8_t byte)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->console[kvm->status.console_bytes++ % PS_KVM_CONSOLE_BYTES] = byte;
    pthread_mutex_unlock(&kvm->lock);
}

int32_t ps_kvm_input(struct ps_kvm *kvm, uint32_t value, int32_t *err)
{
    *err = 0;
    atomic_store(&kvm->input, value);
    return PS_OK;
}

/* Of a ring of kept things, total of which there were: moves *from to the oldest that is left, and says how many to copy. */
static uint64_t to_copy(uint64_t total, uint64_t kept, uint64_t capacity, uint64_t *from)
{
    uint64_t oldest = total > kept ? total - kept : 0;

    if (*from < oldest)
        *from = oldest;
    if (*from > total)
        *from = total;
    return total - *from < capacity ? total - *from : capacity;
}

int32_t ps_kvm_progress(struct ps_kvm *kvm, uint64_t *from, struct ps_kvm_sample *samples, uint64_t capacity, uint64_t *count,
                        int32_t *err)
{
    *err = 0;
    pthread_mutex_lock(&kvm->lock);
    *count = to_copy(kvm->status.samples, PS_KVM_SAMPLES, capacity, from);
    for (uint64_t i = 0; i < *count; i++)
        samples[i] = kvm->samples[(*from + i) % PS_KVM_SAMPLES];
    pthread_mutex_unlock(&kvm->lock);
    return PS_OK;
}

int32_t ps_kvm_console(struct ps_kvm *kvm, uint64_t *from, uint8_t *text, uint64_t capacity, uint64_t *count, int32_t *err)
{
    *err = 0;
    pthread_mutex_lock(&kvm->lock);
    *count = to_copy(kvm->status.console_bytes, PS_KVM_CONSOLE_BYTES, capacity, from);
    for (uint64_t i = 0; i < *count; i++)
        text[i] = kvm->console[(*from + i) % PS_KVM_CONSOLE_BYTES];
    pthread_mutex_unlock(&kvm->lock);
    return PS_OK;
}
