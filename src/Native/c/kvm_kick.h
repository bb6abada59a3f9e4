/* Makes the vCPU leave KVM_RUN. */
#ifndef PS_KVM_KICK_H
#define PS_KVM_KICK_H

#include <signal.h>

#include "kvm.h"

/* The last of the real-time signals: no runtime or library that we know of uses it, and only vCPU threads ever get it. */
#define PS_KVM_KICK 64
_Static_assert(PS_KVM_KICK < _NSIG, "SIGRTMAX of Linux");

/*
 * The lock is held. The flag is for a thread that is about to enter KVM_RUN, the signal for one that is inside. One that comes too late
 * only makes the next KVM_RUN return once in vain.
 */
static inline void ps_kvm_kick(struct ps_kvm *kvm)
{
    atomic_store(&kvm->stopping, 1);
    __atomic_store_n(&kvm->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    pthread_kill(kvm->thread, PS_KVM_KICK);
}

#endif
