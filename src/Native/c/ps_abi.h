/*
 * The whole interface between PageStore.Native's managed code and its shim. docs/native-abi.md says the same in words.
 *
 * Every function but ps_abi_version returns one of the PS_ codes below and, unless that is PS_OK, leaves errno in *err
 * (0 where no system call failed). No pointer may be null unless the function says so. Numbers are in the byte order of the host.
 */
#ifndef PS_ABI_H
#define PS_ABI_H

#include <stdint.h>

#define PS_API __attribute__((visibility("default")))

/* Raised by one whenever a function, a struct or a code below changes its meaning; an added function raises it too. */
#define PS_ABI_VERSION 11

/* What failed. errno says why. */
enum ps_result {
    PS_OK = 0,
    PS_ARGUMENT = 1,    /* an argument is out of its range; nothing was done */
    PS_STATE = 2,       /* a log or a guest is running and must not be, or the other way round; nothing was done */
    PS_MEMORY = 3,      /* malloc, mmap, memfd_create, ftruncate or fcntl refused */
    PS_PAGEMAP = 4,     /* /proc/self/pagemap could not be opened */
    PS_USERFAULTFD = 5, /* neither userfaultfd(2) nor /dev/userfaultfd gave a descriptor */
    PS_FEATURES = 6,    /* the kernel's userfaultfd lacks a feature in PS_REQUIRED_FEATURES */
    PS_REGISTER = 7,    /* the range could not be registered or write-protected */
    PS_SCAN = 8,        /* PAGEMAP_SCAN refused */
    PS_DROP = 9,        /* MADV_DONTNEED refused */
    PS_READ = 10,       /* mincore or pread refused */
    PS_SIGNAL = 11,     /* sigaction refused */
    PS_FAULT = 12,      /* the source of a copy could not be read */
    PS_XEN_LIBRARY = 13,   /* no libxenctrl with a libxenforeignmemory could be loaded, or they lack a function */
    PS_XEN_INTERFACE = 14, /* xc_interface_open or xenforeignmemory_open refused */
    PS_XEN_VERSION = 15,   /* the libraries are another release's than the hypervisor */
    PS_XEN_DOMAIN = 16,    /* asking about a domain failed */
    PS_XEN_GONE = 17,      /* there is no such domain, it is dying, or its number is another domain's by now */
    PS_XEN_PV = 18,        /* a PV domain where an HVM or PVH one is asked for, or of 32 bits; nothing was done */
    PS_XEN_ENABLE = 19,    /* the dirty log could not be turned on or off */
    PS_XEN_BITMAP = 20,    /* the dirty log could not be read */
    PS_XEN_GROWN = 21,     /* the domain has pages that the log does not cover */
    PS_XEN_PAUSE = 22,     /* xc_domain_pause or xc_domain_unpause refused */
    PS_XEN_TYPES = 23,     /* xc_get_pfn_type_batch refused */
    PS_XEN_MAP = 24,       /* xenforeignmemory_map or _unmap refused, or a page of the mapping */
    PS_XEN_STATE = 25,     /* the state of devices and processors could not be read */
    PS_XEN_RESUME = 26,    /* xc_domain_resume refused */
    PS_XEN_STORE = 27,     /* xenstore refused, or has no such entry (ENOENT) */
    PS_KVM_OPEN = 28,      /* /dev/kvm could not be opened, or lacks what a machine needs */
    PS_KVM_CREATE = 29,    /* the machine, its memory slot, its vCPU or its thread could not be made */
    PS_KVM_STATE = 30,     /* the state of the vCPU could not be read or set */
    PS_KVM_BLOB = 31,      /* bytes that are no state of a vCPU; nothing was done */
    PS_KVM_LOG = 32,       /* the dirty log or ring refused */
    PS_LAZY_OPEN = 33,     /* a descriptor that is no userfaultfd, or that cannot be duplicated or waited for */
    PS_LAZY_EVENTS = 34,   /* waiting for events or reading them failed */
    PS_LAZY_FILL = 35,     /* a page could not be brought, poisoned or released */
    PS_SOCKET = 36,        /* sending or receiving a descriptor failed */
    PS_LZ4_LIBRARY = 37,   /* no liblz4 could be loaded, or it is too old */
    PS_LZ4_BLOCK = 38,     /* bytes that are no LZ4 block of so many plain bytes; an everyday answer */
    PS_SEALS = 39,         /* a descriptor that is no memfd sealed against writes and other sizes, or that cannot be sealed */
};

