/* The page tables of a guest that stands: where they are, and clearing accessed bits in them. */
#include <errno.h>

#include "access_bits.h"
#include "kvm.h"

/* Paging, physical addresses of more than 32 bits, five levels, and long mode. */
#define CR0_PG (UINT64_C(1) << 31)
#define CR4_PAE (UINT64_C(1) << 5)
#define CR4_LA57 (UINT64_C(1) << 12)
#define EFER_LMA (UINT64_C(1) << 10)

/* Bits 51:12 of CR3; below are flags, or the number of an address space. */
#define CR3_PAGE UINT64_C(0x000ffffffffff000)

int32_t ps_kvm_root(struct ps_kvm *kvm, uint64_t *page, int32_t *err)
{
    struct ps_kvm_sregs sregs;

    *err = 0;
    *page = UINT64_MAX;
    if (!ps_kvm_stands(kvm))
        return PS_STATE;
    if (ioctl(kvm->vcpu, PS_KVM_GET_SREGS, &sregs) != 0) {
        *err = errno;
        return PS_KVM_STATE;
    }
    if (sregs.cr0 & CR0_PG && sregs.cr4 & CR4_PAE && !(sregs.cr4 & CR4_LA57) && sregs.efer & EFER_LMA)
        *page = (sregs.cr3 & CR3_PAGE) / PS_KVM_PAGE_BYTES;
    return PS_OK;
}

int32_t ps_kvm_clear_accessed(struct ps_kvm *kvm, const uint64_t *tables, const uint64_t *entries, uint64_t count, uint64_t *cleared,
                              int32_t *err)
{
    uint8_t *memory = (uint8_t *)(uintptr_t)kvm->address;

    *err = 0;
    *cleared = 0;
    for (uint64_t i = 0; i < count; i++)
        if (tables[i] >= kvm->bytes / PS_KVM_PAGE_BYTES)
            return PS_ARGUMENT;
    if (!ps_kvm_stands(kvm))
        return PS_STATE;
    for (uint64_t i = 0; i < count; i++)
        *cleared += ps_clear_accessed(memory + tables[i] * PS_KVM_PAGE_BYTES, entries + i * PS_TABLE_WORDS);
    return PS_OK;
}
