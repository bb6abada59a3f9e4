/* A vCPU set from bytes that may come from anywhere: they are looked through to the end before the first of them is used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_state.h"

struct part {
    const uint8_t *bytes; /* null: not seen yet */
    uint32_t count;
};

/* How many bytes a part may have: a whole number of entries, up to a bound, or exactly one struct. */
static int has_right_size(const struct ps_kvm *kvm, uint32_t kind, uint32_t bytes)
{
    switch (kind) {
    case PS_KVM_PART_CPUID:
        return bytes % PS_KVM_CPUID_BYTES == 0 && bytes / PS_KVM_CPUID_BYTES <= PS_KVM_MAX_LEAVES;
    case PS_KVM_PART_MSRS:
        return bytes % sizeof(struct ps_kvm_msr_entry) == 0 && bytes / sizeof(struct ps_kvm_msr_entry) <= PS_KVM_MAX_MSRS;
    case PS_KVM_PART_XSAVE:
        return bytes >= PS_KVM_XSAVE_BYTES && bytes <= kvm->xsave_bytes;
    default:
        for (int i = 0; i < PS_KVM_WHOLE_PARTS; i++)
            if ((uint32_t)ps_kvm_whole_parts[i].kind == kind)
                return bytes == ps_kvm_whole_parts[i].bytes;
        return 0;
    }
}

static int has_right_head(const uint8_t *blob, uint64_t bytes)
{
    struct ps_kvm_state_head head;

    if (bytes < sizeof(head) || bytes > PS_KVM_STATE_BYTES)
        return 0;
    memcpy(&head, blob, sizeof(head));
    return head.magic == PS_KVM_MAGIC && head.version == PS_KVM_STATE_VERSION && head.bytes == bytes;
}

/* Finds each part once. 0 if the bytes are no state. */
static int find_parts(const struct ps_kvm *kvm, const uint8_t *blob, uint64_t bytes, struct part parts[PS_KVM_PARTS])
{
    uint64_t at = sizeof(struct ps_kvm_state_head);

    if (!has_right_head(blob, bytes))
        return 0;
    for (int found = 0; found < PS_KVM_PARTS; found++) {
        struct ps_kvm_part_head head;

        if (bytes - at < sizeof(head))
            return 0;
        memcpy(&head, blob + at, sizeof(head));
        at += sizeof(head);
        if (head.kind >= PS_KVM_PARTS || parts[head.kind].bytes != NULL || !has_right_size(kvm, head.kind, head.bytes))
            return 0;
        uint64_t padded = ((uint64_t)head.bytes + 7) / 8 * 8;

        if (padded > bytes - at)
            return 0;
        parts[head.kind] = (struct part){.bytes = blob + at, .count = head.bytes};
        at += padded;
    }
    return at == bytes;
}

/* The kernel reads its structs from memory that is aligned and as long as it wants. Null and errno. */
static void *copy_of(const struct part *part, uint64_t head, uint64_t bytes)
{
    uint8_t *copy = calloc(1, head + (bytes > part->count ? bytes : part->count));

    if (copy != NULL)
        memcpy(copy + head, part->bytes, part->count);
    return copy;
}

static int set_struct(struct ps_kvm *kvm, unsigned long request, const struct part *part, uint64_t bytes)
{
    void *copy = copy_of(part, 0, bytes);
    int failed = copy == NULL || ioctl(kvm->vcpu, request, copy) != 0;
    int saved = errno;

    free(copy);
    errno = saved;
    return failed ? -1 : 0;
}

static int set_cpuid(struct ps_kvm *kvm, const struct part *part)
{
    struct ps_kvm_list *list = copy_of(part, sizeof(*list), 0);

    if (list == NULL)
        return -1;
    list->count = part->count / PS_KVM_CPUID_BYTES;
    int failed = ioctl(kvm->vcpu, PS_KVM_SET_CPUID2, list) != 0;
    int saved = errno;

    free(list);
    errno = saved;
    return failed ? -1 : 0;
}

/* KVM refuses to write some registers that it lets read, even the value that they have; that value is all that is wanted then. */
static int set_msr(struct ps_kvm *kvm, struct ps_kvm_msr_entry wanted)
{
    struct ps_kvm_msr_entry now = {.index = wanted.index};

    if (ps_kvm_msr(kvm, PS_KVM_SET_MSRS, &wanted) == 1)
        return 0;
    if (ps_kvm_msr(kvm, PS_KVM_GET_MSRS, &now) == 1 && now.data == wanted.data)
        return 0;
    errno = EINVAL;
    return -1;
}

static int set_msrs(struct ps_kvm *kvm, const struct part *part)
{
    for (uint32_t at = 0; at < part->count; at += sizeof(struct ps_kvm_msr_entry)) {
        struct ps_kvm_msr_entry entry;

        memcpy(&entry, part->bytes + at, sizeof(entry));
        if (set_msr(kvm, entry) != 0)
            return -1;
    }
    return 0;
}

static int set_part(struct ps_kvm *kvm, enum ps_kvm_part kind, const struct part *part)
{
    if (kind == PS_KVM_PART_CPUID)
        return set_cpuid(kvm, part);
    if (kind == PS_KVM_PART_MSRS)
        return set_msrs(kvm, part);
    if (kind == PS_KVM_PART_XSAVE)
        return set_struct(kvm, PS_KVM_SET_XSAVE, part, kvm->xsave_bytes);
    for (int i = 0; i < PS_KVM_WHOLE_PARTS; i++)
        if (ps_kvm_whole_parts[i].kind == kind)
            return set_struct(kvm, ps_kvm_whole_parts[i].set, part, ps_kvm_whole_parts[i].bytes);
    errno = EINVAL;
    return -1;
}

int32_t ps_kvm_state_set(struct ps_kvm *kvm, const void *blob, uint64_t bytes, int32_t *err)
{
    struct part parts[PS_KVM_PARTS] = {{0}};

    *err = 0;
    if (!ps_kvm_stands(kvm))
        return PS_STATE;
    if (!find_parts(kvm, blob, bytes, parts))
        return PS_KVM_BLOB;
    for (int kind = 0; kind < PS_KVM_PARTS; kind++)
        if (set_part(kvm, (enum ps_kvm_part)kind, &parts[kind]) != 0) {
            *err = errno;
            return PS_KVM_STATE;
        }
    ps_kvm_set_standing(kvm);
    return PS_OK;
}
