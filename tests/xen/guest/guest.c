// The first and only process of a test guest. It writes a working set, page by page, and checks all of it again and again, so that
// its console tells whether its memory is right: after a restore a page that is older, newer or another's is reported by its number.
//
// From outside it can be told to write and to read a number of pages once and to stand still, see struct mailbox.
//
// The kernel's command line sets, as environment variables: seed, pages (the working set), dirty (pages written a tick), tick (in us),
// disk (a block device that it writes to, none if there is no such variable), disk_every (it is written each so many checks, and read each time).
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"

enum {
    PAGE_WORDS = PAGE_BYTES / 8,
    // For 8192 pages, which takes a guest of 128 MiB.
    MAX_LIST_PAGES = 16,
    // The whole set is checked this often: once a second at the default tick. Under emulation a check takes a tenth of that.
    TICKS_PER_CHECK = 20,
    // How often an order is looked for by a guest that stands still, in us.
    ORDER_POLL = 1000,
};

// An order of so many pages is none: the guest goes on by itself.
static const uint64_t GO_ON = UINT64_MAX;

// Found from outside by its magic or by the page number that the guest prints. Numbers are little-endian.
struct mailbox {
    char magic[16];
    volatile uint64_t ticks;
    volatile uint64_t dirty_per_tick;   // may be written from outside
    uint64_t seed;
    uint64_t page_count;
    volatile uint64_t writes;           // pages written so far, the sum of all generations
    uint64_t list_pfns[MAX_LIST_PAGES]; // pages that list the page numbers of the working set, PAGE_WORDS each
    // Orders from outside: first how many pages to write once, and how many to read, then a new number. The guest does so, repeats the number, and
    // stands still until the next one.
    volatile uint64_t order_pages;
    volatile uint64_t order;
    volatile uint64_t order_done;
    volatile uint64_t order_reads;
    volatile uint64_t reads; // pages read so far by such orders
};

struct guest {
    struct mailbox *box;
    uint64_t *pages;
    uint64_t *generations; // how often each page was written
    uint64_t hot_count;    // pages below are written in turn, those above never
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static void *locked_pages(uint64_t count)
{
    size_t bytes = count * PAGE_BYTES;
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || madvise(start, bytes, MADV_NOHUGEPAGE) || mlock(start, bytes)) {
        perror("GUEST BAD no memory");
        exit(1);
    }
    return start;
}

static uint64_t pfn_of(const void *page)
{
    // The kernel's Documentation/admin-guide/mm/pagemap.rst: bits 0 to 54 of an entry are the page frame number.
    const uint64_t pfn_bits = (UINT64_C(1) << 55) - 1;
    uint64_t entry = 0;
    int pagemap = open("/proc/self/pagemap", O_RDONLY);
    if (pread(pagemap, &entry, sizeof entry, (off_t)((uintptr_t)page / PAGE_BYTES * sizeof entry)) != sizeof entry)
        perror("GUEST BAD pagemap");
    close(pagemap);
    return entry & pfn_bits;
}

// The finalizer of splitmix64 (Steele, Lea, Flood 2014): each word of each page in each generation is another.
static uint64_t word_of(uint64_t seed, uint64_t page, uint64_t generation, uint64_t word)
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + ((page << 40) ^ (generation << 10) ^ word);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void write_page(struct guest *guest, uint64_t page)
{
    uint64_t *words = guest->pages + page * PAGE_WORDS;
    for (uint64_t word = 0; word < PAGE_WORDS; word++)
        words[word] = word_of(guest->box->seed, page, guest->generations[page], word);
}

static int check_page(const struct guest *guest, uint64_t page)
{
    const uint64_t *words = guest->pages + page * PAGE_WORDS;
    for (uint64_t word = 0; word < PAGE_WORDS; word++) {
        if (words[word] != word_of(guest->box->seed, page, guest->generations[page], word)) {
            printf("GUEST BAD page %" PRIu64 " pfn %" PRIx64 " word %" PRIu64 " of generation %" PRIu64 " ticks=%" PRIu64 "\n",
                   page, pfn_of(words), word, guest->generations[page], guest->box->ticks);
            return 0;
        }
    }
    return 1;
}