/* The sizes the managed side compares with its own before it calls anything else. */
struct ps_abi_sizes {
    uint32_t sizes_bytes;   /* sizeof(struct ps_abi_sizes) */
    uint32_t caps_bytes;    /* sizeof(struct ps_linux_caps) */
    uint32_t pointer_bytes; /* sizeof(void *) */
    uint32_t page_bytes;    /* the system's page size */
    uint32_t xen_info_bytes;  /* sizeof(struct ps_xen_info) */
    uint32_t xen_stats_bytes; /* sizeof(struct ps_xen_stats) */
    uint32_t xen_tsc_bytes;   /* sizeof(struct ps_xen_tsc) */
    uint32_t kvm_caps_bytes;   /* sizeof(struct ps_kvm_caps) */
    uint32_t kvm_status_bytes; /* sizeof(struct ps_kvm_status) */
    uint32_t kvm_sample_bytes; /* sizeof(struct ps_kvm_sample) */
    uint32_t lazy_event_bytes; /* sizeof(struct ps_lazy_event) */
};
_Static_assert(sizeof(struct ps_abi_sizes) == 44, "ABI");

/* What this kernel and this process can do. An errno field is 0 where the thing worked. */
struct ps_linux_caps {
    uint64_t uffd_features;        /* UFFD_FEATURE_ bits the kernel offers; 0 if no descriptor could be had */
    int32_t userfaultfd_errno;     /* of userfaultfd(2) with UFFD_USER_MODE_ONLY */
    int32_t device_errno;          /* of /dev/userfaultfd */
    int32_t pagemap_errno;         /* of opening /proc/self/pagemap */
    int32_t scan_errno;            /* of an empty PAGEMAP_SCAN */
    int32_t full_userfaultfd_errno; /* of userfaultfd(2) without UFFD_USER_MODE_ONLY: faults from inside the kernel */
    uint32_t reserved;             /* 0 */
};
_Static_assert(sizeof(struct ps_linux_caps) == 32, "ABI");

/* A Xen domain. The functions that take one use its number, UUID and flags. */
struct ps_xen_info {
    uint32_t domid;
    uint32_t flags;           /* PS_XEN_HVM and those behind it; bits 31:24: why it shut down */
    uint64_t allocated_pages; /* pages of 4096 bytes that the domain owns */
    uint8_t uuid[16];         /* the domain's handle, in the order it is written */
};
_Static_assert(sizeof(struct ps_xen_info) == 32, "ABI");

/* What Xen counted since the log was last cleaned. */
struct ps_xen_stats {
    uint32_t faults;  /* faults that the log cost, under shadow paging */
    uint32_t dirtied; /* pages marked as written */
};
_Static_assert(sizeof(struct ps_xen_stats) == 8, "ABI");

/* The time stamp counter of a domain, as xc_domain_get_tsc_info tells it. */
struct ps_xen_tsc {
    uint32_t mode;
    uint32_t khz;
    uint64_t nsec;
    uint32_t incarnation;
    uint32_t reserved; /* 0 */
};
_Static_assert(sizeof(struct ps_xen_tsc) == 24, "ABI");

/* Something that happened to memory whose pages are missing. */
struct ps_lazy_event {
    uint32_t kind;    /* enum ps_lazy_kind */
    uint32_t write;   /* of a fault: 1 if it was a write */
    uint64_t address; /* of the memory, in the process that maps it */
    uint64_t bytes;   /* 0 for a fault: the page around the address */
};
_Static_assert(sizeof(struct ps_lazy_event) == 24, "ABI");

