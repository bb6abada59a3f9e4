/* The form of a vCPU's state, and what its reader and its writer share. docs/native-abi.md says the same in words. */
#ifndef PS_KVM_STATE_H
#define PS_KVM_STATE_H

#include "kvm.h"

#define PS_KVM_MAGIC UINT64_C(0x555043564d564b50) /* "PKVMVCPU" */
#define PS_KVM_STATE_VERSION 1u

struct ps_kvm_state_head {
    uint64_t magic;
    uint32_t version;
    uint32_t bytes; /* of all, this included */
};
_Static_assert(sizeof(struct ps_kvm_state_head) == 16, "state");

/* Before each part; the part is padded with zeros to a multiple of 8 bytes. */
struct ps_kvm_part_head {
    uint32_t kind;
    uint32_t bytes; /* without the padding */
};
_Static_assert(sizeof(struct ps_kvm_part_head) == 8, "state");

/* In the order in which they are set: CPUID says what the others may hold, and XCR0 what XSAVE may. */
enum ps_kvm_part {
    PS_KVM_PART_CPUID,
    PS_KVM_PART_SREGS,
    PS_KVM_PART_REGS,
    PS_KVM_PART_XCRS,
    PS_KVM_PART_XSAVE,
    PS_KVM_PART_MSRS,
    PS_KVM_PART_EVENTS,
    PS_KVM_PART_MP_STATE,
    PS_KVM_PART_DEBUGREGS,
    PS_KVM_PARTS,
};

/* A part that KVM takes and gives as one struct. */
struct ps_kvm_whole_part {
    enum ps_kvm_part kind;
    uint32_t bytes;
    unsigned long get;
    unsigned long set;
};

#define PS_KVM_WHOLE_PARTS 6
extern const struct ps_kvm_whole_part ps_kvm_whole_parts[PS_KVM_WHOLE_PARTS];

/* More than KVM has (MAX_IO_MSRS 256 of arch/x86/kvm/x86.c at a call, some hundreds in all), and few enough for PS_KVM_STATE_BYTES. */
#define PS_KVM_MAX_MSRS 1024u

/* Reads or sets one register. 1, 0 if KVM does not take it, or -1 and errno. */
int ps_kvm_msr(struct ps_kvm *kvm, unsigned long request, struct ps_kvm_msr_entry *entry);

#endif
