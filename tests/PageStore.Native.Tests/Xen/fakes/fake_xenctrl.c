/*
 * Stands in for libxenctrl: as 4.15 and before with FAKE_UP_TO_4_15, else as 4.16 and later. It behaves as the hypervisor does
 * (xen/arch/x86/mm/paging.c): counters outlive ENABLE, PEEK works on a log that is off, a dying domain's log says nothing and
 * fails never.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fake_xen.h"
#ifdef FAKE_UP_TO_4_15
#include "fake_state.h"
#endif

struct logger;
struct logger {
    void (*vmessage)(struct logger *, int, int, const char *, const char *, va_list);
    void (*progress)(struct logger *, const char *, const char *, int, unsigned long, unsigned long);
    void (*destroy)(struct logger *);
};

struct buffer {
    void *hbuf;
    struct buffer *param_shadow;
    int dir;
    void *ubuf;
    size_t sz;
};

struct stats {
    uint32_t fault_count;
    uint32_t dirty_count;
};

/* As 4.17 has it, and 64 bytes that a later release appended. */
struct domaininfo {
    uint16_t domain;
    uint16_t pad1;
    uint32_t flags;
    uint64_t tot_pages, max_pages, outstanding_pages, shr_pages, paged_pages, shared_info_frame, cpu_time;
    uint32_t nr_online_vcpus, max_vcpu_id, ssidref;
    uint8_t handle[16];
    uint32_t cpupool;
    uint8_t gpaddr_bits, pad2[7];
    uint32_t arch_config[2];
    uint8_t appended[64];
};

static void complain(struct logger *logger, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    logger->vmessage(logger, 5, errno, "xc", format, list);
    va_end(list);
    logger->progress(logger, "xc", "complaining", 100, 1, 1);
}

EXPORT void *xc_interface_open(struct logger *logger, struct logger *dombuild, unsigned flags)
{
    if (fails(FAKE_OPEN) || dombuild != logger || flags != 0) {
        complain(logger, "Could not obtain handle");
        return NULL;
    }
    fake->interfaces++;
    return fake;
}

EXPORT int xc_interface_close(void *xch)
{
    (void)xch;
    fake->interfaces--;
    return 0;
}

static int answers(uint32_t domid)
{
    if (fake->exists && domid == fake->domid)
        return 1;
    errno = ESRCH;
    return 0;
}

/* Dom0 is there as well, a PV domain without UUID. */
EXPORT int xc_domain_getinfolist(void *xch, uint32_t first, unsigned max, struct domaininfo *info)
{
    (void)xch;
    fake->infos++;
    if (fails(FAKE_INFO))
        return -1;
    if (max != 1) {
        errno = EFAULT;
        return -1;
    }
    memset(info, 0, sizeof(*info));
    memset(info->appended, 0xee, sizeof(info->appended));
    if (first == 0) {
        info->tot_pages = 131072;
        return 1;
    }
    if (!fake->exists || first > fake->domid)
        return 0;
    if (fake->looks > 0 && --fake->looks == 0)
        fake->flags |= FAKE_SHUTDOWN | (fake->manners == FAKE_CRASHES ? FAKE_REASON_CRASH : FAKE_REASON_SUSPEND) << FAKE_REASON_SHIFT;
    info->domain = (uint16_t)fake->domid;
    info->flags = fake->flags | (fake->pauses > 0 ? 8u : 0); /* XEN_DOMINF_paused */
    info->tot_pages = fake->allocated_pages;
    memcpy(info->handle, fake->uuid, sizeof(info->handle));
    return 1;
}

EXPORT int xc_domain_nr_gpfns(void *xch, uint32_t domid, unsigned long *pages)
{
    (void)xch;
    fake->questions++;
    if (fails(FAKE_PAGES) || !answers(domid))
        return -1;
    *pages = fake->pages;
    return 0;
}