enum ps_lazy_kind {
    PS_LAZY_FAULT = 1,   /* a thread waits for the page */
    PS_LAZY_REMOVED = 2, /* the range was discarded, or unmapped: what is missing there is zero from now on */
    PS_LAZY_MOVED = 3,   /* the range lies elsewhere from now on, and what is missing of it is missing there */
};

/* ps_lazy_wait */
#define PS_LAZY_READY 1u /* there are events to be read */
#define PS_LAZY_WOKEN 2u /* ps_lazy_wake was called */
#define PS_LAZY_PEER 4u  /* the socket can be read, or its other end is closed */

/* What /dev/kvm can do for this process. An errno field is 0 where the thing worked. */
struct ps_kvm_caps {
    int32_t device_errno;    /* of opening /dev/kvm, for reading and writing */
    int32_t machine_errno;   /* of making an empty machine */
    uint32_t api_version;    /* KVM_GET_API_VERSION; 0 if not opened */
    uint32_t missing;        /* PS_KVM_LACKS_ bits */
    uint32_t manual_protect; /* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 */
    uint32_t ring_bytes;     /* KVM_CAP_DIRTY_LOG_RING: the largest dirty ring; 0 without */
};
_Static_assert(sizeof(struct ps_kvm_caps) == 24, "ABI");

/* Where a machine stands, and why. */
struct ps_kvm_status {
    uint32_t state;           /* enum ps_kvm_run_state */
    uint32_t reason;          /* enum ps_kvm_reason, if it stopped */
    uint32_t code;            /* the guest's, or KVM's, as the reason says */
    int32_t stop_errno;       /* of KVM_RUN, where that failed */
    uint64_t address;         /* guest-physical, where the reason has one; else UINT64_MAX */
    uint64_t samples;         /* how many progress reports there were */
    uint64_t console_bytes;   /* how many bytes the guest wrote to its console */
    uint32_t answer;          /* what it last wrote to PS_KVM_PORT_ANSWER; 0 before */
    uint32_t reserved;        /* 0 */
};
_Static_assert(sizeof(struct ps_kvm_status) == 48, "ABI");

/* One progress report of a guest. */
struct ps_kvm_sample {
    uint64_t nanoseconds; /* CLOCK_MONOTONIC */
    uint64_t counter;     /* the guest's */
};
_Static_assert(sizeof(struct ps_kvm_sample) == 16, "ABI");

enum ps_kvm_run_state {
    PS_KVM_STANDING = 0, /* was not run yet, or was paused */
    PS_KVM_RUNNING = 1,
    PS_KVM_STOPPED = 2, /* by what the guest did */
};

/* Why a guest stopped. After PS_KVM_HALTED and PS_KVM_ASKED it can be run again. */
enum ps_kvm_reason {
    PS_KVM_NOT_STOPPED = 0,
    PS_KVM_HALTED = 1,       /* HLT: nothing more to do, until it is run again */
    PS_KVM_ASKED = 2,        /* it asked for a pause; code is its own */
    PS_KVM_ENDED = 3,        /* it ended; code is its own */
    PS_KVM_TRIPLE_FAULT = 4, /* KVM_EXIT_SHUTDOWN */
    PS_KVM_BAD_MEMORY = 5,   /* a page of its memory could not be had: stop_errno, and address if KVM told it */
    PS_KVM_OUTSIDE = 6,      /* an access outside its memory, at address */
    PS_KVM_BAD_PORT = 7,     /* an access to a port that there is not; code is the port */
    PS_KVM_REFUSED = 8,      /* KVM could not enter or emulate it; code is the hardware's or the suberror */
    PS_KVM_UNKNOWN_EXIT = 9, /* code is KVM's exit reason */
    PS_KVM_RUN_FAILED = 10,  /* KVM_RUN failed with stop_errno */
};

