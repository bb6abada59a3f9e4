/*
 * A domain that a test owns, seen by libraries that stand in for Xen's. The test fills the struct and gives it to each library
 * with fake_attach; FakeDomain.cs has the same layout.
 */
#ifndef FAKE_XEN_H
#define FAKE_XEN_H

#include <errno.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define FAKE_PAGE 4096

/* The calls that a test can make fail, or let the domain die at. */
enum fake_call {
    FAKE_NONE,
    FAKE_OPEN,
    FAKE_INFO,
    FAKE_PAGES,
    FAKE_ENABLE,
    FAKE_OFF,
    FAKE_PEEK,
    FAKE_CLEAN,
    FAKE_PAUSE,
    FAKE_UNPAUSE,
    FAKE_TYPES,
    FAKE_BUFFER,
    FAKE_FOREIGN_OPEN,
    FAKE_MAP,
    FAKE_UNMAP,
    FAKE_GRANT_SIZE,
    FAKE_GRANT_MAP,
    FAKE_VERSION,
    FAKE_PARAM,
    FAKE_TSC,
    FAKE_CONTEXT,
    FAKE_POLICY,
    FAKE_RESUME,
    FAKE_STORE_OPEN,
    FAKE_STORE_READ,
    FAKE_STORE_WRITE,
    FAKE_STORE_COMMIT,
    FAKE_STORE_RESUMED,
    FAKE_TABLES,
    FAKE_FRAMES,
    FAKE_CALL_OPEN,
    FAKE_MULTICALL,
};

/* How the guest answers a request to suspend. */
enum fake_manners {
    FAKE_SUSPENDS,    /* takes it, and suspends some looks later */
    FAKE_DEAF,        /* never takes it */
    FAKE_LAST_MOMENT, /* takes it when the request is being taken back, and suspends */
    FAKE_STUCK,       /* takes it, and goes on */
    FAKE_CRASHES,     /* takes it, and crashes */
};

/* XEN_DOMINF_shutdown, and where the reason stands; SHUTDOWN_suspend and SHUTDOWN_crash */
#define FAKE_SHUTDOWN 4u
#define FAKE_REASON_SHIFT 16
#define FAKE_REASON_SUSPEND 2u
#define FAKE_REASON_CRASH 3u
#define FAKE_LOOKS 3u
#define FAKE_TEXT 64
#define FAKE_PARAMS 40
#define FAKE_CONTEXT_BYTES 100
#define FAKE_LEAVES 5u
#define FAKE_MSRS 3u

struct fake_domain {
    uint8_t *memory; /* pages times 4096 bytes */
    uint8_t *types;  /* a type a page */
    uint8_t *dirty;  /* a bit a page, and room for a whole last byte */
    uint64_t pages;
    uint64_t allocated_pages;
    uint8_t uuid[16];
    uint32_t domid;
    uint32_t exists;
    uint32_t flags; /* XEN_DOMINF_ */
    uint32_t enabled;
    uint32_t fault_count;
    uint32_t dirty_count;
    uint32_t pauses;

    uint32_t failing_call; /* enum fake_call */
    int32_t failing_errno;
    uint32_t dying_call;    /* the domain begins to die at the beginning of this call */
    uint32_t short_pages;   /* how many pages less than asked for a bitmap covers */
    uint32_t dirty_tail;    /* bits behind the last page are set */
    int64_t final_page;     /* mapped by the hypervisor for writing, or -1 */
    int64_t vanishing_page; /* still has a type when it cannot be mapped any more, or -1 */
    int32_t page_errno;     /* what mapping that page reports, above 0 */

    uint32_t enables;
    uint32_t offs;
    uint32_t cleans;
    uint32_t interfaces; /* open now */
    uint32_t buffers;    /* allocated now */
    uint32_t mappings;   /* mapped now */
    uint32_t mapped_pages;

    uint8_t *grants; /* the grant table, grant_frames times 4096 bytes */
    uint32_t grant_frames;
    uint32_t grant_version;
    uint32_t failing_after; /* so many calls go well first */
    uint32_t manners;       /* enum fake_manners */
    uint32_t looks;         /* so many looks later it has suspended; 0: it does not */
    uint32_t conflicts;     /* so many transactions fail because somebody else wrote */
    uint32_t resumes;       /* how often it was let go on */
    uint32_t told;          /* how often xenstore was told so */
    uint32_t stores;        /* open now */
    uint32_t transactions;  /* open now */
    uint32_t policies;      /* allocated now */
    uint64_t params[FAKE_PARAMS];
    char request[FAKE_TEXT];    /* control/shutdown */
    char name[FAKE_TEXT];
    char twin[FAKE_TEXT];       /* the name of dom0 */
    char start_time[FAKE_TEXT]; /* of the VM */

    uint32_t narrow; /* a PV guest of 32 bits */
    uint32_t tables; /* of PV guests, mapped now */
    uint32_t grant_maps; /* how often it was mapped */
    const uint8_t *context; /* what xc_domain_hvm_getcontext gives; null: FAKE_CONTEXT_BYTES of a pattern */
    uint64_t context_bytes;
    uint64_t parts_bytes; /* the domain begins to die when so many bytes of a log have been answered; 0: it does not */
    uint32_t infos;      /* how often a domain was described */
    uint32_t questions;  /* how often pages, size or version were asked for by a call of their own */
    uint32_t multicalls; /* how often they were asked for together */
};

static struct fake_domain *fake;

EXPORT void fake_attach(struct fake_domain *domain);

void fake_attach(struct fake_domain *domain)
{
    fake = domain;
}

/* A PV guest's frames are not its page numbers: they run backwards. */
#define FAKE_FIRST_FRAME 5000u
#define FAKE_HVM 2u

static inline unsigned long fake_frame(unsigned long page)
{
    return FAKE_FIRST_FRAME + (fake->pages - 1 - page);
}

/* The page behind a frame, or a number that is none of the guest's. */
static inline unsigned long fake_page(unsigned long frame)
{
    if (fake->flags & FAKE_HVM)
        return frame;
    return frame >= FAKE_FIRST_FRAME && frame < FAKE_FIRST_FRAME + fake->pages ? fake->pages - 1 - (frame - FAKE_FIRST_FRAME) : ~0ul;
}

/* Whether this call goes wrong; errno says how. */
static inline int fails(enum fake_call call)
{
    if (fake->dying_call == call)
        fake->flags |= 1u; /* XEN_DOMINF_dying */
    if (fake->failing_call != call)
        return 0;
    if (fake->failing_after > 0) {
        fake->failing_after--;
        return 0;
    }
    errno = fake->failing_errno;
    return 1;
}

#endif
