/*
 * A program that does what it is told, command by command: it reads one from its input, does it, and asks for a pause with the command
 * as code. Of the pages that it touches it tells each by a report: the page, and 2^32 if it writes it.
 */
#include "machine.h"

/* As in GuestCommand of the tests. */
enum command {
    READ = 1,
    WRITE = 2,
    SPIN = 3,       /* until the input changes */
    SPEAK = 4,
    FAULT = 5,      /* an exception that nobody handles */
    BAD_PORT = 6,
    TOUCH = 7,      /* one address, the parameter first */
    VECTOR_SET = 8, /* a register of SSE, from the parameter seed */
    VECTOR_GET = 9, /* ends with 1 if it holds the seed still, else with 2 */
    END = 10,
    COUNT = 11,     /* reports without end */
};

struct parameters {
    uint64_t seed;
    uint64_t first; /* the first page of those that may be touched */
    uint64_t span;  /* how many they are */
    uint64_t count; /* how many are touched, some of them twice */
};

void obey(uint64_t bytes);
ENTRY(obey);

/* xorshift64 (Marsaglia 2003). */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void touch_pages(const struct parameters *p, int write)
{
    uint64_t state = p->seed;

    for (uint64_t i = 0; i < p->count; i++) {
        uint64_t page = p->first + next(&state) % p->span;
        volatile uint64_t *word = (volatile uint64_t *)(page * PAGE_BYTES + state % 512 * 8);

        report(page | (uint64_t)write << 32);
        if (write)
            *word = state;
        else
            (void)*word;
    }
}

static uint64_t vector(void)
{
    uint64_t value;

    __asm__ volatile("movq %%xmm5, %0" : "=r"(value));
    return value;
}

static void count(void)
{
    for (uint64_t counter = 1;; counter++)
        report(counter);
}

static void obey_one(uint32_t command, const struct parameters *p)
{
    switch (command) {
    case READ:
    case WRITE:
        touch_pages(p, command == WRITE);
        break;
    case SPIN:
        while (in(PORT_INPUT) == SPIN)
            for (volatile int i = 0; i < 10000; i++)
                ;
        break;
    case SPEAK:
        print("all is well\n");
        break;
    case FAULT:
        __asm__ volatile("ud2");
        break;
    case BAD_PORT:
        __asm__ volatile("outl %%eax, %w0" : : "d"(0x123));
        break;
    case TOUCH:
        *(volatile uint64_t *)p->first = p->seed;
        break;
    case VECTOR_SET:
        __asm__ volatile("movq %0, %%xmm5" : : "r"(p->seed));
        break;
    case VECTOR_GET:
        end(vector() == p->seed ? 1 : 2);
    case END:
        end((uint32_t)p->seed);
    case COUNT:
        count();
        break;
    default:
        break;
    }
}

void obey(uint64_t bytes)
{
    (void)bytes;
    for (;;) {
        uint32_t command = in(PORT_INPUT);

        obey_one(command, (const struct parameters *)PARAMETERS);
        out(PORT_ANSWER, command);
        out(PORT_PAUSE, command);
    }
}
