/*
 * A program in the guest's memory, and the vCPU at its entry: long mode, all memory mapped at its own address by pages of 2 MiB or 4 KiB
 * (Intel's Software Developer's Manual, volume 3, sections 4.5 and 10.8; AMD's Architecture Programmer's Manual, volume 2, chapters 5 and 14).
 */
#include <errno.h>
#include <string.h>

#include "kvm.h"

/* The tables: level 4, level 3, then one of level 2 for each GiB, and with small pages one of level 1 for each 2 MiB. Page 0 stays free, so that a null pointer meets nothing of use. */
#define LEVEL4 PS_KVM_PAGE_BYTES
#define LEVEL3 (2 * PS_KVM_PAGE_BYTES)
#define LEVEL2 (3 * PS_KVM_PAGE_BYTES)

#define GIB (UINT64_C(1) << 30)
#define LARGE_PAGE (UINT64_C(1) << 21)
#define ENTRIES 512

/*
 * Of an entry: present, writable, for ring 3 too, accessed; for a page also dirty and large. With accessed and dirty set the processor never writes into
 * the tables, so that a guest's written set is what it writes itself.
 */
#define TABLE UINT64_C(0x27)
#define PAGE UINT64_C(0xe7)
#define SMALL_PAGE UINT64_C(0x67)

#define CR0 UINT64_C(0x80010033)  /* PG, WP, NE, ET, MP, PE */
#define CR4 UINT64_C(0x620)       /* OSXMMEXCPT, OSFXSR, PAE */
#define EFER UINT64_C(0x500)      /* LMA, LME */
#define RFLAGS UINT64_C(0x2)      /* the bit that is always set */
#define RFLAGS_IOPL3 UINT64_C(0x3000)
#define CODE_SEGMENT 11           /* execute, read, accessed */
#define DATA_SEGMENT 3            /* read, write, accessed */

static uint64_t parts(uint64_t bytes, uint64_t part)
{
    return bytes / part + (bytes % part != 0);
}

/* Where the tables of level 1 begin. */
static uint64_t level1_start(uint64_t bytes)
{
    return LEVEL2 + parts(bytes, GIB) * PS_KVM_PAGE_BYTES;
}

static uint64_t tables_end(uint64_t bytes, uint32_t flags)
{
    return level1_start(bytes) + (flags & PS_KVM_SMALL_PAGES ? parts(bytes, LARGE_PAGE) * PS_KVM_PAGE_BYTES : 0);
}

static void write_small_pages(uint8_t *memory, uint64_t bytes)
{
    uint64_t *level2 = (uint64_t *)(memory + LEVEL2);
    uint64_t *level1 = (uint64_t *)(memory + level1_start(bytes));

    for (uint64_t i = 0; i < parts(bytes, LARGE_PAGE); i++)
        level2[i] = (level1_start(bytes) + i * PS_KVM_PAGE_BYTES) | TABLE;
    for (uint64_t at = 0; at < bytes; at += PS_KVM_PAGE_BYTES)
        level1[at / PS_KVM_PAGE_BYTES] = at | SMALL_PAGE;
}

static void write_large_pages(uint8_t *memory, uint64_t bytes)
{
    uint64_t *level2 = (uint64_t *)(memory + LEVEL2);

    for (uint64_t at = 0; at < bytes; at += LARGE_PAGE)
        level2[at / LARGE_PAGE] = at | PAGE;
}

static void write_tables(uint8_t *memory, uint64_t bytes, uint32_t flags)
{
    uint64_t *level4 = (uint64_t *)(memory + LEVEL4);
    uint64_t *level3 = (uint64_t *)(memory + LEVEL3);

    level4[0] = LEVEL3 | TABLE;
    for (uint64_t i = 0; i < parts(bytes, GIB); i++)
        level3[i] = (LEVEL2 + i * PS_KVM_PAGE_BYTES) | TABLE;
    if (flags & PS_KVM_SMALL_PAGES)
        write_small_pages(memory, bytes);
    else
        write_large_pages(memory, bytes);
}

static struct ps_kvm_segment segment(uint16_t index, uint8_t type, uint8_t ring)
{
    int is_code = type == CODE_SEGMENT;

    return (struct ps_kvm_segment){
        .limit = UINT32_MAX,
        .selector = (uint16_t)(index * 8 + ring),
        .type = type,
        .present = 1,
        .dpl = ring,
        .s = 1,
        .g = 1,
        .l = (uint8_t)is_code,
        .db = (uint8_t)!is_code,
    };
}

/*
 * There is no descriptor table in memory: a program that loads no segment and takes no interrupt needs none. In ring 3 it has the right to
 * use ports, which is all that ours want of ring 0; and KVM without VMX and SVM, as on a host that is a virtual machine itself, may emulate
 * ring 0 instruction by instruction.
 */
static int set_processor(struct ps_kvm *kvm, uint64_t entry, uint8_t ring)
{
    struct ps_kvm_regs regs = {.rip = entry, .rdi = kvm->bytes, .rflags = ring == 0 ? RFLAGS : RFLAGS | RFLAGS_IOPL3};
    struct ps_kvm_sregs sregs;

    if (ioctl(kvm->vcpu, PS_KVM_GET_SREGS, &sregs) != 0)
        return -1;
    sregs.cs = segment(1, CODE_SEGMENT, ring);
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(2, DATA_SEGMENT, ring);
    sregs.idt.limit = sregs.gdt.limit = 0;
    sregs.cr0 = CR0;
    sregs.cr3 = LEVEL4;
    sregs.cr4 = CR4;
    sregs.efer = EFER;
    return ioctl(kvm->vcpu, PS_KVM_SET_SREGS, &sregs) == 0 ? ioctl(kvm->vcpu, PS_KVM_SET_REGS, &regs) : -1;
}

int32_t ps_kvm_load(struct ps_kvm *kvm, const void *program, uint64_t program_bytes, uint64_t address, uint64_t entry, uint32_t flags,
                    int32_t *err)
{
    *err = 0;
    if (kvm->bytes > ENTRIES * GIB || address < tables_end(kvm->bytes, flags) || address > kvm->bytes || program_bytes > kvm->bytes - address ||
        entry < address || entry - address >= program_bytes || flags & ~(PS_KVM_RING0 | PS_KVM_SMALL_PAGES))
        return PS_ARGUMENT;
    if (!ps_kvm_stands(kvm))
        return PS_STATE;
    uint8_t *memory = (uint8_t *)(uintptr_t)kvm->address;

    write_tables(memory, kvm->bytes, flags);
    memcpy(memory + address, program, program_bytes);
    if (set_processor(kvm, entry, flags & PS_KVM_RING0 ? 0 : 3) != 0) {
        *err = errno;
        return PS_KVM_STATE;
    }
    ps_kvm_set_standing(kvm);
    return PS_OK;
}
