/* Xen's libraries, found at run time, for the files of the shim. */
#ifndef PS_XEN_H
#define PS_XEN_H

#include "ps_abi.h"
#include "text.h"
#include "xen_defs.h"

/* xc_shadow_control changed its parameters in 4.16, which also brought xc_logdirty_control. */
typedef int ps_shadow_control_415(void *, uint32_t domid, unsigned int op, struct ps_hypercall_buffer *, unsigned long pages,
                                  unsigned long *mb, uint32_t mode, struct ps_shadow_op_stats *);
typedef int ps_shadow_control_416(void *, uint32_t domid, unsigned int op, unsigned int *mb, unsigned int mode);
typedef long long ps_logdirty_control(void *, uint32_t domid, unsigned int op, struct ps_hypercall_buffer *,
                                      unsigned long pages, unsigned int mode, struct ps_shadow_op_stats *);

struct ps_xen {
    void *control_library;
    void *foreign_library;
    void *call_library;  /* libxencall, or null */
    void *guest_library; /* libxenguest, or null: only what restorable epochs and PV domains need is in it */
    void *control; /* xc_interface, reentrant: opened without XC_OPENFLAG_NON_REENTRANT */
    void *foreign; /* xenforeignmemory_handle */
    void *call;    /* xencall_handle, or null: then each question is a call of its own */

    void *(*interface_open)(struct ps_xen_logger *, struct ps_xen_logger *, unsigned flags);
    int (*interface_close)(void *);
    int (*getinfolist)(void *, uint32_t first, unsigned int max, struct ps_domaininfo *);
    int (*nr_gpfns)(void *, uint32_t domid, ps_xen_pfn *);
    int (*pause)(void *, uint32_t domid);
    int (*unpause)(void *, uint32_t domid);
    int (*get_pfn_types)(void *, uint32_t domid, unsigned int count, ps_xen_pfn *);
    void *(*buffer_alloc)(void *, struct ps_hypercall_buffer *, int pages);
    void (*buffer_free)(void *, struct ps_hypercall_buffer *, int pages);
    void *shadow_control; /* ps_shadow_control_416 if there is a logdirty_control, else ps_shadow_control_415 */
    ps_logdirty_control *logdirty_control;

    /* What restorable epochs need. From 4.15 on, more and more of it is libxenguest's. */
    int has_state; /* all of it is there: a domain that could be suspended and not resumed would be lost */
    int (*version)(void *, int command, void *);
    int (*hvm_getcontext)(void *, uint32_t domid, uint8_t *, uint32_t size);
    int (*hvm_param_get)(void *, uint32_t domid, uint32_t index, uint64_t *);
    int (*get_tsc_info)(void *, uint32_t domid, uint32_t *mode, uint64_t *nsec, uint32_t *khz, uint32_t *incarnation);
    int (*resume)(void *, uint32_t domid, int fast);
    /* The policy of a domain: up to 4.15 in one call, which has no policy object. */
    int (*policy_size)(void *, uint32_t *leaves, uint32_t *msrs);
    int (*policy_415)(void *, uint32_t domid, uint32_t *leaf_count, void *leaves, uint32_t *msr_count, void *msrs);
    void *(*policy_init)(void);
    void (*policy_destroy)(void *);
    int (*policy_domain)(void *, uint32_t domid, void *policy);
    int (*policy_serialise)(void *, const void *policy, void *leaves, uint32_t *leaf_count, void *msrs, uint32_t *msr_count);

    void *(*foreign_open)(struct ps_xen_logger *, unsigned flags);
    int (*foreign_close)(void *);
    void *(*foreign_map)(void *, uint32_t domid, int prot, size_t pages, const ps_xen_pfn *, int *errors);
    int (*foreign_unmap)(void *, void *address, size_t pages);

    void *(*call_open)(struct ps_xen_logger *, unsigned flags);
    int (*call_close)(void *);
    void *(*call_alloc)(void *, size_t bytes);
    void (*call_free)(void *, void *buffer);
    int (*call_2)(void *, unsigned op, uint64_t, uint64_t);

    /* What reading PV domains needs; null where the libraries lack it. */
    int (*map_meminfo)(void *, uint32_t domid, struct ps_meminfo *);
    int (*unmap_meminfo)(void *, struct ps_meminfo *);
    ps_xen_pfn *(*map_m2p)(void *, unsigned long frames, int prot, unsigned long *first);
    int (*highest_frame)(void *, unsigned long *frame);

