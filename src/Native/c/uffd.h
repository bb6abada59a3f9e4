/* Descriptors of userfaultfd, for the files of the shim. */
#ifndef PS_UFFD_H
#define PS_UFFD_H

#include <stdint.h>

/* Each returns a descriptor, or -1 and errno. user_mode_only: UFFD_USER_MODE_ONLY, which needs no right. */
int ps_uffd_from_syscall(int user_mode_only);
int ps_uffd_from_device(void);

/* For faults from inside the kernel too, which takes a right: one of both ways. */
int ps_uffd_for_kernel_faults(void);

/* The handshake. features: what is wanted, 0 to ask; receives what the kernel offers. 0, or -1 and errno. */
int ps_uffd_handshake(int fd, uint64_t *features);

#endif