/* The ports of a guest: 32-bit accesses, but for the console. */
#define PS_KVM_PORT_CONSOLE 0xe9u       /* out, a byte: the debug port of Bochs and QEMU */
#define PS_KVM_PORT_PROGRESS_HIGH 0x700u /* out: bits 63:32 of the counter, for the next one */
#define PS_KVM_PORT_PROGRESS 0x704u     /* out: bits 31:0 of the counter; makes a report */
#define PS_KVM_PORT_END 0x708u          /* out: the code with which it ended */
#define PS_KVM_PORT_PAUSE 0x70cu        /* out: a code; stops as PS_KVM_ASKED */
#define PS_KVM_PORT_ANSWER 0x710u       /* out: kept in the status */
#define PS_KVM_PORT_INPUT 0x714u        /* in: what ps_kvm_input was given; 0 before */

/* struct ps_kvm_caps missing */
#define PS_KVM_LACKS_VERSION 1u        /* the interface is not version 12 */
#define PS_KVM_LACKS_MEMORY 2u         /* KVM_CAP_USER_MEMORY */
#define PS_KVM_LACKS_IMMEDIATE_EXIT 4u /* KVM_CAP_IMMEDIATE_EXIT */
#define PS_KVM_LACKS_STATE 8u          /* one of KVM_CAP_XSAVE, XCRS, DEBUGREGS, VCPU_EVENTS and MP_STATE */

/* Kept at most: the newest reports and console bytes. Powers of two. */
#define PS_KVM_SAMPLES 65536u
#define PS_KVM_CONSOLE_BYTES 65536u

/* No state of a vCPU is larger: 11 KiB of XSAVE with AMX, 256 leaves of CPUID and 1024 registers are 37 KiB. */
#define PS_KVM_STATE_BYTES 65536u

/* ps_kvm_load flags */
#define PS_KVM_RING0 1u /* the program runs in ring 0, and may use HLT; otherwise in ring 3, with the right to use ports */
#define PS_KVM_SMALL_PAGES 2u /* memory is mapped by pages of 4 KiB; otherwise by pages of 2 MiB */

/* ps_kvm_log_read flags */
#define PS_KVM_CLEAN 1u /* also begin the next interval; without it, peek */

/* struct ps_xen_info flags */
#define PS_XEN_HVM 1u      /* HVM or PVH; otherwise PV */
#define PS_XEN_PAUSED 2u   /* paused by a toolstack */
#define PS_XEN_DYING 4u    /* being torn down */
#define PS_XEN_SHUTDOWN 8u /* shut down, suspended or crashed, and not torn down */
#define PS_XEN_REASON_SHIFT 24 /* with PS_XEN_SHUTDOWN, where the guest's SHUTDOWN_ code stands */

/* ps_xen_log_read flags */
#define PS_XEN_CLEAN 1u /* also begin the next interval; without it, peek */
#define PS_XEN_FINAL 2u /* count what the hypervisor itself, or a backend, has mapped for writing as written */

/* ps_region_map flags */
#define PS_REGION_SHARED 1u     /* a sealed memfd mapped shared; otherwise anonymous and private */
#define PS_REGION_HUGE_PAGES 2u /* MADV_HUGEPAGE */
#define PS_REGION_SEALABLE 4u   /* with PS_REGION_SHARED: more seals may follow, see ps_base_seal */

/* ps_track_new flags */
#define PS_TRACK_READS 1u /* also the read set: the range must be one shared mapping, or its content is destroyed */

struct ps_view;
struct ps_track;
struct ps_xen;
struct ps_xen_log;
struct ps_xen_pv;
struct ps_xen_store;
struct ps_kvm;
struct ps_lazy;
struct ps_lz4;

/* The version this file was compiled with: the one function that cannot fail, and the first to be called. */
PS_API int32_t ps_abi_version(void);
PS_API int32_t ps_abi_describe(struct ps_abi_sizes *sizes, int32_t *err);

PS_API int32_t ps_linux_probe(struct ps_linux_caps *caps, int32_t *err);

/* bytes: a multiple of the page size, above 0. *fd is -1 for a private region. */
PS_API int32_t ps_region_map(uint64_t bytes, uint32_t flags, void **address, int32_t *fd, int32_t *err);
PS_API int32_t ps_region_unmap(void *address, uint64_t bytes, int32_t *err);