EXPORT int xc_domain_pause(void *xch, uint32_t domid)
{
    (void)xch;
    if (fails(FAKE_PAUSE) || !answers(domid))
        return -1;
    fake->pauses++;
    return 0;
}

EXPORT int xc_domain_unpause(void *xch, uint32_t domid)
{
    (void)xch;
    if (fails(FAKE_UNPAUSE) || !answers(domid))
        return -1;
    if (fake->pauses == 0) {
        errno = EINVAL;
        return -1;
    }
    fake->pauses--;
    return 0;
}

EXPORT int xc_get_pfn_type_batch(void *xch, uint32_t domid, unsigned count, unsigned long *frames)
{
    (void)xch;
    if (fails(FAKE_TYPES) || !answers(domid))
        return -1;
    if (count > 1024) {
        errno = E2BIG;
        return -1;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned long page = fake_page(frames[i]);

        frames[i] = (unsigned long)(page < fake->pages ? fake->types[page] : 0xf) << 28;
    }
    return 0;
}

/* Behind the guest's frames are others. */
EXPORT int xc_maximum_ram_page(void *xch, unsigned long *frame)
{
    (void)xch;
    *frame = FAKE_FIRST_FRAME + fake->pages + 10;
    return 0;
}

EXPORT int xc_version(void *xch, int command, void *arg)
{
    (void)xch;
    if (fails(FAKE_VERSION))
        return -1;
    if (command != 0 || arg != NULL)
        abort();
    return 4 << 16 | 17;
}

EXPORT int xc_hvm_param_get(void *xch, uint32_t domid, uint32_t index, uint64_t *value)
{
    (void)xch;
    if (fails(FAKE_PARAM) || !answers(domid))
        return -1;
    if (index >= FAKE_PARAMS) {
        errno = EINVAL;
        return -1;
    }
    *value = fake->params[index];
    return 0;
}

EXPORT int xc_domain_get_tsc_info(void *xch, uint32_t domid, uint32_t *mode, uint64_t *nsec, uint32_t *khz, uint32_t *incarnation)
{
    (void)xch;
    if (fails(FAKE_TSC) || !answers(domid))
        return -1;
    *mode = 1;
    *nsec = 0x1122334455667788u;
    *khz = 2400000;
    *incarnation = 6;
    return 0;
}

/* The n-th byte is n. */
EXPORT int xc_domain_hvm_getcontext(void *xch, uint32_t domid, uint8_t *context, uint32_t size)
{
    (void)xch;
    if (fails(FAKE_CONTEXT) || !answers(domid))
        return -1;
    uint32_t bytes = fake->context == NULL ? FAKE_CONTEXT_BYTES : (uint32_t)fake->context_bytes;

    if (context == NULL)
        return (int)bytes + 28; /* room for what it might become */
    if (size < bytes) {
        errno = ENOSPC;
        return -1;
    }
    if (fake->context != NULL) {
        memcpy(context, fake->context, bytes);
        return (int)bytes;
    }
    for (int i = 0; i < FAKE_CONTEXT_BYTES; i++)
        context[i] = (uint8_t)i;
    return FAKE_CONTEXT_BYTES;
}

EXPORT void *xc__hypercall_buffer_alloc_pages(void *xch, struct buffer *buffer, int pages)
{
    (void)xch;
    if (fails(FAKE_BUFFER))
        return NULL;
    if (buffer->dir != 0 || buffer->param_shadow != NULL || buffer->ubuf != (void *)-1 || buffer->sz != 0)
        abort();
    buffer->hbuf = aligned_alloc(FAKE_PAGE, (size_t)pages * FAKE_PAGE);
    memset(buffer->hbuf, 0xa5, (size_t)pages * FAKE_PAGE);
    fake->buffers++;
    return buffer->hbuf;
}

EXPORT void xc__hypercall_buffer_free_pages(void *xch, struct buffer *buffer, int pages)
{
    (void)xch, (void)pages;
    free(buffer->hbuf);
    fake->buffers--;
}

