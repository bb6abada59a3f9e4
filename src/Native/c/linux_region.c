/* Memory for a guest: anonymous and private, or a memfd that other processes can map too. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ps_abi.h"

/*
 * A memfd of a fixed size: sealed, so that nobody who gets the descriptor can shrink it and make an access to the mapping a
 * SIGBUS. -1 and errno on failure.
 */
static int sealed_memfd(uint64_t bytes, int more_seals)
{
    int fd = memfd_create("pagestore-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)bytes) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | (more_seals ? 0 : F_SEAL_SEAL)) == 0)
        return fd;
    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

static int32_t map(uint64_t bytes, uint32_t flags, int fd, void **address)
{
    /* A guest seldom uses all of its memory: NORESERVE lets it be larger than what is free now. */
    int kind = flags & PS_REGION_SHARED ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, kind | MAP_NORESERVE, fd, 0);

    if (mapped == MAP_FAILED)
        return PS_MEMORY;
    /* A guest's memory holds its secrets: it stays out of core dumps. */
    if (madvise(mapped, bytes, MADV_DONTDUMP) != 0 ||
        (flags & PS_REGION_HUGE_PAGES && madvise(mapped, bytes, MADV_HUGEPAGE) != 0)) {
        int saved = errno;

        munmap(mapped, bytes);
        errno = saved;
        return PS_MEMORY;
    }
    *address = mapped;
    return PS_OK;
}

int32_t ps_region_map(uint64_t bytes, uint32_t flags, void **address, int32_t *fd, int32_t *err)
{
    *err = 0;
    *address = NULL;
    *fd = -1;
    if (bytes == 0 || bytes > INT64_MAX || bytes % (uint64_t)sysconf(_SC_PAGESIZE) != 0 ||
        flags & ~(PS_REGION_SHARED | PS_REGION_HUGE_PAGES | PS_REGION_SEALABLE) || (flags & PS_REGION_SEALABLE && !(flags & PS_REGION_SHARED)))
        return PS_ARGUMENT;
    int file = -1;

    if (flags & PS_REGION_SHARED) {
        file = sealed_memfd(bytes, (flags & PS_REGION_SEALABLE) != 0);
        if (file < 0) {
            *err = errno;
            return PS_MEMORY;
        }
    }
    int32_t result = map(bytes, flags, file, address);

    if (result == PS_OK) {
        *fd = file;
        return PS_OK;
    }
    *err = errno;
    if (file >= 0)
        close(file);
    return result;
}

int32_t ps_region_unmap(void *address, uint64_t bytes, int32_t *err)
{
    *err = 0;
    if (munmap(address, bytes) == 0)
        return PS_OK;
    *err = errno;
    return PS_MEMORY;
}
