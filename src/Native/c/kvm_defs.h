/*
 * The kernel's KVM interface as the shim uses it, for x86-64. Numbers and layouts are those of include/uapi/linux/kvm.h and
 * arch/x86/include/uapi/asm/kvm.h (all of them in Linux 6.1; KVM_EXIT_MEMORY_FAULT is of 6.8); what they mean stands in
 * Documentation/virt/kvm/api.rst. Own definitions, as in kernel_defs.h: musl-gcc sees none, and headers of another processor
 * have other structs.
 */
#ifndef PS_KVM_DEFS_H
#define PS_KVM_DEFS_H

#include <stdint.h>
#include <sys/ioctl.h>

#define PS_KVM_API_VERSION 12

/* KVM_CHECK_EXTENSION, KVM_ENABLE_CAP */
#define PS_KVM_CAP_USER_MEMORY 3
#define PS_KVM_CAP_MP_STATE 14
#define PS_KVM_CAP_VCPU_EVENTS 41
#define PS_KVM_CAP_DEBUGREGS 50
#define PS_KVM_CAP_XSAVE 55
#define PS_KVM_CAP_XCRS 56
#define PS_KVM_CAP_IMMEDIATE_EXIT 136
#define PS_KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 168
#define PS_KVM_CAP_DIRTY_LOG_RING 192
#define PS_KVM_CAP_XSAVE2 208
#define PS_KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE (UINT64_C(1) << 0)

struct ps_kvm_enable_cap {
    uint32_t cap;
    uint32_t flags;
    uint64_t args[4];
    uint8_t pad[64];
};
_Static_assert(sizeof(struct ps_kvm_enable_cap) == 104, "struct kvm_enable_cap");

/* Memory and its dirty log */

struct ps_kvm_memory_region {
    uint32_t slot;
    uint32_t flags;
    uint64_t guest_phys_addr;
    uint64_t memory_size;
    uint64_t userspace_addr;
};
_Static_assert(sizeof(struct ps_kvm_memory_region) == 32, "struct kvm_userspace_memory_region");

#define PS_KVM_MEM_LOG_DIRTY_PAGES (1u << 0)

struct ps_kvm_dirty_log {
    uint32_t slot;
    uint32_t padding;
    void *bitmap;
};
_Static_assert(sizeof(struct ps_kvm_dirty_log) == 8 + sizeof(void *), "struct kvm_dirty_log");

struct ps_kvm_clear_dirty_log {
    uint32_t slot;
    uint32_t num_pages;
    uint64_t first_page;
    void *bitmap;
};
_Static_assert(sizeof(struct ps_kvm_clear_dirty_log) == 16 + sizeof(void *), "struct kvm_clear_dirty_log");

struct ps_kvm_dirty_gfn {
    uint32_t flags;
    uint32_t slot;
    uint64_t offset;
};
_Static_assert(sizeof(struct ps_kvm_dirty_gfn) == 16, "struct kvm_dirty_gfn");

#define PS_KVM_DIRTY_GFN_F_DIRTY (1u << 0)
#define PS_KVM_DIRTY_GFN_F_RESET (1u << 1)
#define PS_KVM_DIRTY_LOG_PAGE_OFFSET 64 /* in pages, on the descriptor of the vCPU */

/* The processor */

struct ps_kvm_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
};
_Static_assert(sizeof(struct ps_kvm_regs) == 144, "struct kvm_regs");

struct ps_kvm_segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint8_t type, present, dpl, db, s, l, g, avl, unusable, padding;
};
_Static_assert(sizeof(struct ps_kvm_segment) == 24, "struct kvm_segment");

struct ps_kvm_dtable {
    uint64_t base;
    uint16_t limit;
    uint16_t padding[3];
};

struct ps_kvm_sregs {
    struct ps_kvm_segment cs, ds, es, fs, gs, ss, tr, ldt;
    struct ps_kvm_dtable gdt, idt;
    uint64_t cr0, cr2, cr3, cr4, cr8, efer, apic_base;
    uint64_t interrupt_bitmap[4];
};
_Static_assert(sizeof(struct ps_kvm_sregs) == 312, "struct kvm_sregs");

/* What the shim only hands on, it knows by size: struct kvm_xsave (at least), kvm_xcrs, kvm_debugregs, kvm_vcpu_events, kvm_mp_state. */
#define PS_KVM_XSAVE_BYTES 4096
#define PS_KVM_XCRS_BYTES 392
#define PS_KVM_DEBUGREGS_BYTES 128
#define PS_KVM_EVENTS_BYTES 64
#define PS_KVM_MP_STATE_BYTES 4

struct ps_kvm_msr_entry {
    uint32_t index;
    uint32_t reserved;
    uint64_t data;
};
_Static_assert(sizeof(struct ps_kvm_msr_entry) == 16, "struct kvm_msr_entry");

/* Of struct kvm_cpuid_entry2, which the shim hands on; and KVM_MAX_CPUID_ENTRIES of arch/x86/kvm/cpuid.h. */
#define PS_KVM_CPUID_BYTES 40
#define PS_KVM_MAX_LEAVES 256u

/* The head of struct kvm_msrs and struct kvm_cpuid2; entries follow. */
struct ps_kvm_list {
    uint32_t count;
    uint32_t padding;
};
_Static_assert(sizeof(struct ps_kvm_list) == 8, "struct kvm_msrs, struct kvm_cpuid2");

