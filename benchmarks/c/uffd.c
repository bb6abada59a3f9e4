/*
 * What the benchmark of lazy resumes is compared with: the same system calls, with the content in memory already, and nothing else. And who touches the pages: native code, as the
 * collector of garbage could not stop a managed thread that waits for one. Definitions as in Linux's include/uapi/linux/userfaultfd.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

struct api {
    uint64_t api, features, ioctls;
};

struct registration {
    uint64_t start, len, mode, ioctls;
};

struct copy {
    uint64_t dst, src, len, mode;
    int64_t copied;
};

struct message {
    uint8_t event, reserved[7];
    uint64_t flags, address, thread;
};

#define UFFDIO_API _IOWR(0xAA, 0x3F, struct api)
#define UFFDIO_REGISTER _IOWR(0xAA, 0x00, struct registration)
#define UFFDIO_COPY _IOWR(0xAA, 0x03, struct copy)
#define MODE_MISSING 1

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int make(uint64_t address, int64_t bytes)
{
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    struct api api = {.api = 0xAA};
    struct registration range = {.start = address, .len = (uint64_t)bytes, .mode = MODE_MISSING};

    return fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 && ioctl(fd, UFFDIO_REGISTER, &range) == 0 ? fd : -1;
}

/* Nanoseconds to fill the range from the source, batch bytes a call; -1 on failure. */
int64_t uffd_prefill(uint64_t address, const uint8_t *source, int64_t bytes, int64_t batch)
{
    int fd = make(address, bytes);
    int64_t begin = now();

    for (int64_t at = 0; at < bytes; at += batch) {
        struct copy copy = {.dst = address + (uint64_t)at, .src = (uint64_t)(uintptr_t)source + (uint64_t)at, .len = (uint64_t)batch};

        if (ioctl(fd, UFFDIO_COPY, &copy) != 0)
            return -1;
    }
    int64_t took = now() - begin;

    close(fd);
    return took;
}

struct server {
    int fd;
    int stop;
    uint64_t address;
    const uint8_t *source;
    pthread_t thread;
};

static void *serve(void *argument)
{
    struct server *server = argument;
    struct pollfd polled[] = {{.fd = server->fd, .events = POLLIN}, {.fd = server->stop, .events = POLLIN}};
    struct message message;

    while (poll(polled, 2, -1) > 0 && polled[1].revents == 0) {
        while (read(server->fd, &message, sizeof(message)) == sizeof(message)) {
            uint64_t page = message.address & ~(uint64_t)(PAGE - 1);
            struct copy copy = {.dst = page, .src = (uint64_t)(uintptr_t)server->source + (page - server->address), .len = PAGE};

            ioctl(server->fd, UFFDIO_COPY, &copy);
        }
    }
    return NULL;
}

static struct server one;

/* Begins to serve the faults of a range by a thread on a processor. */
int32_t uffd_serve(uint64_t address, const uint8_t *source, int64_t bytes, int32_t processor)
{
    cpu_set_t set;

    one = (struct server){.fd = make(address, bytes), .stop = eventfd(0, EFD_CLOEXEC), .address = address, .source = source};
    if (one.fd < 0 || pthread_create(&one.thread, NULL, serve, &one) != 0)
        return -1;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    return pthread_setaffinity_np(one.thread, sizeof(set), &set);
}

void uffd_end(void)
{
    uint64_t stop = 1;

    if (write(one.stop, &stop, sizeof(stop)) == sizeof(stop))
        pthread_join(one.thread, NULL);
    close(one.fd);
    close(one.stop);
}

/* Reads a byte of each page, and how long each took. The sum of the bytes, so that nothing is left out. */
int64_t uffd_touch(uint64_t address, const int64_t *pages, int64_t count, int64_t *nanoseconds)
{
    int64_t sum = 0;

    for (int64_t i = 0; i < count; i++) {
        int64_t begin = now();

        sum += *(volatile uint8_t *)(uintptr_t)(address + (uint64_t)pages[i] * PAGE);
        nanoseconds[i] = now() - begin;
    }
    return sum;
}
