/* Descriptors over a Unix socket (SCM_RIGHTS, unix(7)). */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lazy.h"
#include "ps_abi.h"

/* Room for one descriptor, aligned as the kernel's header of it must be. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int32_t ps_lazy_send(struct ps_lazy *lazy, int32_t socket, const void *bytes, uint64_t count, int32_t *err)
{
    union control control = {0};
    struct iovec content = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    ssize_t sent;

    *err = 0;
    if (count == 0)
        return PS_ARGUMENT;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &lazy->uffd, sizeof(int));
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)count)
        return PS_OK;
    /* A message of this size is sent at once or not at all, unless the other side left. */
    *err = sent < 0 ? errno : EPIPE;
    return PS_SOCKET;
}

/* The one descriptor of a message; others than it are closed. -1 without. */
static int take_descriptor(struct msghdr *message)
{
    int taken = -1;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
            if (taken < 0)
                taken = fd;
            else
                close(fd);
        }
    }
    return taken;
}

int32_t ps_socket_receive(int32_t socket, void *bytes, uint64_t room, uint64_t *count, int32_t *fd, int32_t *err)
{
    union control control = {0};
    struct iovec content = {.iov_base = bytes, .iov_len = room};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t received;

    *err = 0;
    *count = 0;
    *fd = -1;
    if (room == 0)
        return PS_ARGUMENT;
    do
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0) {
        *err = errno;
        return PS_SOCKET;
    }
    *count = (uint64_t)received;
    *fd = take_descriptor(&message);
    return PS_OK;
}
