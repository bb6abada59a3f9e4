/*
 * Memory that clones of a guest share: a memfd that nobody can change any more, and private mappings of it. The kernel copies a page for who
 * writes to it, and page tables tell which those are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ps_abi.h"

/* With these a mapping of the file has the same bytes, and as many, for as long as it lasts. */
#define PS_BASE_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* Entries of a pagemap that one read takes: 8 KiB of stack, 4 MiB of memory. */
#define PS_PAGEMAP_ENTRIES 1024

/* An entry of a pagemap (Documentation/admin-guide/mm/pagemap.rst). */
#define PS_PM_UFFD_WP (UINT64_C(1) << 57)
#define PS_PM_FILE (UINT64_C(1) << 61)
#define PS_PM_SWAP (UINT64_C(1) << 62)
#define PS_PM_PRESENT (UINT64_C(1) << 63)

int32_t ps_base_seal(int32_t fd, int32_t *err)
{
    *err = 0;
    if (fcntl(fd, F_ADD_SEALS, PS_BASE_SEALS | F_SEAL_SEAL) == 0)
        return PS_OK;
    *err = errno;
    return PS_SEALS;
}

int32_t ps_base_size(int32_t fd, uint64_t *bytes, int32_t *err)
{
    struct stat status;
    int seals = fcntl(fd, F_GET_SEALS);

    *err = 0;
    *bytes = 0;
    if (seals < 0 || (seals & PS_BASE_SEALS) != PS_BASE_SEALS) {
        *err = seals < 0 ? errno : 0;
        return PS_SEALS;
    }
    if (fstat(fd, &status) != 0) {
        *err = errno;
        return PS_READ;
    }
    *bytes = (uint64_t)status.st_size;
    return PS_OK;
}

int32_t ps_base_map(int32_t fd, uint64_t bytes, void **address, int32_t *err)
{
    *err = 0;
    *address = NULL;
    if (bytes == 0 || bytes > INT64_MAX || bytes % (uint64_t)sysconf(_SC_PAGESIZE) != 0)
        return PS_ARGUMENT;
    /* NORESERVE: a clone may write all of it, and seldom does. */
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);

    if (mapped == MAP_FAILED) {
        *err = errno;
        return PS_MEMORY;
    }
    /* As any guest's memory it stays out of core dumps. */
    if (madvise(mapped, bytes, MADV_DONTDUMP) != 0) {
        *err = errno;
        munmap(mapped, bytes);
        return PS_MEMORY;
    }
    *address = mapped;
    return PS_OK;
}

/* A byte of each page: the kernel maps the pages around one with it. */
static void touch(const volatile unsigned char *from, uint64_t bytes, uint64_t page_bytes)
{
    for (uint64_t at = 0; at < bytes; at += page_bytes)
        (void)from[at];
}

int32_t ps_base_touch(int32_t fd, const void *address, uint64_t bytes, uint64_t *data_bytes, int32_t *err)
{
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    off_t data = 0;

    *err = 0;
    *data_bytes = 0;
    for (off_t hole = 0; (data = lseek(fd, hole, SEEK_DATA)) >= 0 && (uint64_t)data < bytes;) {
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole < 0)
            break;
        uint64_t length = ((uint64_t)hole < bytes ? (uint64_t)hole : bytes) - (uint64_t)data;

        touch((const volatile unsigned char *)address + data, length, page_bytes);
        *data_bytes += length;
        if ((uint64_t)hole >= bytes)
            return PS_OK;
    }
    /* ENXIO: there is no data behind the last hole. */
    if (data >= 0 || errno == ENXIO)
        return PS_OK;
    *err = errno;
    return PS_READ;
}

/*
 * A page of a private mapping is its own once it is anonymous. What is swapped out is that, too; but so looks the mark with which a userfaultfd
 * protects a page that is not there, and that one is the file's.
 */
static int is_own(uint64_t entry)
{
    return (entry & PS_PM_FILE) == 0 && (entry & PS_PM_PRESENT || (entry & PS_PM_SWAP && (entry & PS_PM_UFFD_WP) == 0));
}

static int is_unclear(uint64_t entry)
{
    return (entry & (PS_PM_FILE | PS_PM_PRESENT)) == 0 && entry & PS_PM_SWAP && entry & PS_PM_UFFD_WP;
}

static int32_t read_entries(int pagemap, uint64_t page, uint64_t *entries, uint64_t count, int32_t *err)
{
    ssize_t bytes = (ssize_t)(count * sizeof(*entries));
    ssize_t got = pread(pagemap, entries, (size_t)bytes, (off_t)(page * sizeof(*entries)));

    if (got == bytes)
        return PS_OK;
    *err = got < 0 ? errno : EIO;
    return PS_READ;
}

/* Makes an unclear page clear: reading it brings it, swapped out or the file's. */
static int32_t clear_up(int pagemap, uint64_t address, uint64_t page_bytes, uint64_t *entry, int32_t *err)
{
    /* Once more where the page is sent away again in between. */
    for (int tries = 0; tries < 3 && is_unclear(*entry); tries++) {
        touch((const volatile unsigned char *)(uintptr_t)address, page_bytes, page_bytes);
        int32_t result = read_entries(pagemap, address / page_bytes, entry, 1, err);

        if (result != PS_OK)
            return result;
    }
    return PS_OK;
}

static int32_t own_of(int pagemap, uint64_t address, uint64_t first, uint64_t count, uint64_t *words, int32_t *err)
{
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t entries[PS_PAGEMAP_ENTRIES];
    int32_t result = PS_OK;

    for (uint64_t done = 0; result == PS_OK && done < count;) {
        uint64_t batch = count - done < PS_PAGEMAP_ENTRIES ? count - done : PS_PAGEMAP_ENTRIES;

        result = read_entries(pagemap, address / page_bytes + first + done, entries, batch, err);
        for (uint64_t i = 0; result == PS_OK && i < batch; i++, done++) {
            result = clear_up(pagemap, address + (first + done) * page_bytes, page_bytes, &entries[i], err);
            if (result == PS_OK && (is_own(entries[i]) || is_unclear(entries[i])))
                words[done / 64] |= UINT64_C(1) << (done % 64);
        }
    }
    return result;
}

int32_t ps_base_own(const void *address, uint64_t first, uint64_t page_count, uint64_t *words, uint64_t word_count, int32_t *err)
{
    *err = 0;
    if ((uint64_t)(uintptr_t)address % (uint64_t)sysconf(_SC_PAGESIZE) != 0 || word_count < page_count / 64 + (page_count % 64 != 0))
        return PS_ARGUMENT;
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

    if (pagemap < 0) {
        *err = errno;
        return PS_PAGEMAP;
    }
    int32_t result = own_of(pagemap, (uint64_t)(uintptr_t)address, first, page_count, words, err);

    close(pagemap);
    return result;
}
