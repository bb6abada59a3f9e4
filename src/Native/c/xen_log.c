/*
 * Xen's dirty log of a domain (XEN_DOMCTL_shadow_op, xen/arch/x86/mm/paging.c). There is one bitmap a domain: two who clean it
 * take each other's pages.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "xen.h"

/* Stands at the end of the bitmap before each call: where it still does behind one, Xen has not answered. Any number that is unlikely as an answer. */
static const uint64_t unanswered = UINT64_C(0x9e3779b97f4a7c15);

struct ps_xen_log {
    struct ps_xen *xen;
    struct ps_xen_info domain;
    uint64_t pages;
    int running; /* Xen answers PEEK and CLEAN of a log that is off, too */
    int buffer_pages;
    struct ps_hypercall_buffer buffer;
    struct ps_xen_questions *questions;
    struct ps_xen_grants grants; /* mapped from the start to the end of the log, or to a read that failed */
};

int32_t ps_xen_log_new(struct ps_xen *xen, const struct ps_xen_info *domain, uint64_t pages, struct ps_xen_log **log, int32_t *err)
{
    uint64_t buffer_pages = pages / (8 * PS_XEN_PAGE_BYTES) + 1;

    *err = 0;
    *log = NULL;
    if (pages == 0 || buffer_pages > INT_MAX)
        return PS_ARGUMENT;
    struct ps_xen_log *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    made->xen = xen;
    made->domain = *domain;
    made->pages = pages;
    made->buffer_pages = (int)buffer_pages;
    made->buffer.ubuf = (void *)-1;
    if (xen->buffer_alloc(xen->control, &made->buffer, made->buffer_pages) == NULL) {
        *err = errno;
        free(made);
        return PS_MEMORY;
    }
    made->questions = ps_xen_questions_new(xen);
    *log = made;
    return PS_OK;
}

int32_t ps_xen_log_free(struct ps_xen_log *log, int32_t *err)
{
    int32_t result = PS_OK;

    *err = 0;
    if (log == NULL)
        return PS_OK;
    if (log->running)
        result = ps_xen_log_stop(log, err);
    ps_xen_questions_free(log->xen, log->questions);
    log->xen->buffer_free(log->xen->control, &log->buffer, log->buffer_pages);
    free(log);
    return result;
}

/* Turns the log on or off. */
static int turn(struct ps_xen_log *log, unsigned int op)
{
    struct ps_xen *xen = log->xen;

    if (xen->logdirty_control != NULL) {
        ps_shadow_control_416 *control;

        memcpy(&control, &xen->shadow_control, sizeof(control));
        return control(xen->control, log->domain.domid, op, NULL, 0);
    }
    ps_shadow_control_415 *control;

    memcpy(&control, &xen->shadow_control, sizeof(control));
    return control(xen->control, log->domain.domid, op, NULL, 0, NULL, 0, NULL);
}

/* Fetches the bitmap. Returns how many pages Xen went through, or -1 and errno. */
static long long fetch(struct ps_xen_log *log, unsigned int op, unsigned int mode, struct ps_shadow_op_stats *stats)
{
    struct ps_xen *xen = log->xen;
    unsigned long pages = (unsigned long)log->pages;

    if (xen->logdirty_control != NULL)
        return xen->logdirty_control(xen->control, log->domain.domid, op, &log->buffer, pages, mode, stats);
    ps_shadow_control_415 *control;

    memcpy(&control, &xen->shadow_control, sizeof(control));
    return control(xen->control, log->domain.domid, op, &log->buffer, pages, NULL, mode, stats);
}

/* Xen writes whole bytes, and what it writes behind the last page means nothing. */
static void clear_tail(struct ps_xen_log *log)
{
    uint8_t *bits = log->buffer.hbuf;
    uint64_t bytes = (log->pages + 7) / 8;

    if (log->pages % 8 != 0)
        bits[bytes - 1] &= (uint8_t)((1u << log->pages % 8) - 1);
    memset(bits + bytes, 0, (8 - bytes % 8) % 8);
}

/* The end of the bitmap, which Xen writes last. */
static void *last_bytes(const struct ps_xen_log *log, size_t *count)
{
    size_t bytes = (size_t)((log->pages + 7) / 8);

    *count = bytes < sizeof(uint64_t) ? bytes : sizeof(uint64_t);
    return (uint8_t *)log->buffer.hbuf + bytes - *count;
}

/*
 * Whether the answer stands where the mark was. Of a domain that is dying, or begins to between the parts in which Xen reads a large log, Xen ignores the call and reports
 * success: what stands in the buffer is then an older answer. A guest can write those pages to make the answer equal to the mark; the domain is asked then.
 */
static int is_answered(const struct ps_xen_log *log)
{
    size_t count;
    const void *end = last_bytes(log, &count);

    return memcmp(end, &unanswered, count) != 0;
}

