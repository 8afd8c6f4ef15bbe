# SPDX-License-Identifier: GPL-2.0
"""Reads a PAMU's tables in a machine's memory, as the hardware would, and answers
a guest's questions about them.

The layout is that of Freescale's QorIQ reference manuals: a primary entry (PAACE)
of 64 bytes for each LIODN, and secondary entries for the subwindows from the second
one on. This code shares nothing with the driver: a question is answered by
translating an I/O address and reading the bytes found there.
"""

import struct

ENTRY = 64
SECONDARY = 0x800           # entries of the SPAACT
WINDOW_XLATE = 1
MARK = 16                   # bytes of a mark
BOOT_BITS = 36              # the window set up at boot: all physical addresses
WRITE = 2
PAGE = 0x1000
NO_MESSAGE = b"\xff" * 4    # content of the memory that catches a message


class Entry:
    """One PAACE, with its fields as numbers: `bits` are the binary logarithm of a size, and
    `liodn` is that of a secondary entry."""

    def __init__(self, data):
        self.words = words = struct.unpack(">8I", data[:32])
        self.valid, self.secondary = words[1] & 1, words[1] >> 1 & 1
        self.access, self.liodn = words[1] >> 3 & 3, words[1] >> 16
        self.base, self.bits = words[0] << 32 | words[1] & 0xfffff000, (words[1] >> 6 & 0x3f) + 1
        self.slots = 1 << (words[3] >> 4 & 0xf) + 1 if words[1] >> 5 & 1 else 1
        self.translation, self.first = words[3] >> 2 & 3, words[6]
        self.target = words[4] << 32 | words[5] & 0xfffff000
        self.target_bits = (words[5] >> 6 & 0x3f) + 1


class Tables:
    """The tables of a stopped machine. read(address, size) returns memory,
    read.write(address, data) changes it; banks are the pages that MSIs are written to."""

    def __init__(self, read, registers, liodn, banks=()):
        self.read, self.liodn, self.banks = read, liodn, banks
        pointers = struct.unpack(">6I", read(registers, 24))
        self.primary_table = pointers[0] << 32 | pointers[1]
        secondary_table = pointers[4] << 32 | pointers[5]
        self.primary = Entry(read(self.primary_table + liodn * ENTRY, ENTRY))
        table = read(secondary_table, SECONDARY * ENTRY)
        self.secondary = [Entry(table[i:i + ENTRY]) for i in range(0, len(table), ENTRY)]

    def slot_bits(self):
        return self.primary.bits - (self.primary.slots.bit_length() - 1)

    def slot(self, index):
        """The entry of a slot, or None if it is not valid."""
        if not self.primary.valid:
            return None
        if index == 0:
            return self.primary
        entry = self.secondary[self.primary.first + index - 1]
        good = entry.valid and entry.secondary and entry.liodn == self.liodn
        return entry if good else None

    def walk(self, iova):
        """(physical address, access) of an I/O address, or None."""
        if iova >> self.primary.bits:
            return None
        slot_bits = self.slot_bits()
        entry = self.slot(iova >> slot_bits)
        if not entry or not entry.access or entry.translation != WINDOW_XLATE:
            return None
        offset = iova & (1 << slot_bits) - 1
        bits = self.primary.bits if self.primary.slots == 1 else entry.target_bits
        if offset >> bits:
            return None
        return entry.target & ~((1 << bits) - 1) | offset, entry.access

    def used(self):
        """The number of slots that map something."""
        return sum(self.walk(i << self.slot_bits()) is not None
                   for i in range(self.primary.slots))


def number(word):
    return int(word, 0)


def marked(tables, iova, access, mark, at):
    """A problem unless an I/O address translates to a mark, with this access."""
    found = tables.walk(iova)
    if not found:
        return f"{iova:#x} leads nowhere"
    if found[1] != access:
        return f"{iova:#x} allows {found[1]}, not {access}"
    text = tables.read(found[0] - at, MARK)
    return "" if text == mark.encode() else f"{iova:#x} leads to {found[0]:#x}: {text!r}"


def identity(tables):
    entry = tables.primary
    if not entry.valid:
        return "the primary entry is not valid"
    good = (entry.base, entry.bits, entry.slots, entry.access, entry.translation) == \
        (0, BOOT_BITS, 1, 3, 0)
    return leftovers(tables) if good else f"the primary entry is {entry.words}"


def blocked(tables):
    return "the primary entry is valid" if tables.primary.valid else leftovers(tables)


def leftovers(tables):
    valid = [i for i, entry in enumerate(tables.secondary) if entry.valid]
    return f"secondary entries are valid: {valid}" if valid else ""


def window(tables, bits, slots):
    entry = tables.primary
    found = (entry.valid, entry.base, entry.bits, entry.slots)
    return "" if found == (1, 0, number(bits), number(slots)) else f"the window is {found}"


def count(tables, wanted):
    if not tables.primary.valid:
        return "the primary entry is not valid"
    return "" if tables.used() == number(wanted) else f"{tables.used()} slots lead somewhere"


def nowhere(tables, iova):
    found = tables.walk(number(iova))
    return f"{iova} leads to {found[0]:#x}" if found else ""


def starts(tables, iova, access, mark):
    return marked(tables, number(iova), number(access), mark, 0)


def ends(tables, last, access, mark):
    return marked(tables, number(last), number(access), mark, MARK - 1)


def leads(tables, iova, size, access, mark):
    """The whole range is mapped, and nothing after it unless that is another slot."""
    last = number(iova) + number(size) - 1
    return starts(tables, iova, access, mark) or ends(tables, str(last), access, mark) or \
        nowhere(tables, str(last + 1))


def bank(tables, iova, index):
    """A writable page of a bank is mapped, and nothing after it."""
    found = tables.walk(number(iova))
    wanted = tables.banks[number(index)], WRITE
    if found != wanted:
        return f"{iova} leads to {found}, not {wanted}"
    last = tables.walk(number(iova) + PAGE - 1)
    return nowhere(tables, str(number(iova) + PAGE)) if last else f"{iova} leads to no page"


def delivers(tables, iova):
    """Forward the message that the device wrote to an I/O address to its translation."""
    address = number(iova)
    message = tables.read(address, len(NO_MESSAGE))
    if message == NO_MESSAGE:
        return f"no message was sent to {iova}"
    found = tables.walk(address)
    if not found or not found[1] & WRITE or found[0] & -PAGE not in tables.banks:
        return f"{iova} leads to {found}, which is no bank"
    tables.read.write(found[0], message)
    tables.read.write(address, NO_MESSAGE)
    return ""


QUESTIONS = {"bank": bank, "delivers": delivers, "identity": identity, "blocked": blocked, "window": window, "slots": count,
             "nowhere": nowhere, "starts": starts, "ends": ends, "leads": leads}


def answer(tables, question):
    """The empty string, or what is wrong."""
    word, *arguments = question.split()
    try:
        return QUESTIONS[word](tables, *arguments)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return f"{question}: {error!r}"
