/* What the guest does that leaves KVM_RUN: its ports, its end, and what it must not do. On the vCPU's thread. */
#include <string.h>
#include <time.h>

#include "kvm.h"

/* A guest that stops by an access to a port. 1: KVM has to finish the instruction. */
static int stop_at(struct ps_kvm_status *stop, enum ps_kvm_reason reason, uint32_t code)
{
    stop->reason = reason;
    stop->code = code;
    return 1;
}

static void answer(struct ps_kvm *kvm, uint32_t value)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->status.answer = value;
    pthread_mutex_unlock(&kvm->lock);
}

static int write_port(struct ps_kvm *kvm, uint16_t port, uint32_t value, struct ps_kvm_status *stop)
{
    switch (port) {
    case PS_KVM_PORT_PROGRESS_HIGH:
        kvm->progress_high = value;
        return 0;
    case PS_KVM_PORT_PROGRESS:
        ps_kvm_report(kvm, (uint64_t)kvm->progress_high << 32 | value);
        return 0;
    case PS_KVM_PORT_ANSWER:
        answer(kvm, value);
        return 0;
    case PS_KVM_PORT_END:
        return stop_at(stop, PS_KVM_ENDED, value);
    case PS_KVM_PORT_PAUSE:
        return stop_at(stop, PS_KVM_ASKED, value);
    default:
        return stop_at(stop, PS_KVM_BAD_PORT, port);
    }
}

static int handle_port(struct ps_kvm *kvm, struct ps_kvm_status *stop)
{
    const struct ps_kvm_run *run = kvm->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    uint32_t value;

    if (run->io.direction != PS_KVM_EXIT_IO_IN && run->io.port == PS_KVM_PORT_CONSOLE && run->io.size == 1) {
        for (uint32_t i = 0; i < run->io.count; i++)
            ps_kvm_print(kvm, data[i]);
        return 0;
    }
    if (run->io.size != sizeof(value) || run->io.count != 1)
        return stop_at(stop, PS_KVM_BAD_PORT, run->io.port);
    memcpy(&value, data, sizeof(value));
    if (run->io.direction != PS_KVM_EXIT_IO_IN)
        return write_port(kvm, run->io.port, value, stop);
    if (run->io.port != PS_KVM_PORT_INPUT)
        return stop_at(stop, PS_KVM_BAD_PORT, run->io.port);
    value = atomic_load(&kvm->input);
    memcpy(data, &value, sizeof(value));
    return 0;
}

int ps_kvm_exit(struct ps_kvm *kvm, struct ps_kvm_status *stop)
{
    const struct ps_kvm_run *run = kvm->run;

    switch (run->exit_reason) {
    case PS_KVM_EXIT_IO:
        return handle_port(kvm, stop);
    case PS_KVM_EXIT_HLT:
        stop->reason = PS_KVM_HALTED;
        return 0;
    case PS_KVM_EXIT_SHUTDOWN:
        stop->reason = PS_KVM_TRIPLE_FAULT;
        return 0;
    case PS_KVM_EXIT_MMIO:
        stop->reason = PS_KVM_OUTSIDE;
        stop->address = run->mmio.phys_addr;
        return 0;
    case PS_KVM_EXIT_FAIL_ENTRY:
        stop->reason = PS_KVM_REFUSED;
        stop->code = (uint32_t)run->fail_entry.reason;
        return 0;
    case PS_KVM_EXIT_INTERNAL_ERROR:
        stop->reason = PS_KVM_REFUSED;
        stop->code = run->internal.suberror;
        return 0;
    case PS_KVM_EXIT_DIRTY_RING_FULL:
        if (ps_kvm_ring_full(kvm) == 0)
            return 0;
        /* A guest whose writes cannot be logged must not go on. */
        __attribute__((fallthrough));
    default:
        stop->reason = PS_KVM_UNKNOWN_EXIT;
        stop->code = run->exit_reason;
        return 0;
    }
}