// ticks is the caller's own count: the mailbox's must be of the same moment.
static void check_all(const struct guest *guest, uint64_t ticks)
{
    const struct mailbox *box = guest->box;
    uint64_t writes = 0;
    for (uint64_t page = 0; page < box->page_count; page++) {
        if (!check_page(guest, page))
            return;
        writes += guest->generations[page];
    }
    if (writes != box->writes || ticks != box->ticks)
        printf("GUEST BAD counts: %" PRIu64 " of %" PRIu64 " writes, tick %" PRIu64 " ticks=%" PRIu64 "\n",
               writes, box->writes, ticks, box->ticks);
    else
        printf("GUEST ok ticks=%" PRIu64 " seed=%" PRIu64 "\n", ticks, box->seed);
}

// In turn, each once.
static void write_pages(struct guest *guest, uint64_t wanted)
{
    struct mailbox *box = guest->box;
    uint64_t count = wanted < guest->hot_count ? wanted : guest->hot_count;
    for (uint64_t done = 0; done < count; done++) {
        uint64_t page = box->writes % guest->hot_count;
        guest->generations[page]++;
        write_page(guest, page);
        box->writes++;
    }
}

// Of those that are never written, in turn; one word of each.
static void read_pages(struct guest *guest, uint64_t count)
{
    struct mailbox *box = guest->box;
    uint64_t cold = box->page_count - guest->hot_count;
    for (uint64_t done = 0; done < count; done++) {
        volatile uint64_t *page = guest->pages + (guest->hot_count + box->reads % cold) * PAGE_WORDS;
        (void)*page;
        box->reads++;
    }
}

static void obey(struct guest *guest)
{
    struct mailbox *box = guest->box;
    while (box->order != box->order_done) {
        uint64_t order = box->order, pages = box->order_pages;
        if (pages != GO_ON) {
            write_pages(guest, pages);
            read_pages(guest, box->order_reads);
        }
        box->order_done = order;
        while (pages != GO_ON && box->order == order)
            usleep(ORDER_POLL);
    }
}

static void publish(struct guest *guest, uint64_t list_pages)
{
    uint64_t *list = locked_pages(list_pages);
    for (uint64_t page = 0; page < guest->box->page_count; page++)
        list[page] = pfn_of(guest->pages + page * PAGE_WORDS);
    for (uint64_t page = 0; page < list_pages; page++)
        guest->box->list_pfns[page] = pfn_of(list + page * PAGE_WORDS);
    strcpy(guest->box->magic, "PAGESTORE-GUEST");
    printf("GUEST ready mailbox=%" PRIu64 " pages=%" PRIu64 "\n", pfn_of(guest->box), guest->box->page_count);
}

static void start(struct guest *guest)
{
    const uint64_t max_pages = MAX_LIST_PAGES * PAGE_WORDS;
    uint64_t count = setting("pages", 1024);
    if (count < 2 || count > max_pages)
        count = max_pages;
    guest->box = locked_pages(1);
    guest->box->seed = setting("seed", 1);
    guest->box->dirty_per_tick = setting("dirty", 16);
    guest->box->page_count = count;
    guest->hot_count = count / 2;
    guest->pages = locked_pages(count);
    guest->generations = locked_pages((count + PAGE_WORDS - 1) / PAGE_WORDS);
    for (uint64_t page = 0; page < count; page++)
        write_page(guest, page);
    publish(guest, (count + PAGE_WORDS - 1) / PAGE_WORDS);
}

// The kernel moves locked pages, too, when it makes room for large ones, and the numbers that were published would be those of others.
static void keep_pages_in_place(void)
{
    int allowed = open("/proc/sys/vm/compact_unevictable_allowed", O_WRONLY);
    if (write(allowed, "0", 1) != 1)
        perror("GUEST BAD compact_unevictable_allowed");
    close(allowed);
}

static void open_console(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    // Fails where the kernel has mounted it already, and then it is there.
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    int console = open("/dev/hvc0", O_RDWR);
    dup2(console, STDOUT_FILENO);
    dup2(console, STDERR_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(void)
{
    struct guest guest;
    struct disk disk;
    open_console();
    keep_pages_in_place();
    disk_open(&disk, getenv("disk"), locked_pages(2), setting("disk_every", 1));
    start(&guest);
    struct timespec pause = { .tv_nsec = (long)setting("tick", 50000) * 1000 };
    for (uint64_t ticks = 1;; ticks++) {
        obey(&guest);
        write_pages(&guest, guest.box->dirty_per_tick);
        guest.box->ticks++;
        if (ticks % TICKS_PER_CHECK == 0) {
            check_all(&guest, ticks);
            disk_check(&disk, guest.box->seed, ticks);
        }
        nanosleep(&pause, NULL);
    }
}
