/*
 * Preloaded into a process (LD_PRELOAD), it makes a system call on one file fail, as an unwilling medium would. Tests only.
 *
 *   PAGESTORE_FAULT_SUFFIX    only files whose path ends in this
 *   PAGESTORE_FAULT_CALLS     the calls that count, parted by commas: write, sync, truncate, allocate
 *   PAGESTORE_FAULT_AT        which of them fails, from 1
 *   PAGESTORE_FAULT_ERRNO     the errno; 0 makes a write short in place of failing
 *   PAGESTORE_FAULT_LASTING   if set, all behind it fail as well
 *   PAGESTORE_FAULT_LOG       a file that gets one line for each fault
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum fault { NO_FAULT, FAILS, IS_SHORT };

static atomic_long calls;

/*
 * The C library's own dlsym. Its version is that of glibc 2.34, or the first that the architecture had: x86-64, and Arm's 64 bits.
 */
static void *find(void *handle, const char *name)
{
    static void *(*real)(void *, const char *);
    const char *versions[] = { "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17" };
    for (size_t i = 0; !real && i < sizeof versions / sizeof *versions; i++)
        *(void **)&real = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    return real ? real(handle, name) : NULL;
}

static int number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

static int ends_in(const char *text, size_t length, const char *suffix)
{
    size_t tail = strlen(suffix);
    return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

static int is_chosen_file(int fd)
{
    char link[64];
    char path[PATH_MAX];
    const char *suffix = getenv("PAGESTORE_FAULT_SUFFIX");
    if (!suffix)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return length > 0 && ends_in(path, (size_t)length, suffix);
}

static int is_chosen_call(const char *call)
{
    const char *list = getenv("PAGESTORE_FAULT_CALLS");
    return list && strstr(list, call) != NULL;
}

static void log_fault(const char *call, int number)
{
    const char *path = getenv("PAGESTORE_FAULT_LOG");
    int log = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (log >= 0) {
        dprintf(log, "%s %d\n", call, number);
        close(log);
    }
}

/* Counts the call, and says what is to become of it; sets errno where it fails. */
static enum fault strike(int fd, const char *call)
{
    int at = number_of("PAGESTORE_FAULT_AT");
    if (at == 0 || !is_chosen_call(call) || !is_chosen_file(fd))
        return NO_FAULT;
    long count = atomic_fetch_add(&calls, 1) + 1;
    if (count < at || (count > at && !getenv("PAGESTORE_FAULT_LASTING")))
        return NO_FAULT;
    int number = number_of("PAGESTORE_FAULT_ERRNO");
    log_fault(call, number);
    if (number == 0)
        return IS_SHORT;
    errno = number;
    return FAILS;
}

/* A conversion between object and function pointers that ISO C leaves open and POSIX promises. */
#define REAL(name, ...) \
    static int (*real_##name)(__VA_ARGS__); \
    if (!real_##name) \
        *(void **)&real_##name = find(RTLD_NEXT, #name)

static size_t half_of(size_t count)
{
    return count > 1 ? count / 2 : count;
}

#define DEFINE_PWRITE(name, offset_type) \
    EXPORT ssize_t name(int fd, const void *buffer, size_t count, offset_type offset) \
    { \
        static ssize_t (*real)(int, const void *, size_t, offset_type); \
        if (!real) \
            *(void **)&real = find(RTLD_NEXT, #name); \
        enum fault fault = strike(fd, "write"); \
        return fault == FAILS ? -1 : real(fd, buffer, fault == IS_SHORT ? half_of(count) : count, offset); \
    }

DEFINE_PWRITE(pwrite, off_t)
DEFINE_PWRITE(pwrite64, off64_t)

/* A short gathered write ends in its first part. */
#define DEFINE_PWRITEV(name, offset_type) \
    EXPORT ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset) \
    { \
        static ssize_t (*real)(int, const struct iovec *, int, offset_type); \
        if (!real) \
            *(void **)&real = find(RTLD_NEXT, #name); \
        enum fault fault = strike(fd, "write"); \
        if (fault == FAILS) \
            return -1; \
        if (fault == NO_FAULT || count < 1) \
            return real(fd, parts, count, offset); \
        struct iovec first = { parts[0].iov_base, half_of(parts[0].iov_len) }; \
        return real(fd, &first, 1, offset); \
    }

DEFINE_PWRITEV(pwritev, off_t)
DEFINE_PWRITEV(pwritev64, off64_t)

#define DEFINE_SYNC(name) \
    EXPORT int name(int fd) \
    { \
        REAL(name, int); \
        return strike(fd, "sync") == NO_FAULT ? real_##name(fd) : -1; \
    }

DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

#define DEFINE_TRUNCATE(name, offset_type) \
    EXPORT int name(int fd, offset_type length) \
    { \
        REAL(name, int, offset_type); \
        return strike(fd, "truncate") == NO_FAULT ? real_##name(fd, length) : -1; \
    }

DEFINE_TRUNCATE(ftruncate, off_t)
DEFINE_TRUNCATE(ftruncate64, off64_t)

#define DEFINE_ALLOCATE(name, offset_type) \
    EXPORT int name(int fd, int mode, offset_type offset, offset_type length) \
    { \
        REAL(name, int, int, offset_type, offset_type); \
        return strike(fd, "allocate") == NO_FAULT ? real_##name(fd, mode, offset, length) : -1; \
    }

DEFINE_ALLOCATE(fallocate, off_t)
DEFINE_ALLOCATE(fallocate64, off64_t)

/* A runtime that looks functions up in the C library by name would pass the ones above by. */
EXPORT void *dlsym(void *handle, const char *name)
{
    static const struct { const char *name; void *function; } ours[] = {
        { "fsync", (void *)fsync }, { "fdatasync", (void *)fdatasync },
        { "ftruncate", (void *)ftruncate }, { "ftruncate64", (void *)ftruncate64 },
        { "fallocate", (void *)fallocate }, { "fallocate64", (void *)fallocate64 },
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(name, ours[i].name) == 0)
            return ours[i].function;
    return find(handle, name);
}
