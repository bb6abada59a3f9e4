/*
 * The pages that the guest wrote, by KVM's bitmap under KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, or by its dirty ring (kvm_ring.c). KVM logs what
 * the guest writes, not what this process does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm.h"

static uint64_t pages_of(const struct ps_kvm *kvm)
{
    return kvm->bytes / PS_KVM_PAGE_BYTES;
}

static int open_ring(struct ps_kvm *kvm, uint32_t ring_bytes)
{
    void *ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kvm->vcpu, PS_KVM_DIRTY_LOG_PAGE_OFFSET * PS_KVM_PAGE_BYTES);

    if (ring == MAP_FAILED)
        return -1;
    kvm->log.ring = ring;
    kvm->log.ring_entries = ring_bytes / sizeof(struct ps_kvm_dirty_gfn);
    return 0;
}

int ps_kvm_log_open(struct ps_kvm *kvm, uint32_t ring_bytes)
{
    struct ps_kvm_log *log = &kvm->log;

    log->word_count = pages_of(kvm) / 64 + 1;
    log->words = calloc(log->word_count, sizeof(*log->words));
    log->answer = ring_bytes > 0 ? calloc(log->word_count, sizeof(*log->words)) : log->words;
    if (log->words == NULL || log->answer == NULL)
        return -1;
    return ring_bytes > 0 ? open_ring(kvm, ring_bytes) : 0;
}

void ps_kvm_log_close(struct ps_kvm *kvm)
{
    struct ps_kvm_log *log = &kvm->log;

    if (log->ring != NULL)
        munmap(log->ring, log->ring_entries * sizeof(struct ps_kvm_dirty_gfn));
    if (log->answer != log->words)
        free(log->answer);
    free(log->words);
}

/* What an earlier log left in the ring is of no interest. */
static int forget(struct ps_kvm *kvm)
{
    int failed = kvm->log.ring != NULL && ps_kvm_ring_collect(kvm) != 0;

    memset(kvm->log.words, 0, kvm->log.word_count * sizeof(*kvm->log.words));
    return failed ? -1 : 0;
}

static int32_t failed(int32_t *err)
{
    *err = errno;
    return PS_KVM_LOG;
}

int32_t ps_kvm_log_start(struct ps_kvm *kvm, int32_t *err)
{
    int32_t result = PS_OK;

    *err = 0;
    pthread_mutex_lock(&kvm->log.lock);
    if (kvm->log.running)
        result = PS_STATE;
    else if (forget(kvm) != 0 || ps_kvm_set_slot(kvm, PS_KVM_MEM_LOG_DIRTY_PAGES) != 0)
        result = failed(err);
    else
        kvm->log.running = 1;
    pthread_mutex_unlock(&kvm->log.lock);
    return result;
}

int32_t ps_kvm_log_stop(struct ps_kvm *kvm, int32_t *err)
{
    int32_t result = PS_OK;

    *err = 0;
    pthread_mutex_lock(&kvm->log.lock);
    if (!kvm->log.running)
        result = PS_STATE;
    else if (ps_kvm_set_slot(kvm, 0) != 0)
        result = failed(err);
    kvm->log.running = 0;
    pthread_mutex_unlock(&kvm->log.lock);
    return result;
}

/*
 * KVM_GET_DIRTY_LOG only reads. Clearing protects the pages again whose bits were read; a page written for the first time in between
 * keeps its bit.
 */
static int read_bitmap(struct ps_kvm *kvm, int clean)
{
    struct ps_kvm_dirty_log get = {.bitmap = kvm->log.words};
    struct ps_kvm_clear_dirty_log clear = {.num_pages = (uint32_t)pages_of(kvm), .bitmap = kvm->log.words};

    if (ioctl(kvm->vm, PS_KVM_GET_DIRTY_LOG, &get) != 0)
        return -1;
    return clean ? ioctl(kvm->vm, PS_KVM_CLEAR_DIRTY_LOG, &clear) : 0;
}

static int read_ring(struct ps_kvm *kvm, int clean)
{
    uint64_t bytes = kvm->log.word_count * sizeof(*kvm->log.words);

    if (ps_kvm_ring_collect(kvm) != 0)
        return -1;
    memcpy(kvm->log.answer, kvm->log.words, bytes);
    if (clean)
        memset(kvm->log.words, 0, bytes);
    return 0;
}

int32_t ps_kvm_log_read(struct ps_kvm *kvm, uint32_t flags, const uint64_t **words, int32_t *err)
{
    int32_t result = PS_OK;
    int clean = (flags & PS_KVM_CLEAN) != 0;

    *err = 0;
    *words = NULL;
    if (flags & ~PS_KVM_CLEAN)
        return PS_ARGUMENT;
    pthread_mutex_lock(&kvm->log.lock);
    if (!kvm->log.running)
        result = PS_STATE;
    else if ((kvm->log.ring != NULL ? read_ring(kvm, clean) : read_bitmap(kvm, clean)) != 0)
        result = failed(err);
    else
        *words = kvm->log.answer;
    pthread_mutex_unlock(&kvm->log.lock);
    return result;
}
