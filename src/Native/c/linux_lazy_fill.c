/* Memory whose pages are missing until they are brought: bringing them. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel_defs.h"
#include "lazy.h"
#include "ps_abi.h"

/* One of UFFDIO_COPY, UFFDIO_ZEROPAGE and UFFDIO_POISON for a part of what was asked for: the bytes done, or -1 and errno. */
typedef int64_t fill_part(struct ps_lazy *lazy, uint64_t address, const void *pages, uint64_t bytes);

/* The kernel says how far it came, or why it did not begin. */
static int64_t outcome(int result, int64_t done)
{
    if (result == 0 || done > 0)
        return done;
    if (done < 0)
        errno = (int)-done;
    return -1;
}

static int64_t copy_part(struct ps_lazy *lazy, uint64_t address, const void *pages, uint64_t bytes)
{
    struct ps_uffdio_copy copy = {.dst = address, .src = (uint64_t)(uintptr_t)pages, .len = bytes};
    int result = ioctl(lazy->uffd, PS_UFFDIO_COPY, &copy);

    return outcome(result, copy.done);
}

static int64_t fill(struct ps_lazy *lazy, unsigned long request, uint64_t address, uint64_t bytes)
{
    struct ps_uffdio_fill fill = {.range = {.start = address, .len = bytes}};
    int result = ioctl(lazy->uffd, request, &fill);

    return outcome(result, fill.done);
}

static int64_t zero_part(struct ps_lazy *lazy, uint64_t address, const void *pages, uint64_t bytes)
{
    (void)pages;
    return fill(lazy, PS_UFFDIO_ZEROPAGE, address, bytes);
}

static int64_t poison_part(struct ps_lazy *lazy, uint64_t address, const void *pages, uint64_t bytes)
{
    (void)pages;
    return fill(lazy, PS_UFFDIO_POISON, address, bytes);
}

/* Whether an errno is an answer rather than a failure: see ps_lazy_copy. */
static int is_answer(int error)
{
    return error == EAGAIN || error == ENOENT || error == ESRCH;
}

/* A page that is there stays, and whoever waits for it looks again. *there: how many of the bytes done were such. */
static int32_t fill_all(struct ps_lazy *lazy, fill_part *part, uint64_t address, const uint8_t *pages, uint64_t bytes, uint64_t *done, uint64_t *there,
                        int32_t *err)
{
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);

    *err = 0;
    *done = 0;
    *there = 0;
    if (address % page_bytes != 0 || bytes % page_bytes != 0)
        return PS_ARGUMENT;
    while (*done < bytes) {
        int64_t now = part(lazy, address + *done, pages == NULL ? NULL : pages + *done, bytes - *done);

        if (now < 0 && errno == EEXIST) {
            struct ps_uffdio_range page = {.start = address + *done, .len = page_bytes};

            ioctl(lazy->uffd, PS_UFFDIO_WAKE, &page);
            now = (int64_t)page_bytes;
            *there += page_bytes;
        }
        if (now < 0) {
            *err = errno;
            return is_answer(errno) ? PS_OK : PS_LAZY_FILL;
        }
        *done += (uint64_t)now;
    }
    return PS_OK;
}

int32_t ps_lazy_copy(struct ps_lazy *lazy, uint64_t address, const void *pages, uint64_t bytes, uint64_t *done, int32_t *err)
{
    uint64_t there;

    return fill_all(lazy, copy_part, address, pages, bytes, done, &there, err);
}

int32_t ps_lazy_zero(struct ps_lazy *lazy, uint64_t address, uint64_t bytes, uint64_t *done, int32_t *err)
{
    uint64_t there;

    return fill_all(lazy, zero_part, address, NULL, bytes, done, &there, err);
}

int32_t ps_lazy_poison(struct ps_lazy *lazy, uint64_t address, uint64_t bytes, uint64_t *done, uint64_t *poisoned, int32_t *err)
{
    uint64_t there;
    int32_t result = fill_all(lazy, poison_part, address, NULL, bytes, done, &there, err);

    *poisoned = *done - there;
    return result;
}

int32_t ps_lazy_release(struct ps_lazy *lazy, uint64_t address, uint64_t bytes, int32_t *err)
{
    struct ps_uffdio_range range = {.start = address, .len = bytes};

    *err = 0;
    if (ioctl(lazy->uffd, PS_UFFDIO_UNREGISTER, &range) == 0)
        return PS_OK;
    *err = errno;
    return PS_LAZY_FILL;
}