struct grant_size {
    uint16_t dom;
    uint32_t nr_frames;
    uint32_t max_nr_frames;
    int16_t status;
};

EXPORT int xc_gnttab_query_size(void *xch, struct grant_size *size)
{
    (void)xch;
    fake->questions++;
    if (fails(FAKE_GRANT_SIZE) || !answers(size->dom))
        return -1;
    size->nr_frames = fake->grant_frames;
    size->status = 0;
    return 0;
}

EXPORT int xc_gnttab_get_version(void *xch, uint32_t domid)
{
    (void)xch;
    fake->questions++;
    return answers(domid) ? (int)fake->grant_version : -1;
}

static int enable(uint32_t domid)
{
    fake->enables++;
    if (fails(FAKE_ENABLE) || !answers(domid))
        return -1;
    if (fake->flags & 1u)
        return 0;
    if (fake->enabled) {
        errno = EINVAL;
        return -1;
    }
    fake->enabled = 1;
    memset(fake->dirty, 0, (fake->pages + 7) / 8);
    return 0;
}

static int off(uint32_t domid)
{
    fake->offs++;
    if (fails(FAKE_OFF) || !answers(domid))
        return -1;
    fake->enabled = 0;
    return 0;
}

static void mark_final(unsigned mode)
{
    if (mode == 1 && fake->final_page >= 0)
        fake->dirty[fake->final_page / 8] |= (uint8_t)(1u << fake->final_page % 8);
}

static long long logdirty(uint32_t domid, unsigned op, struct buffer *buffer, unsigned long pages, unsigned mode, struct stats *stats)
{
    int clean = op == 11;
    unsigned long bytes = (pages + 7) / 8;

    if (fails(clean ? FAKE_CLEAN : FAKE_PEEK) || !answers(domid))
        return -1;
    if (fake->flags & 1u)
        return (long long)pages;
    if (buffer->param_shadow != NULL || pages > fake->pages || mode > 1) {
        errno = EFAULT;
        return -1;
    }
    mark_final(mode);
    if (fake->parts_bytes != 0) {
        memcpy(buffer->hbuf, fake->dirty, fake->parts_bytes);
        fake->flags |= 1u;
        return (long long)pages;
    }
    memcpy(buffer->hbuf, fake->dirty, bytes);
    if (fake->dirty_tail && pages % 8 != 0)
        ((uint8_t *)buffer->hbuf)[bytes - 1] |= (uint8_t)(0xffu << pages % 8);
    stats->fault_count = fake->fault_count;
    stats->dirty_count = fake->dirty_count;
    if (clean) {
        fake->cleans++;
        fake->fault_count = 0;
        fake->dirty_count = 0;
        memset(fake->dirty, 0, bytes);
    }
    return (long long)pages - fake->short_pages;
}

#ifdef FAKE_UP_TO_4_15
EXPORT int xc_shadow_control(void *xch, uint32_t domid, unsigned op, struct buffer *buffer, unsigned long pages, unsigned long *mb,
                             uint32_t mode, struct stats *stats)
{
    (void)xch;
    if (mb != NULL)
        abort();
    if (op == 2 || op == 0)
        return op == 2 ? enable(domid) : off(domid);
    return (int)logdirty(domid, op, buffer, pages, mode, stats);
}
#else
EXPORT int xc_shadow_control(void *xch, uint32_t domid, unsigned op, unsigned *mb, unsigned mode)
{
    (void)xch;
    if (mb != NULL || mode != 0)
        abort();
    return op == 2 ? enable(domid) : off(domid);
}

EXPORT long long xc_logdirty_control(void *xch, uint32_t domid, unsigned op, struct buffer *buffer, unsigned long pages,
                                     unsigned mode, struct stats *stats)
{
    (void)xch;
    return logdirty(domid, op, buffer, pages, mode, stats);
}
#endif
