/*
 * A copy out of a mapped file that survives what the file does meanwhile. A page of a mapping that is behind the end of its file, or
 * that the medium does not give, is a SIGBUS for whoever touches it, and no check beforehand can exclude it: the file may be
 * truncated between check and touch. So the copy is made under a handler that jumps out of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "ps_abi.h"

/*
 * The handler reads this in whatever thread a SIGBUS hits. The initial-exec model makes that one load: under the general one, glibc
 * may allocate a thread's copy at the first use, which no signal handler may do. musl takes no library of that model from dlopen and
 * allocates every thread's copy when the library is loaded.
 */
#ifdef __GLIBC__
#define PS_SIGNAL_SAFE_TLS __attribute__((tls_model("initial-exec")))
#else
#define PS_SIGNAL_SAFE_TLS
#endif

/* A copy that runs. It lies on the stack of its thread, so that the thread-local part is one pointer: initial-exec space is scarce. */
struct copy {
    uintptr_t first;
    uintptr_t end;
    struct copy *outer; /* of a copy that a signal handler makes in the middle of another one */
    volatile int32_t error;
    sigjmp_buf out;
};

static _Thread_local PS_SIGNAL_SAFE_TLS struct copy *volatile running;

/* What handled SIGBUS before; the runtime, a debugger, another library. */
static struct sigaction previous;
static uintptr_t page_bytes;
static int install_errno;
static atomic_int installed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Lets the default happen: the fault comes again when this handler returns, and a signal that was sent is sent again. */
static void die(int signal, const siginfo_t *info)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    int sent = info->si_code <= 0 || info->si_code == BUS_MCEERR_AO;

    if (sent && previous.sa_handler == SIG_IGN)
        return;
    /* A fault may not be ignored: the kernel kills then, too. */
    sigaction(signal, &standard, NULL);
    if (sent)
        raise(signal);
}

/* Does what the kernel would have done without this handler. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
    if (previous.sa_flags & (int)SA_RESETHAND) {
        struct sigaction standard = {.sa_handler = SIG_DFL};

        sigaction(signal, &standard, NULL);
    }
    if (previous.sa_flags & SA_SIGINFO)
        previous.sa_sigaction(signal, info, context);
    else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN)
        die(signal, info);
    else
        previous.sa_handler(signal);
}

/*
 * Whether a fault concerns what this thread is copying. The address of a fault may be rounded down: to the page, on some
 * processors; to what the hardware lost, for a memory failure. A signal that was sent carries no address at all.
 */
static int is_of(const struct copy *copy, const siginfo_t *info)
{
    uintptr_t unit = page_bytes;

    if (info->si_code == BUS_MCEERR_AR && info->si_addr_lsb > 0)
        unit = (uintptr_t)1 << info->si_addr_lsb;
    else if (info->si_code != BUS_ADRERR && info->si_code != BUS_MCEERR_AR)
        return 0;
    uintptr_t address = (uintptr_t)info->si_addr;

    return address >= (copy->first & ~(unit - 1)) && address < copy->end;
}

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
    struct copy *copy = running;

    if (copy == NULL || !is_of(copy, info)) {
        pass_on(signal, info, context);
        return;
    }
    copy->error = info->si_code == BUS_MCEERR_AR ? EHWPOISON : EIO;
    /*
     * The mask that returning from here would have brought back; above all SIGBUS itself is blocked now. Saving it with
     * sigsetjmp would cost every copy a system call.
     */
    pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
    siglongjmp(copy->out, 1);
}

static void install(void)
{
    struct sigaction ours = {.sa_sigaction = on_bus_error};

    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    /* Read first: another thread may meet the new handler before the second call has written what was there. */
    if (sigaction(SIGBUS, NULL, &previous) == 0) {
        /* Whatever handled the signal finds the mask that it asked for, and so do system calls that are interrupted. */
        ours.sa_mask = previous.sa_mask;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK | (previous.sa_flags & (SA_NODEFER | SA_RESTART));
        if (sigaction(SIGBUS, &ours, &previous) == 0) {
            atomic_store(&installed, 1);
            return;
        }
    }
    install_errno = errno;
}

int32_t ps_guard_install(int32_t *err)
{
    *err = 0;
    if (pthread_once(&once, install) == 0 && atomic_load(&installed))
        return PS_OK;
    *err = install_errno;
    return PS_SIGNAL;
}

int32_t ps_guard_copy(const void *source, void *destination, uint64_t bytes, int32_t *err)
{
    struct copy copy; /* not initialized as a whole: clearing the jump buffer would cost as much as filling it */

    *err = 0;
    if (!atomic_load_explicit(&installed, memory_order_relaxed))
        return PS_STATE;
    copy.first = (uintptr_t)source;
    copy.end = copy.first + bytes;
    copy.outer = running;
    if (bytes > INT64_MAX || copy.end < copy.first)
        return PS_ARGUMENT;
    if (sigsetjmp(copy.out, 0) != 0) {
        running = copy.outer;
        *err = copy.error;
        return PS_FAULT;
    }
    running = &copy;
    /* To the compiler nothing of memcpy depends on running; to the handler all of it does. */
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(destination, source, bytes);
    atomic_signal_fence(memory_order_seq_cst);
    running = copy.outer;
    return PS_OK;
}
