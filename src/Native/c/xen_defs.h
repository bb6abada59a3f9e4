/*
 * What the shim uses of Xen's libraries. Their headers come with each release and need not be there when the shim is built.
 * Numbers and layouts are those of xen/include/public/domctl.h, tools/include/xenctrl.h, xenforeignmemory.h and xentoollog.h,
 * the same in Xen 4.14 to 4.20.
 */
#ifndef PS_XEN_DEFS_H
#define PS_XEN_DEFS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* The page of a Xen guest, whatever the host's is: XC_PAGE_SIZE. */
#define PS_XEN_PAGE_BYTES 4096u

/* The most that Xen takes at once: GPF2_BATCH of XEN_DOMCTL_getpageframeinfo3, and the batch that libxenguest maps. */
#define PS_XEN_BATCH 1024u

/* A page frame number has 52 bits at most: PAGE_DATA of a libxc stream has bits 51:0 for it. */
#define PS_XEN_PFN_BITS 52

/* XEN_DOMCTL_SHADOW_OP_ and XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL */
#define PS_SHADOW_OP_OFF 0u
#define PS_SHADOW_OP_ENABLE_LOGDIRTY 2u
#define PS_SHADOW_OP_CLEAN 11u
#define PS_SHADOW_OP_PEEK 12u
#define PS_SHADOW_LOGDIRTY_FINAL 1u

/* XEN_DOMINF_ */
#define PS_DOMINF_DYING (1u << 0)
#define PS_DOMINF_HVM (1u << 1)
#define PS_DOMINF_SHUTDOWN (1u << 2)
#define PS_DOMINF_PAUSED (1u << 3)
#define PS_DOMINF_REASON_SHIFT 16
#define PS_DOMINF_REASON_MASK 255u

/* XEN_DOMCTL_PFINFO_: the type of a page stands in bits 31:28 */
#define PS_PFINFO_SHIFT 28
#define PS_PFINFO_MASK 0xfu
#define PS_PFINFO_L4TAB 0x4u    /* the last of the types from NOTAB on */
#define PS_PFINFO_PINNED_L1 0x9u /* LPINTAB | L1TAB, the first behind the types that Xen does not define */
#define PS_PFINFO_BROKEN 0xdu   /* this and what is above carries no data */
#define PS_PFINFO_XTAB 0xfu

/* XENVER_version: the release, major << 16 | minor */
#define PS_XENVER_VERSION 0

/* xen_cpuid_leaf_t and xen_msr_entry_t (xen/include/public/arch-x86/xen.h) */
#define PS_CPUID_LEAF_BYTES 24u
#define PS_MSR_ENTRY_BYTES 16u

/* The low bits of a page type: the level of a page table of a PV guest, from 1 to 4; above them, whether it is pinned. */
#define PS_PFINFO_LEVEL 0x7u

/* xen_pfn_t */
#if defined(__x86_64__) || defined(__i386__)
typedef unsigned long ps_xen_pfn;
#else
typedef uint64_t ps_xen_pfn;
#endif

#define PS_NO_FRAME (~(ps_xen_pfn)0) /* INVALID_MFN */

/* L2_PAGETABLE_SHIFT_PAE: Xen's table of all frames is mapped in parts of so many bytes. */
#define PS_M2P_CHUNK (UINT64_C(1) << 21)

/* struct xc_domain_meminfo, to which 4.15 appended a field. */
struct ps_meminfo {
    unsigned int pt_levels;
    unsigned int guest_width;
    ps_xen_pfn *types;
    ps_xen_pfn *p2m;
    unsigned long p2m_size;
    uint64_t rest[8];
};

/* struct xc_hypercall_buffer: memory that stays in place during a hypercall */
struct ps_hypercall_buffer {
    void *hbuf;
    struct ps_hypercall_buffer *param_shadow; /* null: this is the buffer itself */
    int dir;                                  /* 0: nothing is copied in or out */
    void *ubuf;                               /* all ones with dir 0 */
    size_t sz;
};
_Static_assert(sizeof(struct ps_hypercall_buffer) == 5 * sizeof(void *), "struct xc_hypercall_buffer");

