/* What a program finds in a KVM machine: where its memory is laid out, and the ports (src/Native/c/ps_abi.h, PS_KVM_PORT_). */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define PAGE_BYTES UINT64_C(4096)

/* The page tables are below, a page for each GiB of memory: up to 125 GiB. */
#define PARAMETERS UINT64_C(0x80000) /* a page that the owner fills in before the start */
#define STATE UINT64_C(0x81000)      /* a page that the owner may look at while the program stands */
#define STACK_TOP UINT64_C(0xa0000)
#define PROGRAM UINT64_C(0x100000)
#define DATA UINT64_C(0x200000) /* from here on memory is the program's data */

enum port {
    PORT_CONSOLE = 0xe9,
    PORT_PROGRESS_HIGH = 0x700,
    PORT_PROGRESS = 0x704,
    PORT_END = 0x708,
    PORT_PAUSE = 0x70c,
    PORT_ANSWER = 0x710,
    PORT_INPUT = 0x714,
};

static inline void out(enum port port, uint32_t value)
{
    __asm__ volatile("outl %0, %w1" : : "a"(value), "d"(port) : "memory");
}

static inline uint32_t in(enum port port)
{
    uint32_t value;

    __asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(port) : "memory");
    return value;
}

static inline void print(const char *text)
{
    for (; *text != 0; text++)
        __asm__ volatile("outb %b0, %w1" : : "a"(*text), "d"(PORT_CONSOLE) : "memory");
}

static inline void report(uint64_t counter)
{
    out(PORT_PROGRESS_HIGH, (uint32_t)(counter >> 32));
    out(PORT_PROGRESS, (uint32_t)counter);
}

static inline _Noreturn void end(uint32_t code)
{
    for (;;)
        out(PORT_END, code);
}

/* The entry, first in the binary: a stack, and then run(bytes of memory). */
#define ENTRY(run) \
    __asm__(".section .text.start, \"ax\"\n" \
            ".globl start\n" \
            "start: mov $0xa0000, %esp\n" \
            "call " #run "\n" \
            "ud2\n" \
            ".previous")

#endif
