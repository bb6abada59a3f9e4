/* What the parts of the KVM machine share. */
#ifndef PS_KVM_H
#define PS_KVM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "kvm_defs.h"
#include "ps_abi.h"

#define PS_KVM_PAGE_BYTES UINT64_C(4096)

/* What the owner wants of the thread. */
enum ps_kvm_wish {
    PS_KVM_STAND,
    PS_KVM_GO,
    PS_KVM_QUIT,
};

/* The guest's dirty log: KVM's bitmap, or a ring that is emptied into a bitmap of the shim's. */
struct ps_kvm_log {
    pthread_mutex_t lock; /* the thread empties a full ring, the owner empties it at a harvest */
    int running;
    uint64_t *words; /* what was asked for last; with a ring, also what was not harvested yet */
    uint64_t *answer;
    uint64_t word_count;
    struct ps_kvm_dirty_gfn *ring; /* null without */
    uint32_t ring_entries;
    uint64_t ring_next;
};

struct ps_kvm {
    int device;
    int vm;
    int vcpu;
    uint64_t address; /* of the guest's memory in this process; the shim itself touches it in ps_kvm_load and ps_kvm_clear_accessed only */
    uint64_t bytes;
    struct ps_kvm_run *run;
    uint64_t run_bytes;
    uint64_t xsave_bytes;

    pthread_mutex_t lock; /* of all below but the atomics; the thread holds it between stretches */
    pthread_cond_t changed;
    pthread_t thread;
    int has_thread;
    enum ps_kvm_wish wish;
    struct ps_kvm_status status;
    struct ps_kvm_sample samples[PS_KVM_SAMPLES];
    uint8_t console[PS_KVM_CONSOLE_BYTES];

    uint32_t progress_high; /* the thread's alone */
    atomic_int stopping;    /* the vCPU is to leave KVM_RUN */
    _Atomic uint32_t input;
    struct ps_kvm_log log;
};

/* Opens /dev/kvm. -1 and errno; ENOSYS on processors that this is not written for. */
int ps_kvm_device(void);

/* PS_KVM_LACKS_ bits of an open device. */
uint32_t ps_kvm_lacks(int device);

/* Whether nothing runs, so that the state may be read and set. Takes the lock. */
int ps_kvm_stands(struct ps_kvm *kvm);

/* The vCPU was set to where it can be run from, whatever stopped it before. Takes the lock. */
void ps_kvm_set_standing(struct ps_kvm *kvm);

/* Makes the slot of the guest's memory, or changes its flags. 0, or -1 and errno. */
int ps_kvm_set_slot(struct ps_kvm *kvm, uint32_t flags);

/* Handles an exit of KVM_RUN; for one that stops the guest, fills in the reason. 1 if KVM must finish the instruction first. */
int ps_kvm_exit(struct ps_kvm *kvm, struct ps_kvm_status *stop);

/* Keeps a report, and a byte of the console. */
void ps_kvm_report(struct ps_kvm *kvm, uint64_t counter);
void ps_kvm_print(struct ps_kvm *kvm, uint8_t byte);

/* The log's memory, and for a ring its mapping. 0, or -1 and errno. */
int ps_kvm_log_open(struct ps_kvm *kvm, uint32_t ring_bytes);
void ps_kvm_log_close(struct ps_kvm *kvm);

/* Empties a ring, on the thread whose vCPU found it full. 0, or -1 and errno. */
int ps_kvm_ring_full(struct ps_kvm *kvm);

/* Moves what is in the ring into the words, and lets KVM use its entries again. The lock of the log is held. 0, or -1 and errno. */
int ps_kvm_ring_collect(struct ps_kvm *kvm);

#endif
