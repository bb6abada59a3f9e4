/* The state of a vCPU as bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_state.h"

const struct ps_kvm_whole_part ps_kvm_whole_parts[PS_KVM_WHOLE_PARTS] = {
    {PS_KVM_PART_SREGS, sizeof(struct ps_kvm_sregs), PS_KVM_GET_SREGS, PS_KVM_SET_SREGS},
    {PS_KVM_PART_REGS, sizeof(struct ps_kvm_regs), PS_KVM_GET_REGS, PS_KVM_SET_REGS},
    {PS_KVM_PART_XCRS, PS_KVM_XCRS_BYTES, PS_KVM_GET_XCRS, PS_KVM_SET_XCRS},
    {PS_KVM_PART_EVENTS, PS_KVM_EVENTS_BYTES, PS_KVM_GET_VCPU_EVENTS, PS_KVM_SET_VCPU_EVENTS},
    {PS_KVM_PART_MP_STATE, PS_KVM_MP_STATE_BYTES, PS_KVM_GET_MP_STATE, PS_KVM_SET_MP_STATE},
    {PS_KVM_PART_DEBUGREGS, PS_KVM_DEBUGREGS_BYTES, PS_KVM_GET_DEBUGREGS, PS_KVM_SET_DEBUGREGS},
};

struct writer {
    uint8_t *bytes;
    uint64_t at; /* where the next part goes; beyond PS_KVM_STATE_BYTES if they do not fit */
};

/* Room for a part of at most this size, zeroed. Null and errno if it does not fit. */
static void *begin(struct writer *to, uint64_t most)
{
    uint64_t start = to->at + sizeof(struct ps_kvm_part_head);

    if (start + most + 8 > PS_KVM_STATE_BYTES) {
        errno = E2BIG;
        return NULL;
    }
    memset(to->bytes + to->at, 0, sizeof(struct ps_kvm_part_head) + most + 8);
    return to->bytes + start;
}

static void end(struct writer *to, enum ps_kvm_part kind, uint64_t bytes)
{
    struct ps_kvm_part_head head = {.kind = kind, .bytes = (uint32_t)bytes};

    memcpy(to->bytes + to->at, &head, sizeof(head));
    to->at += sizeof(head) + (bytes + 7) / 8 * 8;
}

static int add_whole(struct ps_kvm *kvm, struct writer *to, const struct ps_kvm_whole_part *part)
{
    void *bytes = begin(to, part->bytes);

    if (bytes == NULL || ioctl(kvm->vcpu, part->get, bytes) != 0)
        return -1;
    end(to, part->kind, part->bytes);
    return 0;
}

static int add_xsave(struct ps_kvm *kvm, struct writer *to)
{
    void *bytes = begin(to, kvm->xsave_bytes);
    unsigned long get = kvm->xsave_bytes > PS_KVM_XSAVE_BYTES ? PS_KVM_GET_XSAVE2 : PS_KVM_GET_XSAVE;

    if (bytes == NULL || ioctl(kvm->vcpu, get, bytes) != 0)
        return -1;
    end(to, PS_KVM_PART_XSAVE, kvm->xsave_bytes);
    return 0;
}

static int add_cpuid(struct ps_kvm *kvm, struct writer *to)
{
    struct ps_kvm_list *list = calloc(1, sizeof(*list) + PS_KVM_MAX_LEAVES * PS_KVM_CPUID_BYTES);
    void *bytes = begin(to, PS_KVM_MAX_LEAVES * PS_KVM_CPUID_BYTES);
    int failed = list == NULL || bytes == NULL;

    if (!failed) {
        list->count = PS_KVM_MAX_LEAVES;
        failed = ioctl(kvm->vcpu, PS_KVM_GET_CPUID2, list) != 0;
    }
    if (!failed) {
        memcpy(bytes, list + 1, (uint64_t)list->count * PS_KVM_CPUID_BYTES);
        end(to, PS_KVM_PART_CPUID, (uint64_t)list->count * PS_KVM_CPUID_BYTES);
    }
    free(list);
    return failed ? -1 : 0;
}

int ps_kvm_msr(struct ps_kvm *kvm, unsigned long request, struct ps_kvm_msr_entry *entry)
{
    struct {
        struct ps_kvm_list head;
        struct ps_kvm_msr_entry entry;
    } one = {.head = {.count = 1}, .entry = *entry};
    int done = ioctl(kvm->vcpu, request, &one);

    entry->data = one.entry.data;
    return done;
}

/* Of the registers that KVM names, those that this vCPU has: not each processor that KVM knows has all. */
static int add_msrs(struct ps_kvm *kvm, struct writer *to)
{
    uint32_t list[1 + PS_KVM_MAX_MSRS] = {PS_KVM_MAX_MSRS};
    struct ps_kvm_msr_entry *entries = begin(to, PS_KVM_MAX_MSRS * sizeof(*entries));
    uint64_t count = 0;

    if (entries == NULL || ioctl(kvm->device, PS_KVM_GET_MSR_INDEX_LIST, list) != 0)
        return -1;
    for (uint32_t i = 0; i < list[0]; i++) {
        struct ps_kvm_msr_entry entry = {.index = list[1 + i]};

        if (ps_kvm_msr(kvm, PS_KVM_GET_MSRS, &entry) == 1)
            memcpy(&entries[count++], &entry, sizeof(entry));
    }
    end(to, PS_KVM_PART_MSRS, count * sizeof(*entries));
    memset(to->bytes + to->at, 0, PS_KVM_STATE_BYTES - to->at);
    return 0;
}

static int add_all(struct ps_kvm *kvm, struct writer *to)
{
    if (add_cpuid(kvm, to) != 0 || add_xsave(kvm, to) != 0 || add_msrs(kvm, to) != 0)
        return -1;
    for (int i = 0; i < PS_KVM_WHOLE_PARTS; i++)
        if (add_whole(kvm, to, &ps_kvm_whole_parts[i]) != 0)
            return -1;
    return 0;
}

int32_t ps_kvm_state_get(struct ps_kvm *kvm, void *blob, uint64_t capacity, uint64_t *bytes, int32_t *err)
{
    struct writer to = {.bytes = blob, .at = sizeof(struct ps_kvm_state_head)};

    *err = 0;
    *bytes = 0;
    if (capacity < PS_KVM_STATE_BYTES)
        return PS_ARGUMENT;
    if (!ps_kvm_stands(kvm))
        return PS_STATE;
    if (add_all(kvm, &to) != 0) {
        *err = errno;
        return PS_KVM_STATE;
    }
    struct ps_kvm_state_head head = {.magic = PS_KVM_MAGIC, .version = PS_KVM_STATE_VERSION, .bytes = (uint32_t)to.at};

    memcpy(blob, &head, sizeof(head));
    *bytes = to.at;
    return PS_OK;
}
