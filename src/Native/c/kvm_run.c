/*
 * The thread that runs a vCPU, and its owner's means to stop and continue it. The thread never enters a runtime and touches no memory
 * of the guest itself: a page that is not there yet makes it wait in the kernel, and nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "kvm.h"
#include "kvm_kick.h"

int ps_kvm_stands(struct ps_kvm *kvm)
{
    pthread_mutex_lock(&kvm->lock);
    int stands = kvm->status.state != PS_KVM_RUNNING;

    pthread_mutex_unlock(&kvm->lock);
    return stands;
}

void ps_kvm_set_standing(struct ps_kvm *kvm)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->status.state = PS_KVM_STANDING;
    kvm->status.reason = PS_KVM_NOT_STOPPED;
    kvm->status.code = 0;
    kvm->status.stop_errno = 0;
    kvm->status.address = UINT64_MAX;
    pthread_mutex_unlock(&kvm->lock);
}

static void fail(struct ps_kvm_status *stop, enum ps_kvm_reason reason, int error, uint64_t address)
{
    stop->reason = reason;
    stop->stop_errno = error;
    stop->address = address;
}

/* A signal tells where in this process; what lies outside of the guest's memory tells nothing. */
static uint64_t guest_address(const struct ps_kvm *kvm, const siginfo_t *signal)
{
    uint64_t at = (uint64_t)(uintptr_t)signal->si_addr - kvm->address;

    return at < kvm->bytes ? at : UINT64_MAX;
}

/* Takes what is pending. SIGBUS comes for a page of the guest that the hardware lost, or that was poisoned. */
static void take_signals(struct ps_kvm *kvm, struct ps_kvm_status *stop)
{
    const struct timespec now = {0};
    siginfo_t signal;
    sigset_t both;

    sigemptyset(&both);
    sigaddset(&both, PS_KVM_KICK);
    sigaddset(&both, SIGBUS);
    for (int taken; (taken = sigtimedwait(&both, &signal, &now)) > 0;)
        if (taken == SIGBUS)
            fail(stop, PS_KVM_BAD_MEMORY, EHWPOISON, guest_address(kvm, &signal));
}

/* Why KVM_RUN failed. */
static void run_failed(struct ps_kvm *kvm, int error, struct ps_kvm_status *stop)
{
    uint64_t address = kvm->run->exit_reason == PS_KVM_EXIT_MEMORY_FAULT ? kvm->run->memory_fault.gpa : UINT64_MAX;

    fail(stop, error == EFAULT || error == EHWPOISON ? PS_KVM_BAD_MEMORY : PS_KVM_RUN_FAILED, error, address);
}

/*
 * Runs until the guest stops itself, whose reason is then in *stop, or is to stop. After an access to a port KVM finishes the
 * instruction at the next KVM_RUN only; so a guest that stops by one enters once more and leaves at once.
 */