/* Seals a memfd against writes, other sizes and more seals. Nobody may have it mapped for writing: EBUSY. */
PS_API int32_t ps_base_seal(int32_t fd, int32_t *err);
/* Of a memfd that is sealed so; of others PS_SEALS. */
PS_API int32_t ps_base_size(int32_t fd, uint64_t *bytes, int32_t *err);
/* Private and for writing: who writes gets a copy of the page. ps_region_unmap unmaps it. */
PS_API int32_t ps_base_map(int32_t fd, uint64_t bytes, void **address, int32_t *err);
/* Maps all pages that the memfd has, into a mapping of it. *data_bytes: how many bytes they are. */
PS_API int32_t ps_base_touch(int32_t fd, const void *address, uint64_t bytes, uint64_t *data_bytes, int32_t *err);
/*
 * Which pages of a mapping by ps_base_map are its own, written by whoever. Page first + i is bit i % 64 of words[i / 64]; bits are only ever set.
 */
PS_API int32_t ps_base_own(const void *address, uint64_t first, uint64_t page_count, uint64_t *words, uint64_t word_count,
                           int32_t *err);

/* A second, read-only mapping of a memfd of at least bytes bytes; it keeps a descriptor of its own. */
PS_API int32_t ps_view_new(int32_t fd, uint64_t bytes, struct ps_view **view, int32_t *err);
/* view may be null. */
PS_API int32_t ps_view_free(struct ps_view *view, int32_t *err);
/* offset and bytes: multiples of the page size. On failure, destination is unspecified. */
PS_API int32_t ps_view_copy(struct ps_view *view, uint64_t offset, void *destination, uint64_t bytes, int32_t *err);

/* Installs the process's SIGBUS handler, once. Nothing removes it. */
PS_API int32_t ps_guard_install(int32_t *err);
/* Copies any number of bytes out of a mapping. On failure, destination is unspecified. */
PS_API int32_t ps_guard_copy(const void *source, void *destination, uint64_t bytes, int32_t *err);

/* A log of [address, address + bytes), both page-aligned, bytes above 0. It does not own the range, which must outlive tracking. */
PS_API int32_t ps_track_new(void *address, uint64_t bytes, uint32_t flags, struct ps_track **track, int32_t *err);
/* track may be null. Stops tracking and frees the log. */
PS_API int32_t ps_track_free(struct ps_track *track, int32_t *err);
PS_API int32_t ps_track_start(struct ps_track *track, int32_t *err);
PS_API int32_t ps_track_stop(struct ps_track *track, int32_t *err);

/*
 * Page first + i of the range is bit i % 64 of words[i / 64]; word_count must hold page_count bits. Bits are only ever set.
 * On failure the bits found so far are set, and after a failed harvest some more pages may have been written unseen.
 */
PS_API int32_t ps_track_peek(struct ps_track *track, uint64_t first, uint64_t page_count, uint64_t *written,
                             uint64_t word_count, int32_t *err);
PS_API int32_t ps_track_harvest(struct ps_track *track, uint64_t first, uint64_t page_count, uint64_t *written,
                                uint64_t word_count, int32_t *err);
PS_API int32_t ps_track_harvest_accesses(struct ps_track *track, uint64_t first, uint64_t page_count, uint64_t *written,
                                         uint64_t *read, uint64_t word_count, int32_t *err);

/* path: a directory, the file of a libxenctrl, or null. tried receives a text of at most tried_bytes bytes, its NUL included. */
PS_API int32_t ps_xen_open(const char *path, struct ps_xen **xen, char *tried, uint64_t tried_bytes, int32_t *err);
/* xen may be null. */
PS_API int32_t ps_xen_close(struct ps_xen *xen, int32_t *err);

/* The domain with the lowest number from from on. */
PS_API int32_t ps_xen_next(struct ps_xen *xen, uint32_t from, struct ps_xen_info *info, int32_t *err);
/* How many page frame numbers the domain has, holes included. */
PS_API int32_t ps_xen_pages(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t *pages, int32_t *err);
PS_API int32_t ps_xen_pause(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err);
PS_API int32_t ps_xen_unpause(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err);

