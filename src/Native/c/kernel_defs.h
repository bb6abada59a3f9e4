/*
 * The kernel interfaces the shim uses that a C library's headers may not have yet: Debian 12 ships those of Linux 6.1, and
 * musl-gcc sees none. Numbers and layouts are those of include/uapi/linux/fs.h (PAGEMAP_SCAN, Linux 6.7) and
 * include/uapi/linux/userfaultfd.h (WP_UNPOPULATED 6.4, POISON 6.6, WP_ASYNC 6.7, /dev/userfaultfd 6.1).
 */
#ifndef PS_KERNEL_DEFS_H
#define PS_KERNEL_DEFS_H

#include <stdint.h>
#include <sys/ioctl.h>

/* PAGEMAP_SCAN: an ioctl on /proc/<pid>/pagemap */

struct ps_page_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};
_Static_assert(sizeof(struct ps_page_region) == 24, "struct page_region");

struct ps_pm_scan_arg {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t vec;
    uint64_t vec_len;
    uint64_t max_pages;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
};
_Static_assert(sizeof(struct ps_pm_scan_arg) == 96, "struct pm_scan_arg");

#define PS_PAGEMAP_SCAN _IOWR('f', 16, struct ps_pm_scan_arg)
_Static_assert(PS_PAGEMAP_SCAN == 0xc0606610u, "PAGEMAP_SCAN");

#define PS_PM_SCAN_WP_MATCHING (1u << 0)
#define PS_PM_SCAN_CHECK_WPASYNC (1u << 1)

#define PS_PAGE_IS_WRITTEN (1u << 1)
#define PS_PAGE_IS_PRESENT (1u << 3)
#define PS_PAGE_IS_SWAPPED (1u << 4)

/* userfaultfd */

#define PS_UFFD_API UINT64_C(0xAA)
#define PS_UFFD_USER_MODE_ONLY 1
#define PS_UFFD_FEATURE_EVENT_REMOVE (UINT64_C(1) << 3)
#define PS_UFFD_FEATURE_MISSING_SHMEM (UINT64_C(1) << 5)
#define PS_UFFD_FEATURE_WP_HUGETLBFS_SHMEM (UINT64_C(1) << 12)
#define PS_UFFD_FEATURE_WP_UNPOPULATED (UINT64_C(1) << 13)
#define PS_UFFD_FEATURE_POISON (UINT64_C(1) << 14)
#define PS_UFFD_FEATURE_WP_ASYNC (UINT64_C(1) << 15)

/*
 * WP_ASYNC: the kernel itself lets the first write through, so nobody must serve faults. WP_HUGETLBFS_SHMEM: write-protect
 * markers on shared memory. WP_UNPOPULATED: the same for private pages that do not exist yet.
 */
#define PS_REQUIRED_FEATURES \
    (PS_UFFD_FEATURE_WP_ASYNC | PS_UFFD_FEATURE_WP_HUGETLBFS_SHMEM | PS_UFFD_FEATURE_WP_UNPOPULATED)

struct ps_uffdio_api {
    uint64_t api;
    uint64_t features;
    uint64_t ioctls;
};
_Static_assert(sizeof(struct ps_uffdio_api) == 24, "struct uffdio_api");

struct ps_uffdio_range {
    uint64_t start;
    uint64_t len;
};
_Static_assert(sizeof(struct ps_uffdio_range) == 16, "struct uffdio_range");

struct ps_uffdio_register {
    struct ps_uffdio_range range;
    uint64_t mode;
    uint64_t ioctls;
};
_Static_assert(sizeof(struct ps_uffdio_register) == 32, "struct uffdio_register");

struct ps_uffdio_writeprotect {
    struct ps_uffdio_range range;
    uint64_t mode;
};
_Static_assert(sizeof(struct ps_uffdio_writeprotect) == 24, "struct uffdio_writeprotect");

/* UFFDIO_COPY; done: bytes, or an errno below 0 */
struct ps_uffdio_copy {
    uint64_t dst;
    uint64_t src;
    uint64_t len;
    uint64_t mode;
    int64_t done;
};
_Static_assert(sizeof(struct ps_uffdio_copy) == 40, "struct uffdio_copy");

/* UFFDIO_ZEROPAGE and UFFDIO_POISON; done: as above */
struct ps_uffdio_fill {
    struct ps_uffdio_range range;
    uint64_t mode;
    int64_t done;
};
_Static_assert(sizeof(struct ps_uffdio_fill) == 32, "struct uffdio_zeropage");

/* What is read from a userfaultfd. */
struct ps_uffd_msg {
    uint8_t event;
    uint8_t reserved[7];
    union {
        struct {
            uint64_t flags;
            uint64_t address;
            uint64_t thread;
        } pagefault;
        struct {
            uint64_t from;
            uint64_t to;
            uint64_t len;
        } remap;
        struct {
            uint64_t start;
            uint64_t end;
        } remove;
    } arg;
};
_Static_assert(sizeof(struct ps_uffd_msg) == 32, "struct uffd_msg");

#define PS_UFFD_EVENT_PAGEFAULT 0x12
#define PS_UFFD_EVENT_FORK 0x13
#define PS_UFFD_EVENT_REMAP 0x14
#define PS_UFFD_EVENT_REMOVE 0x15
#define PS_UFFD_EVENT_UNMAP 0x16
#define PS_UFFD_PAGEFAULT_FLAG_WRITE (UINT64_C(1) << 0)

#define PS_UFFDIO_REGISTER_MODE_MISSING (UINT64_C(1) << 0)
#define PS_UFFDIO_REGISTER_MODE_WP (UINT64_C(1) << 1)
#define PS_UFFDIO_WRITEPROTECT_MODE_WP (UINT64_C(1) << 0)

#define PS_UFFDIO_API _IOWR(0xAA, 0x3F, struct ps_uffdio_api)
#define PS_UFFDIO_REGISTER _IOWR(0xAA, 0x00, struct ps_uffdio_register)
#define PS_UFFDIO_UNREGISTER _IOR(0xAA, 0x01, struct ps_uffdio_range)
#define PS_UFFDIO_WAKE _IOR(0xAA, 0x02, struct ps_uffdio_range)
#define PS_UFFDIO_COPY _IOWR(0xAA, 0x03, struct ps_uffdio_copy)
#define PS_UFFDIO_ZEROPAGE _IOWR(0xAA, 0x04, struct ps_uffdio_fill)
#define PS_UFFDIO_POISON _IOWR(0xAA, 0x08, struct ps_uffdio_fill)
#define PS_UFFDIO_WRITEPROTECT _IOWR(0xAA, 0x06, struct ps_uffdio_writeprotect)
#define PS_USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)

#endif
