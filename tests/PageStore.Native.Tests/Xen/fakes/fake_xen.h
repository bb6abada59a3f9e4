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
};

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
};

static struct fake_domain *fake;

EXPORT void fake_attach(struct fake_domain *domain);

void fake_attach(struct fake_domain *domain)
{
    fake = domain;
}

/* Whether this call goes wrong; errno says how. */
static inline int fails(enum fake_call call)
{
    if (fake->dying_call == call)
        fake->flags |= 1u; /* XEN_DOMINF_dying */
    if (fake->failing_call != call)
        return 0;
    errno = fake->failing_errno;
    return 1;
}

#endif