/*
 * struct xen_domctl_getdomaininfo, of which only the beginning is of use. A library writes as many bytes as its release has:
 * 112 in 4.17. The rest is room for what later ones append, and the reason for asking for one domain at a time.
 */
struct ps_domaininfo {
    uint16_t domain;
    uint16_t pad1;
    uint32_t flags;
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t outstanding_pages;
    uint64_t shr_pages;
    uint64_t paged_pages;
    uint64_t shared_info_frame;
    uint64_t cpu_time;
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    uint8_t handle[16];
    uint8_t rest[4004];
};
_Static_assert(offsetof(struct ps_domaininfo, tot_pages) == 8, "struct xen_domctl_getdomaininfo");
_Static_assert(offsetof(struct ps_domaininfo, nr_online_vcpus) == 64, "struct xen_domctl_getdomaininfo");
_Static_assert(offsetof(struct ps_domaininfo, handle) == 76, "struct xen_domctl_getdomaininfo");
_Static_assert(sizeof(struct ps_domaininfo) == 4096, "room");

/* struct xen_domctl_shadow_op_stats */
struct ps_shadow_op_stats {
    uint32_t fault_count;
    uint32_t dirty_count;
};
_Static_assert(sizeof(struct ps_shadow_op_stats) == 8, "struct xen_domctl_shadow_op_stats");

/* struct gnttab_query_size */
struct ps_grant_size {
    uint16_t dom;
    uint32_t nr_frames;
    uint32_t max_nr_frames;
    int16_t status; /* GNTST_okay is 0 */
};
_Static_assert(sizeof(struct ps_grant_size) == 16, "struct gnttab_query_size");

/* struct gnttab_get_version */
struct ps_grant_version {
    uint16_t dom;
    uint16_t pad;
    uint32_t version;
};
_Static_assert(sizeof(struct ps_grant_version) == 8, "struct gnttab_get_version");

/* struct multicall_entry (xen/include/public/xen.h) */
struct ps_multicall {
    unsigned long op;
    unsigned long result;
    unsigned long args[6];
};
_Static_assert(sizeof(struct ps_multicall) == 8 * sizeof(long), "struct multicall_entry");

/* __HYPERVISOR_memory_op, _multicall and _grant_table_op (xen.h); XENMEM_maximum_gpfn (memory.h); GNTTABOP_query_size and _get_version (grant_table.h) */
#define PS_HYPERVISOR_MEMORY 12u
#define PS_HYPERVISOR_MULTICALL 13u
#define PS_HYPERVISOR_GRANTS 20u
#define PS_MEMORY_MAXIMUM_GPFN 14u
#define PS_GRANTS_QUERY_SIZE 6u
#define PS_GRANTS_GET_VERSION 10u

/* grant_entry_v1_t */
struct ps_grant_v1 {
    uint16_t flags;
    uint16_t domid;
    uint32_t frame;
};
_Static_assert(sizeof(struct ps_grant_v1) == 8, "grant_entry_v1_t");

/* grant_entry_v2_t, of a whole page or a part of one */
struct ps_grant_v2 {
    uint16_t flags;
    uint16_t domid;
    uint32_t part;
    uint64_t frame;
};
_Static_assert(sizeof(struct ps_grant_v2) == 16, "grant_entry_v2_t");

/* GTF_ */
#define PS_GRANT_TYPE 0x3u
#define PS_GRANT_ACCESS 0x1u
#define PS_GRANT_READONLY 0x4u
#define PS_GRANT_WRITING 0x10u

/* XENMEM_resource_grant_table, and _id_shared of it */
#define PS_RESOURCE_GRANTS 1u
#define PS_RESOURCE_GRANTS_SHARED 0u

/* struct xentoollog_logger: without one, the libraries print on standard error */
struct ps_xen_logger {
    void (*vmessage)(struct ps_xen_logger *, int level, int errnoval, const char *context, const char *format, va_list);
    void (*progress)(struct ps_xen_logger *, const char *context, const char *doing, int percent, unsigned long done,
                     unsigned long total);
    void (*destroy)(struct ps_xen_logger *);
};

#endif
