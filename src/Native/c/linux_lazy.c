/* Memory whose pages are missing until they are brought: how it is made, and what happens to it (Documentation/admin-guide/mm/userfaultfd.rst). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel_defs.h"
#include "lazy.h"
#include "ps_abi.h"
#include "uffd.h"

/* How many events one system call reads. */
#define PS_EVENTS 16

/* How /proc names a userfaultfd. */
static const char kind_of_uffd[] = "anon_inode:[userfaultfd]";

/* Takes the descriptor, also on failure. */
static int32_t make(int uffd, struct ps_lazy **lazy, int32_t *err)
{
    struct ps_lazy *made = malloc(sizeof(*made));
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (made == NULL || wake < 0) {
        *err = errno;
        free(made);
        if (wake >= 0)
            close(wake);
        close(uffd);
        return PS_MEMORY;
    }
    made->uffd = uffd;
    made->wake = wake;
    *lazy = made;
    return PS_OK;
}

/* Removals are told, so that nobody brings back what was discarded. Without POISON (Linux 6.6) a damaged page is an error in its place. */
static int open_for_missing(void)
{
    static const uint64_t wanted = PS_UFFD_FEATURE_MISSING_SHMEM | PS_UFFD_FEATURE_EVENT_REMOVE;
    static const uint64_t wishes[] = {wanted | PS_UFFD_FEATURE_POISON, wanted};

    for (unsigned i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        uint64_t features = wishes[i];
        int fd = ps_uffd_for_kernel_faults();

        if (fd < 0 || ps_uffd_handshake(fd, &features) == 0)
            return fd;
        int saved = errno;

        close(fd);
        errno = saved;
    }
    return -1;
}

int32_t ps_lazy_register(void *address, uint64_t bytes, struct ps_lazy **lazy, int32_t *err)
{
    uint64_t start = (uint64_t)(uintptr_t)address;
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    struct ps_uffdio_register registration = {.range = {.start = start, .len = bytes}, .mode = PS_UFFDIO_REGISTER_MODE_MISSING};

    *err = 0;
    *lazy = NULL;
    if (start == 0 || bytes == 0 || start % page_bytes != 0 || bytes % page_bytes != 0 || bytes > UINT64_MAX - start)
        return PS_ARGUMENT;
    int fd = open_for_missing();

    if (fd < 0) {
        *err = errno;
        return PS_USERFAULTFD;
    }
    if (ioctl(fd, PS_UFFDIO_REGISTER, &registration) != 0) {
        *err = errno;
        close(fd);
        return PS_REGISTER;
    }
    return make(fd, lazy, err);
}

/* Whether the descriptor is what it is said to be: it came from another process. */
static int is_userfaultfd(int fd)
{
    char path[32];
    char target[sizeof(kind_of_uffd)];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof(target));

    return length == (ssize_t)sizeof(kind_of_uffd) - 1 && memcmp(target, kind_of_uffd, (size_t)length) == 0;
}

int32_t ps_lazy_adopt(int32_t fd, struct ps_lazy **lazy, int32_t *err)
{
    *err = 0;
    *lazy = NULL;
    if (!is_userfaultfd(fd)) {
        *err = EBADF;
        return PS_LAZY_OPEN;
    }
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own < 0) {
        *err = errno;
        return PS_LAZY_OPEN;
    }
    int flags = fcntl(own, F_GETFL);

    /* One that blocks cannot be polled. */
    if (flags < 0 || fcntl(own, F_SETFL, flags | O_NONBLOCK) != 0) {
        *err = errno;
        close(own);
        return PS_LAZY_OPEN;
    }
    return make(own, lazy, err);
}

int32_t ps_lazy_free(struct ps_lazy *lazy, int32_t *err)
{
    *err = 0;
    if (lazy == NULL)
        return PS_OK;
    close(lazy->uffd);
    close(lazy->wake);
    free(lazy);
    return PS_OK;
}

int32_t ps_lazy_wait(struct ps_lazy *lazy, int32_t socket, uint32_t milliseconds, uint32_t *ready, int32_t *err)
{
    struct pollfd polled[] = {
        {.fd = lazy->uffd, .events = POLLIN},
        {.fd = lazy->wake, .events = POLLIN},
        {.fd = socket, .events = POLLIN | POLLRDHUP},
    };
    int timeout = milliseconds == UINT32_MAX ? -1 : milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;

    *err = 0;
    *ready = 0;
    /* A signal is as good as a wake-up: whoever waits looks again. */
    if (poll(polled, 3, timeout) < 0 && errno != EINTR) {
        *err = errno;
        return PS_LAZY_EVENTS;
    }
    /* Nobody has set it up (UFFDIO_API), or it blocks again: it would be ready for ever, and never have anything. */
    if (polled[0].revents & (POLLERR | POLLNVAL)) {
        *err = EINVAL;
        return PS_LAZY_EVENTS;
    }
    if (polled[0].revents & POLLIN)
        *ready |= PS_LAZY_READY;
    if (polled[1].revents & POLLIN) {
        uint64_t count;

        /* Emptied by somebody else at worst. */
        if (read(lazy->wake, &count, sizeof(count)) == sizeof(count))
            *ready |= PS_LAZY_WOKEN;
    }
    if (polled[2].revents != 0)
        *ready |= PS_LAZY_PEER;
    return PS_OK;
}

int32_t ps_lazy_wake(struct ps_lazy *lazy, int32_t *err)
{
    static const uint64_t one = 1;

    *err = 0;
    /* EAGAIN: so many wake-ups are waiting that one more changes nothing. */
    if (write(lazy->wake, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN)
        return PS_OK;
    *err = errno;
    return PS_LAZY_EVENTS;
}

/* 0 for an event that says nothing of what is missing. */
static int translate(const struct ps_uffd_msg *message, struct ps_lazy_event *event)
{
    switch (message->event) {
    case PS_UFFD_EVENT_PAGEFAULT:
        *event = (struct ps_lazy_event){.kind = PS_LAZY_FAULT, .write = message->arg.pagefault.flags & PS_UFFD_PAGEFAULT_FLAG_WRITE, .address = message->arg.pagefault.address};
        return 1;
    case PS_UFFD_EVENT_REMOVE:
    case PS_UFFD_EVENT_UNMAP:
        *event = (struct ps_lazy_event){.kind = PS_LAZY_REMOVED, .address = message->arg.remove.start, .bytes = message->arg.remove.end - message->arg.remove.start};
        return 1;
    case PS_UFFD_EVENT_REMAP:
        *event = (struct ps_lazy_event){.kind = PS_LAZY_MOVED, .address = message->arg.remap.from, .bytes = message->arg.remap.len};
        return 1;
    default:
        return 0;
    }
}

int32_t ps_lazy_read(struct ps_lazy *lazy, struct ps_lazy_event *events, uint64_t room, uint64_t *count, int32_t *err)
{
    struct ps_uffd_msg messages[PS_EVENTS];
    uint64_t wanted = room < PS_EVENTS ? room : PS_EVENTS;

    *err = 0;
    *count = 0;
    if (room == 0)
        return PS_ARGUMENT;
    ssize_t bytes = read(lazy->uffd, messages, wanted * sizeof(messages[0]));

    if (bytes < 0 && errno != EAGAIN && errno != EINTR) {
        *err = errno;
        return PS_LAZY_EVENTS;
    }
    for (ssize_t i = 0; i < bytes / (ssize_t)sizeof(messages[0]); i++)
        *count += (uint64_t)translate(&messages[i], &events[*count]);
    return PS_OK;
}