    /* The grant table. Null where the libraries lack it. */
    int (*grant_size)(void *, struct ps_grant_size *);
    int (*grant_version)(void *, uint32_t domid);
    void *(*resource_map)(void *, uint32_t domid, unsigned type, unsigned id, unsigned long frame, unsigned long frames, void **address,
                          int prot, int flags);
    int (*resource_unmap)(void *, void *resource);
};

/* A domain's grant table, mapped. */
struct ps_xen_grants {
    void *resource; /* null: there is none to be read */
    const void *table;
    uint32_t frames;
    int version;
};

/* The tables of a PV domain, mapped. */
struct ps_xen_pv {
    struct ps_xen *xen;
    struct ps_xen_info domain;
    struct ps_meminfo info;
    ps_xen_pfn *m2p;
    uint64_t m2p_frames;
    uint64_t m2p_bytes;
};

/* Loads a library: of the directory, of length bytes, if that is not 0 and has one, else from where the system looks. Null, and text says what was tried. */
void *ps_xen_library(const char *directory, size_t length, const char *name, struct ps_text *text);
/* How many bytes of a path given to ps_xen_open are the directory of its libraries. */
size_t ps_xen_directory(const char *path);

/*
 * Loads the candidate of this number and libxenforeignmemory, and looks their functions up. path: a directory, a libxenctrl, or
 * null for where the system looks. 0; or -1, and then nothing is loaded and text says what was tried.
 */
int ps_xen_load(struct ps_xen *xen, const char *path, unsigned candidate, struct ps_text *text);
void ps_xen_unload(struct ps_xen *xen);
/* How many candidates there are: one if path is a file. */
unsigned ps_xen_candidates(const char *path);

/* PS_OK, or PS_XEN_GONE if the domain is dying, or its number is nobody's or another's. */
int32_t ps_xen_check(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t *err);

/* After a call that failed: errno into *err, and PS_XEN_GONE in place of result if that is why. */
int32_t ps_xen_failed(struct ps_xen *xen, const struct ps_xen_info *domain, int32_t result, int32_t *err);

/* The machine frame of a page; PS_NO_FRAME where it has none. */
ps_xen_pfn ps_xen_pv_frame(const struct ps_xen_pv *pv, uint64_t page);

/* Puts page frame numbers into a copy of a page table. */
void ps_xen_pv_normalise(const struct ps_xen_pv *pv, unsigned level, unsigned char *page);

/* Looks up what it takes to read grant tables. */
void ps_xen_grants_load(struct ps_xen *xen);

/* Whether the grant table of a domain can be read: of an HVM or PVH domain, where the libraries have what it takes. */
int ps_xen_has_grants(const struct ps_xen *xen, const struct ps_xen_info *domain);

/* What there is to know before a domain's log is cleaned. */
struct ps_xen_answers {
    uint64_t pages;        /* as ps_xen_pages says */
    uint32_t grant_frames; /* 0 where the grant table cannot be read */
    int grant_version;
};

/* The part of the grant table. */
int32_t ps_xen_grants_ask(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_answers *answers, int32_t *err);

/* Room for the questions of one caller at a time; null where they cannot be asked together. */
struct ps_xen_questions;
struct ps_xen_questions *ps_xen_questions_new(struct ps_xen *xen);
void ps_xen_questions_free(struct ps_xen *xen, struct ps_xen_questions *questions);

/* All of it. questions may be null. */
int32_t ps_xen_ask(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_questions *questions, struct ps_xen_answers *answers,
                   int32_t *err);

/*
 * Maps the grant table of a domain as it is now, unless it is mapped so. PS_OK without one where the host has no way to, or the domain no table.
 * As long as it is mapped, the domain is at most dying: it keeps its number, which no other one gets.
 */
int32_t ps_xen_grants_map(struct ps_xen *xen, const struct ps_xen_info *domain, const struct ps_xen_answers *now, struct ps_xen_grants *grants,
                          int32_t *err);

void ps_xen_grants_unmap(struct ps_xen *xen, struct ps_xen_grants *grants);

/* Sets the bits of the pages below pages that other domains have mapped for writing. */
void ps_xen_grants_mark(const struct ps_xen_grants *grants, uint8_t *bits, uint64_t pages);

#endif