/* struct kvm_run, as far as the shim reads it */
struct ps_kvm_run {
    uint8_t request_interrupt_window;
    uint8_t immediate_exit;
    uint8_t padding1[6];
    uint32_t exit_reason;
    uint8_t ready_for_interrupt_injection;
    uint8_t if_flag;
    uint16_t flags;
    uint64_t cr8;
    uint64_t apic_base;
    union {
        struct {
            uint8_t direction;
            uint8_t size;
            uint16_t port;
            uint32_t count;
            uint64_t data_offset;
        } io;
        struct {
            uint64_t phys_addr;
        } mmio;
        struct {
            uint64_t reason;
        } fail_entry;
        struct {
            uint32_t suberror;
        } internal;
        struct {
            uint64_t flags;
            uint64_t gpa;
            uint64_t size;
        } memory_fault;
    };
};
_Static_assert(__builtin_offsetof(struct ps_kvm_run, exit_reason) == 8, "struct kvm_run");
_Static_assert(__builtin_offsetof(struct ps_kvm_run, io) == 32, "struct kvm_run");

#define PS_KVM_EXIT_UNKNOWN 0
#define PS_KVM_EXIT_IO 2
#define PS_KVM_EXIT_HLT 5
#define PS_KVM_EXIT_MMIO 6
#define PS_KVM_EXIT_SHUTDOWN 8
#define PS_KVM_EXIT_FAIL_ENTRY 9
#define PS_KVM_EXIT_INTERNAL_ERROR 17
#define PS_KVM_EXIT_DIRTY_RING_FULL 31
#define PS_KVM_EXIT_MEMORY_FAULT 39
#define PS_KVM_EXIT_IO_IN 0

/* struct kvm_signal_mask with the 8 bytes of a kernel's sigset_t */
struct ps_kvm_signal_mask {
    uint32_t len;
    uint8_t sigset[8];
};
_Static_assert(sizeof(struct ps_kvm_signal_mask) == 12, "struct kvm_signal_mask");

#define PS_KVM_GET_API_VERSION _IO(0xAE, 0x00)
#define PS_KVM_CREATE_VM _IO(0xAE, 0x01)
#define PS_KVM_GET_MSR_INDEX_LIST _IOWR(0xAE, 0x02, uint32_t)
#define PS_KVM_CHECK_EXTENSION _IO(0xAE, 0x03)
#define PS_KVM_GET_VCPU_MMAP_SIZE _IO(0xAE, 0x04)
#define PS_KVM_GET_SUPPORTED_CPUID _IOWR(0xAE, 0x05, struct ps_kvm_list)
#define PS_KVM_CREATE_VCPU _IO(0xAE, 0x41)
#define PS_KVM_GET_DIRTY_LOG _IOW(0xAE, 0x42, struct ps_kvm_dirty_log)
#define PS_KVM_SET_USER_MEMORY_REGION _IOW(0xAE, 0x46, struct ps_kvm_memory_region)
#define PS_KVM_RUN _IO(0xAE, 0x80)
#define PS_KVM_GET_REGS _IOR(0xAE, 0x81, struct ps_kvm_regs)
#define PS_KVM_SET_REGS _IOW(0xAE, 0x82, struct ps_kvm_regs)
#define PS_KVM_GET_SREGS _IOR(0xAE, 0x83, struct ps_kvm_sregs)
#define PS_KVM_SET_SREGS _IOW(0xAE, 0x84, struct ps_kvm_sregs)
#define PS_KVM_GET_MSRS _IOWR(0xAE, 0x88, struct ps_kvm_list)
#define PS_KVM_SET_MSRS _IOW(0xAE, 0x89, struct ps_kvm_list)
#define PS_KVM_SET_SIGNAL_MASK _IOW(0xAE, 0x8b, uint32_t)
#define PS_KVM_SET_CPUID2 _IOW(0xAE, 0x90, struct ps_kvm_list)
#define PS_KVM_GET_CPUID2 _IOWR(0xAE, 0x91, struct ps_kvm_list)
#define PS_KVM_GET_MP_STATE _IOR(0xAE, 0x98, uint8_t[PS_KVM_MP_STATE_BYTES])
#define PS_KVM_SET_MP_STATE _IOW(0xAE, 0x99, uint8_t[PS_KVM_MP_STATE_BYTES])
#define PS_KVM_GET_VCPU_EVENTS _IOR(0xAE, 0x9f, uint8_t[PS_KVM_EVENTS_BYTES])
#define PS_KVM_SET_VCPU_EVENTS _IOW(0xAE, 0xa0, uint8_t[PS_KVM_EVENTS_BYTES])
#define PS_KVM_GET_DEBUGREGS _IOR(0xAE, 0xa1, uint8_t[PS_KVM_DEBUGREGS_BYTES])
#define PS_KVM_SET_DEBUGREGS _IOW(0xAE, 0xa2, uint8_t[PS_KVM_DEBUGREGS_BYTES])
#define PS_KVM_ENABLE_CAP _IOW(0xAE, 0xa3, struct ps_kvm_enable_cap)
#define PS_KVM_GET_XSAVE _IOR(0xAE, 0xa4, uint8_t[PS_KVM_XSAVE_BYTES])
#define PS_KVM_SET_XSAVE _IOW(0xAE, 0xa5, uint8_t[PS_KVM_XSAVE_BYTES])
#define PS_KVM_GET_XCRS _IOR(0xAE, 0xa6, uint8_t[PS_KVM_XCRS_BYTES])
#define PS_KVM_SET_XCRS _IOW(0xAE, 0xa7, uint8_t[PS_KVM_XCRS_BYTES])
#define PS_KVM_CLEAR_DIRTY_LOG _IOWR(0xAE, 0xc0, struct ps_kvm_clear_dirty_log)
#define PS_KVM_RESET_DIRTY_RINGS _IO(0xAE, 0xc7)
#define PS_KVM_GET_XSAVE2 _IOR(0xAE, 0xcf, uint8_t[PS_KVM_XSAVE_BYTES])

#endif