/* As read_bits, behind the questions. */
static int32_t fetch_bits(struct ps_xen_log *log, unsigned int op, unsigned int mode, struct ps_shadow_op_stats *stats, int32_t *err)
{
    size_t count;
    void *end = last_bytes(log, &count);

    memcpy(end, &unanswered, count);
    long long done = fetch(log, op, mode, stats);

    if (done < 0)
        return ps_xen_failed(log->xen, &log->domain, PS_XEN_BITMAP, err);
    if ((uint64_t)done != log->pages) {
        *err = EIO;
        return PS_XEN_BITMAP;
    }
    int answered = is_answered(log);

    clear_tail(log);
    /*
     * Another domain may have the number by now, whose log is off: Xen answers, and nothing is counted. What counted a page is this log; and while pages of the domain
     * are mapped, nobody else has its number.
     */
    if (answered && (stats->dirty_count != 0 || log->grants.resource != NULL))
        return PS_OK;
    return ps_xen_check(log->xen, &log->domain, err);
}

/*
 * Asks for what has to be known before the bitmap is cleaned. Pages above those of the log have no bit in it; those that come behind the question are told by
 * the next one. A peek answers for the pages that the log has.
 */
static int32_t prepare(struct ps_xen_log *log, unsigned int op, int32_t *err)
{
    struct ps_xen_answers now;
    int32_t result = ps_xen_ask(log->xen, &log->domain, log->questions, &now, err);

    if (result == PS_OK && op == PS_SHADOW_OP_CLEAN && now.pages > log->pages)
        result = PS_XEN_GROWN;
    return result == PS_OK ? ps_xen_grants_map(log->xen, &log->domain, &now, &log->grants, err) : result;
}

/* Reads the bitmap. Under LOGDIRTY_FINAL what backends have mapped for writing counts as written. */
static int32_t read_bits(struct ps_xen_log *log, unsigned int op, unsigned int mode, struct ps_shadow_op_stats *stats, int32_t *err)
{
    int32_t result = op == PS_SHADOW_OP_CLEAN || mode == PS_SHADOW_LOGDIRTY_FINAL ? prepare(log, op, err) : PS_OK;

    if (result == PS_OK)
        result = fetch_bits(log, op, mode, stats, err);
    if (result != PS_OK)
        ps_xen_grants_unmap(log->xen, &log->grants);
    else if (mode == PS_SHADOW_LOGDIRTY_FINAL)
        ps_xen_grants_mark(&log->grants, log->buffer.hbuf, log->pages);
    return result;
}

int32_t ps_xen_log_start(struct ps_xen_log *log, int32_t *err)
{
    struct ps_shadow_op_stats stats = {0};

    *err = 0;
    if (log->running)
        return PS_STATE;
    int failed = turn(log, PS_SHADOW_OP_ENABLE_LOGDIRTY);

    /* A client that ended without turning it off left it on. */
    if (failed && errno == EINVAL && turn(log, PS_SHADOW_OP_OFF) == 0)
        failed = turn(log, PS_SHADOW_OP_ENABLE_LOGDIRTY);
    if (failed)
        return ps_xen_failed(log->xen, &log->domain, PS_XEN_ENABLE, err);
    /* Enabling resets neither the counters nor, for a log that was on, the bitmap; this does. */
    int32_t result = read_bits(log, PS_SHADOW_OP_CLEAN, 0, &stats, err);

    if (result == PS_OK)
        log->running = 1;
    else
        turn(log, PS_SHADOW_OP_OFF);
    return result;
}

int32_t ps_xen_log_stop(struct ps_xen_log *log, int32_t *err)
{
    *err = 0;
    if (!log->running)
        return PS_STATE;
    log->running = 0;
    ps_xen_grants_unmap(log->xen, &log->grants);
    return turn(log, PS_SHADOW_OP_OFF) == 0 ? PS_OK : ps_xen_failed(log->xen, &log->domain, PS_XEN_ENABLE, err);
}

int32_t ps_xen_log_read(struct ps_xen_log *log, uint32_t flags, const uint8_t **bits, struct ps_xen_stats *stats, int32_t *err)
{
    struct ps_shadow_op_stats counted = {0};

    *err = 0;
    *bits = NULL;
    memset(stats, 0, sizeof(*stats));
    if (flags & ~(PS_XEN_CLEAN | PS_XEN_FINAL))
        return PS_ARGUMENT;
    if (!log->running)
        return PS_STATE;
    unsigned int op = flags & PS_XEN_CLEAN ? PS_SHADOW_OP_CLEAN : PS_SHADOW_OP_PEEK;
    unsigned int mode = flags & PS_XEN_FINAL ? PS_SHADOW_LOGDIRTY_FINAL : 0;
    int32_t result = read_bits(log, op, mode, &counted, err);

    if (result != PS_OK)
        return result;
    *bits = log->buffer.hbuf;
    stats->faults = counted.fault_count;
    stats->dirtied = counted.dirty_count;
    return PS_OK;
}