/* types: page_count bytes. destination: page_count times 4096 bytes. */
PS_API int32_t ps_xen_copy(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t first, uint64_t page_count,
                           void *destination, uint8_t *types, int32_t *err);

/* The tables of a PV domain, through which its pages are found. xen must outlive them. */
PS_API int32_t ps_xen_pv_new(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_pv **pv, int32_t *err);
/* pv may be null. */
PS_API int32_t ps_xen_pv_free(struct ps_xen_pv *pv, int32_t *err);
/* As ps_xen_copy, of a PV domain. */
PS_API int32_t ps_xen_pv_copy(struct ps_xen_pv *pv, uint64_t first, uint64_t page_count, void *destination, uint8_t *types, int32_t *err);

/*
 * Clears accessed bits in page tables of an HVM or PVH domain that stands. tables: count page numbers. entries: eight words for each, of which bit
 * n % 64 of word n / 64 means entry n. *cleared: how many of the bits were set, also after a failure.
 */
PS_API int32_t ps_xen_clear_accessed(struct ps_xen *xen, const struct ps_xen_info *domain, const uint64_t *tables, const uint64_t *entries,
                                     uint64_t count, uint64_t *cleared, int32_t *err);

/* The version of the running hypervisor. */
PS_API int32_t ps_xen_release(struct ps_xen *xen, uint32_t *major, uint32_t *minor, int32_t *err);
PS_API int32_t ps_xen_hvm_param(struct ps_xen *xen, const struct ps_xen_info *domain, uint32_t index, uint64_t *value,
                                int32_t *err);
PS_API int32_t ps_xen_tsc_info(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_tsc *tsc, int32_t *err);
/* context may be null with capacity 0: *bytes is then how many it takes. */
PS_API int32_t ps_xen_hvm_context(struct ps_xen *xen, const struct ps_xen_info *domain, void *context, uint64_t capacity,
                                  uint64_t *bytes, int32_t *err);
/* Counts: in, the room in entries; out, the entries. leaves and msrs may be null: the counts are then the room that suffices. */
PS_API int32_t ps_xen_cpu_policy(struct ps_xen *xen, const struct ps_xen_info *domain, void *leaves, uint32_t *leaf_count,
                                 void *msrs, uint32_t *msr_count, int32_t *err);
/* Lets a domain go on that suspended itself; to the guest the suspend was cancelled. */
PS_API int32_t ps_xen_resume(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err);

/* path and tried: as for ps_xen_open. */
PS_API int32_t ps_xen_store_open(const char *path, struct ps_xen_store **store, char *tried, uint64_t tried_bytes, int32_t *err);
/* store may be null. */
PS_API int32_t ps_xen_store_close(struct ps_xen_store *store, int32_t *err);
/* *bytes: the length of the value, of which at most capacity bytes are copied. */
PS_API int32_t ps_xen_store_read(struct ps_xen_store *store, const char *path, void *value, uint64_t capacity, uint64_t *bytes,
                                 int32_t *err);
PS_API int32_t ps_xen_store_write(struct ps_xen_store *store, const char *path, const char *value, int32_t *err);
/* Writes value if expected is what stands there, in one step. *replaced: 1 if so, else 0. */
PS_API int32_t ps_xen_store_replace(struct ps_xen_store *store, const char *path, const char *expected, const char *value,
                                    uint32_t *replaced, int32_t *err);
/* Tells xenstore that a domain that was suspended runs again. */
PS_API int32_t ps_xen_store_resumed(struct ps_xen_store *store, uint32_t domid, int32_t *err);

/* A log of the pages 0 to pages - 1. xen must outlive it. */
PS_API int32_t ps_xen_log_new(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t pages, struct ps_xen_log **log,
                              int32_t *err);
