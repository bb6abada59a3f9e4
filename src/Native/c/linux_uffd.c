/* How a userfaultfd is had. */
#define _GNU_SOURCE
#include "uffd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_defs.h"

int ps_uffd_from_syscall(int user_mode_only)
{
    int flags = O_CLOEXEC | O_NONBLOCK | (user_mode_only ? PS_UFFD_USER_MODE_ONLY : 0);

    return (int)syscall(SYS_userfaultfd, flags);
}

int ps_uffd_from_device(void)
{
    int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);

    if (device < 0)
        return -1;
    int fd = ioctl(device, PS_USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
    int saved = errno;

    close(device);
    errno = saved;
    return fd;
}

int ps_uffd_for_kernel_faults(void)
{
    int fd = ps_uffd_from_syscall(0);

    if (fd >= 0)
        return fd;
    int saved = errno;

    fd = ps_uffd_from_device();
    if (fd < 0)
        errno = saved;
    return fd;
}

int ps_uffd_handshake(int fd, uint64_t *features)
{
    struct ps_uffdio_api api = {.api = PS_UFFD_API, .features = *features};

    if (ioctl(fd, PS_UFFDIO_API, &api) != 0)
        return -1;
    *features = api.features;
    return 0;
}