static void run_stretch(struct ps_kvm *kvm, struct ps_kvm_status *stop)
{
    int finishing = 0;

    for (;;) {
        kvm->run->exit_reason = PS_KVM_EXIT_UNKNOWN; /* a failed KVM_RUN need not set it */
        if (ioctl(kvm->vcpu, PS_KVM_RUN, 0) != 0) {
            int error = errno;

            if (error != EINTR && error != EAGAIN) {
                run_failed(kvm, error, stop);
                return;
            }
            take_signals(kvm, stop);
            if (finishing || stop->reason != PS_KVM_NOT_STOPPED || atomic_load(&kvm->stopping))
                return;
            continue;
        }
        finishing = ps_kvm_exit(kvm, stop);
        if (finishing)
            __atomic_store_n(&kvm->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        else if (stop->reason != PS_KVM_NOT_STOPPED)
            return;
    }
}

/* The lock is held. */
static void note_stop(struct ps_kvm *kvm, const struct ps_kvm_status *stop)
{
    kvm->status.state = stop->reason == PS_KVM_NOT_STOPPED ? PS_KVM_STANDING : PS_KVM_STOPPED;
    kvm->status.reason = stop->reason;
    kvm->status.code = stop->code;
    kvm->status.stop_errno = stop->stop_errno;
    kvm->status.address = stop->address;
    if (kvm->wish == PS_KVM_GO)
        kvm->wish = PS_KVM_STAND;
    pthread_cond_broadcast(&kvm->changed);
}

static void *run_thread(void *argument)
{
    struct ps_kvm *kvm = argument;

    pthread_mutex_lock(&kvm->lock);
    for (;;) {
        while (kvm->wish == PS_KVM_STAND)
            pthread_cond_wait(&kvm->changed, &kvm->lock);
        if (kvm->wish == PS_KVM_QUIT)
            break;
        pthread_mutex_unlock(&kvm->lock);
        struct ps_kvm_status stop = {.address = UINT64_MAX};

        run_stretch(kvm, &stop);
        pthread_mutex_lock(&kvm->lock);
        note_stop(kvm, &stop);
    }
    pthread_mutex_unlock(&kvm->lock);
    return NULL;
}

/* The thread inherits that it takes no signal. 0 or an errno. */
static int start_thread(struct ps_kvm *kvm)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&kvm->thread, NULL, run_thread, kvm);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    kvm->has_thread = error == 0;
    return error;
}

static int can_run(const struct ps_kvm_status *status)
{
    return status->state == PS_KVM_STANDING ||
           (status->state == PS_KVM_STOPPED && (status->reason == PS_KVM_HALTED || status->reason == PS_KVM_ASKED));
}

int32_t ps_kvm_run(struct ps_kvm *kvm, int32_t *err)
{
    int32_t result = PS_OK;

    *err = 0;
    pthread_mutex_lock(&kvm->lock);
    if (!can_run(&kvm->status))
        result = PS_STATE;
    else if (!kvm->has_thread && (*err = start_thread(kvm)) != 0)
        result = PS_KVM_CREATE;
    if (result == PS_OK) {
        atomic_store(&kvm->stopping, 0);
        __atomic_store_n(&kvm->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        kvm->status.state = PS_KVM_RUNNING;
        kvm->status.reason = PS_KVM_NOT_STOPPED;
        kvm->wish = PS_KVM_GO;
        pthread_cond_broadcast(&kvm->changed);
    }
    pthread_mutex_unlock(&kvm->lock);
    return result;
}

int32_t ps_kvm_pause(struct ps_kvm *kvm, int32_t *err)
{
    int32_t result = PS_OK;

    *err = 0;
    pthread_mutex_lock(&kvm->lock);
    if (kvm->status.state != PS_KVM_RUNNING)
        result = PS_STATE;
    else
        ps_kvm_kick(kvm);
    while (kvm->status.state == PS_KVM_RUNNING)
        pthread_cond_wait(&kvm->changed, &kvm->lock);
    pthread_mutex_unlock(&kvm->lock);
    return result;
}

static struct timespec after(uint32_t milliseconds)
{
    struct timespec then;

    clock_gettime(CLOCK_MONOTONIC, &then);
    then.tv_sec += milliseconds / 1000;
    then.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (then.tv_nsec >= 1000000000) {
        then.tv_sec++;
        then.tv_nsec -= 1000000000;
    }
    return then;
}

int32_t ps_kvm_wait(struct ps_kvm *kvm, uint32_t milliseconds, struct ps_kvm_status *status, int32_t *err)
{
    const struct timespec end = after(milliseconds);
    int over = milliseconds == 0;

    *err = 0;
    pthread_mutex_lock(&kvm->lock);
    while (kvm->status.state == PS_KVM_RUNNING && !over)
        over = pthread_cond_timedwait(&kvm->changed, &kvm->lock, &end) == ETIMEDOUT;
    *status = kvm->status;
    pthread_mutex_unlock(&kvm->lock);
    return PS_OK;
}