/* log may be null. Turns the log off if it is on, and frees it. */
PS_API int32_t ps_xen_log_free(struct ps_xen_log *log, int32_t *err);
PS_API int32_t ps_xen_log_start(struct ps_xen_log *log, int32_t *err);
PS_API int32_t ps_xen_log_stop(struct ps_xen_log *log, int32_t *err);
/* *bits: page n is bit n % 8 of byte n / 8, until the next call with this log; bits behind the last page are 0. */
PS_API int32_t ps_xen_log_read(struct ps_xen_log *log, uint32_t flags, const uint8_t **bits, struct ps_xen_stats *stats,
                               int32_t *err);

/*
 * Makes what is missing of [address, address + bytes), page-aligned, wait for who brings it, also for faults inside the kernel. The memory must not
 * be unmapped before ps_lazy_release or the end of its last descriptor.
 */
PS_API int32_t ps_lazy_register(void *address, uint64_t bytes, struct ps_lazy **lazy, int32_t *err);
/* From a userfaultfd of another process, which is duplicated. */
PS_API int32_t ps_lazy_adopt(int32_t fd, struct ps_lazy **lazy, int32_t *err);
/* lazy may be null. Memory that is still missing reads as zeros if this was the last descriptor. */
PS_API int32_t ps_lazy_free(struct ps_lazy *lazy, int32_t *err);
/* socket: -1, or one whose readability ends the wait. milliseconds: UINT32_MAX for any time. *ready: PS_LAZY_ bits. */
PS_API int32_t ps_lazy_wait(struct ps_lazy *lazy, int32_t socket, uint32_t milliseconds, uint32_t *ready, int32_t *err);
PS_API int32_t ps_lazy_wake(struct ps_lazy *lazy, int32_t *err);
/* Does not wait: *count may be 0. */
PS_API int32_t ps_lazy_read(struct ps_lazy *lazy, struct ps_lazy_event *events, uint64_t room, uint64_t *count, int32_t *err);
/*
 * What is there already stays. *done: how many bytes from address on are dealt with; fewer than asked, and PS_OK, if events must be read first
 * (errno EAGAIN), there is no such memory any more (ENOENT), or no such process (ESRCH).
 */
PS_API int32_t ps_lazy_copy(struct ps_lazy *lazy, uint64_t address, const void *pages, uint64_t bytes, uint64_t *done, int32_t *err);
PS_API int32_t ps_lazy_zero(struct ps_lazy *lazy, uint64_t address, uint64_t bytes, uint64_t *done, int32_t *err);
/* *poisoned: how many of the bytes done were missing, and are poisoned now. */
PS_API int32_t ps_lazy_poison(struct ps_lazy *lazy, uint64_t address, uint64_t bytes, uint64_t *done, uint64_t *poisoned, int32_t *err);
/* What is still missing reads as zeros from now on, without anybody's help. */
PS_API int32_t ps_lazy_release(struct ps_lazy *lazy, uint64_t address, uint64_t bytes, int32_t *err);
/* Sends bytes and the descriptor with them. Does not wait for the other side to read. */
PS_API int32_t ps_lazy_send(struct ps_lazy *lazy, int32_t socket, const void *bytes, uint64_t count, int32_t *err);
/* *fd: the descriptor that came with the bytes, owned by the caller; -1 if none came. *count: 0 at the end of the stream. */
PS_API int32_t ps_socket_receive(int32_t socket, void *bytes, uint64_t room, uint64_t *count, int32_t *fd, int32_t *err);

/* What ps_lz4_pack takes and ps_lz4_unpack yields at most: the largest page. */
#define PS_LZ4_MOST 65536u

/* path: a file, or null for where the system looks. *version: major * 10000 + minor * 100 + release. tried: as for ps_xen_open. */
PS_API int32_t ps_lz4_open(const char *path, struct ps_lz4 **lz4, uint32_t *version, char *tried, uint64_t tried_bytes, int32_t *err);
/* lz4 may be null. */
PS_API int32_t ps_lz4_close(struct ps_lz4 *lz4, int32_t *err);
/* *written: 0 if the block did not fit into room bytes, whose content is then unspecified. */
PS_API int32_t ps_lz4_pack(struct ps_lz4 *lz4, const uint8_t *source, uint64_t source_bytes, uint8_t *destination, uint64_t room,
                           uint64_t *written, int32_t *err);
