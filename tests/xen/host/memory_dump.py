#!/usr/bin/env python3
"""Reads a memory dump of a guest of guest.c without PageStore, and checks that the guest's pages are in it, at their addresses.

    memory_dump.py elf-core|lime FILE MAILBOX SEED

An ELF core is read by gdb. LiME is read here, by what its documentation says (github.com/504ensicsLabs/LiME, doc/README.md): ranges, each behind a
header of magic, version, first and last physical address, and 8 reserved bytes. The last line tells figures, or what is wrong.
"""
import os
import struct
import subprocess
import sys
import tempfile

PAGE_BYTES = 4096
PAGE_WORDS = PAGE_BYTES // 8
WORD = (1 << 64) - 1


class LimeDump:
    HEADER = struct.Struct("<IIQQQ")
    MAGIC = 0x4C694D45
    VERSION = 1

    def __init__(self, path):
        self.file = open(path, "rb")
        self.ranges = list(self._ranges())

    def _ranges(self):
        size = os.fstat(self.file.fileno()).st_size
        place, behind = 0, 0
        while place < size:
            self.file.seek(place)
            magic, version, first, last, _ = self.HEADER.unpack(self.file.read(self.HEADER.size))
            if magic != self.MAGIC or version != self.VERSION:
                sys.exit(f"no range begins at {place}: magic {magic:#x}, version {version}")
            if first < behind or last < first:
                sys.exit(f"the range {first:#x} to {last:#x} is not above the one before, which ends at {behind:#x}")
            yield first, last, place + self.HEADER.size
            place, behind = place + self.HEADER.size + last - first + 1, last + 1
        if place != size:
            sys.exit(f"the last range ends at {place}, the file at {size}")

    def pages(self, numbers):
        for number in numbers:
            address = number * PAGE_BYTES
            place = next((at + address - first for first, last, at in self.ranges if first <= address <= last), None)
            if place is None:
                sys.exit(f"page {number:#x} is in no range")
            self.file.seek(place)
            yield self.file.read(PAGE_BYTES)

    def __str__(self):
        return f"{len(self.ranges)} ranges"


class ElfCore:
    def __init__(self, path):
        self.path = path
        said = subprocess.run(["readelf", "--wide", "--segments", path], capture_output=True, text=True, check=True)
        if said.stderr:
            sys.exit(f"readelf: {said.stderr.strip()}")
        self.segments = sum(line.split()[:1] == ["LOAD"] for line in said.stdout.splitlines())

    def pages(self, numbers):
        with tempfile.TemporaryDirectory() as folder:
            commands = os.path.join(folder, "commands")
            with open(commands, "w", encoding="ascii") as out:
                for number in numbers:
                    out.write(f"dump binary memory {folder}/{number} {number * PAGE_BYTES:#x} {(number + 1) * PAGE_BYTES:#x}\n")
            said = subprocess.run(["gdb", "-nx", "-batch", "-core", self.path, "-x", commands], capture_output=True, text=True, check=False)
            for number in numbers:
                try:
                    with open(os.path.join(folder, str(number)), "rb") as page:
                        yield page.read()
                except FileNotFoundError:
                    sys.exit(f"gdb has no page {number:#x}: {said.stderr.strip()}")

    def __str__(self):
        return f"{self.segments} segments, by readelf and gdb"


def words_of(page):
    return struct.unpack(f"<{PAGE_WORDS}Q", page)


def expected(seed, page, generation):
    """word_of of guest.c, for a whole page."""
    for word in range(PAGE_WORDS):
        x = (seed * 0x9E3779B97F4A7C15 + ((page << 40) ^ (generation << 10) ^ word)) & WORD
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
        yield x ^ (x >> 31)


def generations(count, writes):
    """The guest writes the first half of its pages in turn. None: the one that it may have been writing."""
    hot = count // 2
    for page in range(count):
        if page >= hot:
            yield 0
        elif page == writes % hot:
            yield None
        else:
            yield writes // hot + (page < writes % hot)


def check(dump, mailbox, seed):
    box = next(dump.pages([mailbox]))
    if not box.startswith(b"PAGESTORE-GUEST\0"):
        sys.exit(f"page {mailbox:#x} is no mailbox, it begins with {box[:16]!r}")
    # struct mailbox of guest.c, behind the magic: ticks, dirty_per_tick, seed, page_count, writes, list_pfns.
    ticks, _, found_seed, count, writes, *rest = words_of(box)[2:]
    if found_seed != seed:
        sys.exit(f"the guest's seed is {found_seed}, not {seed}")
    lists = rest[: (count + PAGE_WORDS - 1) // PAGE_WORDS]
    numbers = [number for page in dump.pages(lists) for number in words_of(page)][:count]
    for page, (content, generation) in enumerate(zip(dump.pages(numbers), generations(count, writes))):
        if generation is not None and words_of(content) != tuple(expected(seed, page, generation)):
            sys.exit(f"page {page} of the guest, number {numbers[page]:#x}, is not what it wrote in generation {generation}")
    print(f"{dump}: the mailbox of tick {ticks}, and {count} pages as the guest wrote them")


if __name__ == "__main__":
    kind, path, mailbox, seed = sys.argv[1:]
    check({"elf-core": ElfCore, "lime": LimeDump}[kind](path), int(mailbox), int(seed))
