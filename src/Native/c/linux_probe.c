/* What this kernel and this process can do, found by trying. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel_defs.h"
#include "ps_abi.h"
#include "uffd.h"

/* Closes fd if it is one, and says why it is not. */
static int32_t close_or_errno(int fd)
{
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* The kernel answers a handshake that asks for nothing with everything it has; the descriptor is of no use afterwards. */
static uint64_t features_of(int fd)
{
    uint64_t features = 0;

    return ps_uffd_handshake(fd, &features) == 0 ? features : 0;
}

static void probe_userfaultfd(struct ps_linux_caps *caps)
{
    int fd = ps_uffd_from_syscall(1);

    if (fd >= 0)
        caps->uffd_features = features_of(fd);
    caps->userfaultfd_errno = close_or_errno(fd);

    fd = ps_uffd_from_device();
    if (fd >= 0 && caps->userfaultfd_errno != 0)
        caps->uffd_features = features_of(fd);
    caps->device_errno = close_or_errno(fd);

    caps->full_userfaultfd_errno = close_or_errno(ps_uffd_from_syscall(0));
}

static void probe_pagemap(struct ps_linux_caps *caps)
{
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        caps->pagemap_errno = errno;
        caps->scan_errno = errno;
        return;
    }
    struct ps_pm_scan_arg arg = {.size = sizeof(arg), .category_mask = PS_PAGE_IS_WRITTEN, .return_mask = PS_PAGE_IS_WRITTEN};

    if (ioctl(fd, PS_PAGEMAP_SCAN, &arg) < 0)
        caps->scan_errno = errno;
    close(fd);
}

int32_t ps_linux_probe(struct ps_linux_caps *caps, int32_t *err)
{
    *err = 0;
    *caps = (struct ps_linux_caps){0};
    probe_userfaultfd(caps);
    probe_pagemap(caps);
    return PS_OK;
}