/* The source may be anything. Exactly bytes of destination, or PS_LZ4_BLOCK, and then they are unspecified. */
PS_API int32_t ps_lz4_unpack(struct ps_lz4 *lz4, const uint8_t *source, uint64_t source_bytes, uint8_t *destination, uint64_t bytes,
                             int32_t *err);

PS_API int32_t ps_kvm_probe(struct ps_kvm_caps *caps, int32_t *err);
/*
 * A machine with one vCPU, whose memory from 0 on is [address, address + bytes), page-aligned; it must stay mapped. ring_bytes: 0 for
 * KVM's dirty log, or the size of a dirty ring: a power of two of at least a page.
 */
PS_API int32_t ps_kvm_new(void *address, uint64_t bytes, uint32_t ring_bytes, struct ps_kvm **kvm, int32_t *err);
/* kvm may be null. Ends the thread, if there is one. No other call may be under way. */
PS_API int32_t ps_kvm_free(struct ps_kvm *kvm, int32_t *err);
/* Writes page tables and the program into the memory, and sets the vCPU to its entry, in long mode. */
PS_API int32_t ps_kvm_load(struct ps_kvm *kvm, const void *program, uint64_t program_bytes, uint64_t address, uint64_t entry,
                           uint32_t flags, int32_t *err);
PS_API int32_t ps_kvm_run(struct ps_kvm *kvm, int32_t *err);
/* At its return the vCPU stands. */
PS_API int32_t ps_kvm_pause(struct ps_kvm *kvm, int32_t *err);
/* Returns when the machine does not run, or after the time. status may be what it is at once: milliseconds 0. */
PS_API int32_t ps_kvm_wait(struct ps_kvm *kvm, uint32_t milliseconds, struct ps_kvm_status *status, int32_t *err);
PS_API int32_t ps_kvm_input(struct ps_kvm *kvm, uint32_t value, int32_t *err);

/* Reports from number *from on that are still kept; *from becomes the number of the first one copied. */
PS_API int32_t ps_kvm_progress(struct ps_kvm *kvm, uint64_t *from, struct ps_kvm_sample *samples, uint64_t capacity,
                               uint64_t *count, int32_t *err);
/* The same with the bytes of the console. */
PS_API int32_t ps_kvm_console(struct ps_kvm *kvm, uint64_t *from, uint8_t *text, uint64_t capacity, uint64_t *count, int32_t *err);

/* The state of the vCPU while it stands. capacity: at least PS_KVM_STATE_BYTES. */
PS_API int32_t ps_kvm_state_get(struct ps_kvm *kvm, void *blob, uint64_t capacity, uint64_t *bytes, int32_t *err);
PS_API int32_t ps_kvm_state_set(struct ps_kvm *kvm, const void *blob, uint64_t bytes, int32_t *err);

/* *page: the root of the page tables in use; UINT64_MAX where they are not those of four levels of long mode. */
PS_API int32_t ps_kvm_root(struct ps_kvm *kvm, uint64_t *page, int32_t *err);
/* As ps_xen_clear_accessed, of a machine that stands. */
PS_API int32_t ps_kvm_clear_accessed(struct ps_kvm *kvm, const uint64_t *tables, const uint64_t *entries, uint64_t count,
                                     uint64_t *cleared, int32_t *err);

PS_API int32_t ps_kvm_log_start(struct ps_kvm *kvm, int32_t *err);
PS_API int32_t ps_kvm_log_stop(struct ps_kvm *kvm, int32_t *err);
/* *words: page n is bit n % 64 of word n / 64, until the next call for the log; bits behind the last page are 0. */
PS_API int32_t ps_kvm_log_read(struct ps_kvm *kvm, uint32_t flags, const uint64_t **words, int32_t *err);

#endif
