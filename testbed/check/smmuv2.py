# SPDX-License-Identifier: GPL-2.0
"""Translates as an Arm SMMUv2 would, by registers and tables in a machine's memory.

After the Arm SMMU architecture specification, version 2 (IHI 0062), and the AArch64
table formats (DDI 0487): stream matching, the context bank and the one that it is nested
on, each table entry, permissions, attributes. This code shares nothing with the driver.
The questions of a guest are in smmuv2_answers.py.
"""

import struct
from dataclasses import dataclass

PAGE = 0x1000
BYPASS, BLOCKED = "bypass", "blocked"

# CBAR.TYPE
STAGE2, STAGE1, STAGE1_BLOCKED, NESTED = 0, 1, 2, 3
# Registers of a context bank
BANK = {"SCTLR": 0x0, "TCR2": 0x10, "TTBR0": 0x20, "TTBR1": 0x28, "TCR": 0x30,
        "CONTEXTIDR": 0x34, "MAIR0": 0x38, "MAIR1": 0x3c, "FSR": 0x58, "FAR": 0x60,
        "FSYNR0": 0x68, "IPAFAR": 0x70, "TLBIVA": 0x600, "TLBIVAA": 0x608, "TLBIASID": 0x610,
        "TLBIALL": 0x618, "TLBIVAL": 0x620, "TLBIVAAL": 0x628}
WIDE = {"TTBR0", "TTBR1", "FAR", "IPAFAR", "TLBIVA", "TLBIVAA", "TLBIVAL", "TLBIVAAL"}
# Global registers
SMR, S2CR, TLBIVMID, TLBGSYNC = 0x800, 0xc00, 0x64, 0x70
CBAR, CBFRSYNRA, CBA2R = PAGE, PAGE + 0x400, PAGE + 0x800
GRANULE_BITS0 = {0: 12, 1: 16, 2: 14}       # TG0, of both stages
GRANULE_BITS1 = {1: 14, 2: 12, 3: 16}       # TG1
SIZES = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48}      # PASize, PS
UPSTREAM = {0: 31, 1: 35, 2: 39, 3: 41, 4: 43, 5: 47, 7: 48}    # SEP: the sign bit
ADDRESS = (1 << 48) - 1


class Fault(Exception):
    """A transaction that the SMMU aborts."""

    def __init__(self, stage, why):
        super().__init__(f"stage {stage}: {why}")
        self.stage = stage


@dataclass
class Leaf:
    """The translation of an address: the physical address, the permissions, the size of the
    mapping around it."""
    output: int
    read: bool
    write: bool
    memory: str         # device, uncached, write-back, or a number
    size: int

    def access(self):
        return "r" * self.read + "w" * self.write


@dataclass
class Format:
    """The tables of one stage: where they are, and how an address is split."""
    stage: int
    table: int
    granule: int        # bits
    input: int          # bits
    output: int         # bits
    level: int          # the first one

    def index_bits(self):
        return self.granule - 3

    def shift(self, level):
        """The number of address bits below a level's index."""
        return self.granule + self.index_bits() * (3 - level)

    def has_blocks(self, level):
        return level == 2 or (level == 1 and self.granule == 12)


class Smmu:
    """The registers of an SMMU in a stopped machine. read(address, size) returns memory;
    @at is the address of the registers."""

    def __init__(self, read, at):
        self.read, self.at = read, at
        self.pages = {}
        pages = 2 << (struct.unpack("<I", read(at + 0x24, 4))[0] >> 28 & 7)
        self.data = bytearray(read(at, 2 * pages * PAGE))
        self.banks_at = pages * PAGE

    # Registers

    def word(self, offset):
        return struct.unpack_from("<I", self.data, offset)[0]

    def bank_offset(self, bank, name):
        return self.banks_at + bank * PAGE + BANK[name]

    def bank(self, bank, name):
        offset = self.bank_offset(bank, name)
        return struct.unpack_from("<Q" if name in WIDE else "<I", self.data, offset)[0]

    def cbar(self, bank):
        return self.word(CBAR + 4 * bank)

    def kind(self, bank):
        return self.cbar(bank) >> 16 & 3

    def parent(self, bank):
        """CBNDX of a nested bank."""
        return self.cbar(bank) >> 8 & 0xff

    def wide_vmids(self):
        return self.word(0) >> 31

    def vmid(self, bank):
        if self.wide_vmids():
            return self.word(CBA2R + 4 * bank) >> 16
        return self.cbar(bank) & 0xff

    def banks_on(self):
        return [i for i in range(self.word(0x24) & 0xff) if self.bank(i, "SCTLR") & 1]

    def matching(self, sid):
        """The S2CR of a stream ID, or None; Fault if there is more than one."""
        id0 = self.word(0x20)
        if not id0 >> 27 & 1:
            return sid
        found = []
        for i in range(id0 & 0xff):
            smr = self.word(SMR + 4 * i)
            if smr >> 31 and not ((smr ^ sid) & 0x7fff & ~(smr >> 16)):
                found.append(i)
        if len(found) > 1:
            raise Fault(0, f"stream {sid:#x} matches {found}")
        return found[0] if found else None

    def stream(self, sid):
        """BYPASS, BLOCKED or the number of a context bank."""
        cr0 = self.word(0)
        if cr0 & 1:
            return BYPASS
        index = self.matching(sid)
        if index is None:
            return BLOCKED if cr0 >> 10 & 1 else BYPASS
        s2cr = self.word(S2CR + 4 * index)
        kind = s2cr >> 16 & 3
        return {0: s2cr & 0xff, 1: BYPASS}.get(kind, BLOCKED)

    # Tables

    def entry(self, address):
        page = address & -PAGE
        if page not in self.pages:
            self.pages[page] = self.read(page, PAGE)
        return struct.unpack_from("<Q", self.pages[page], address - page)[0]

    def on(self, bank):
        """Whether the bank translates, in a format that this walker supports."""
        if not self.bank(bank, "SCTLR") & 1:
            return False
        if not self.word(CBA2R + 4 * bank) & 1:
            raise Fault(0, f"bank {bank} has no AArch64 tables")
        return True

    def has_granule(self, bits):
        return bits and self.word(0x28) >> {12: 12, 14: 13, 16: 14}[bits] & 1

    def stage2_format(self, bank):
        tcr = self.bank(bank, "TCR")
        granule = GRANULE_BITS0.get(tcr >> 14 & 3)
        if not self.has_granule(granule):
            raise Fault(2, f"TCR {tcr:#x} has no granule of the SMMU")
        level = (2 if granule == 12 else 3) - (tcr >> 6 & 3)
        form = Format(2, self.bank(bank, "TTBR0") & ADDRESS & ~1, granule, 64 - (tcr & 0x3f),
                      SIZES.get(tcr >> 16 & 7, 48), level)
        first = form.input - form.shift(level)
        # Up to 16 concatenated tables form the first level
        if level < 0 or not 0 < first <= form.index_bits() + 4:
            raise Fault(2, f"TCR {tcr:#x}: level {level} takes {first} bits")
        return form

    def stage1_format(self, bank, address):
        """The tables for an address as the device sends it, and the address within them."""
        tcr, tcr2 = self.bank(bank, "TCR"), self.bank(bank, "TCR2")
        sign = UPSTREAM[tcr2 >> 15 & 7]
        if address >> sign + 1:
            raise Fault(1, f"{address:#x} has more than {sign + 1} bits")
        high = address >> sign & 1
        fields = (tcr >> 16 & 0x3f, tcr >> 23 & 1, GRANULE_BITS1.get(tcr >> 30 & 3)) if high else \
            (tcr & 0x3f, tcr >> 7 & 1, GRANULE_BITS0.get(tcr >> 14 & 3))
        size, disabled, granule = fields
        bits = 64 - size
        inside = address & (1 << bits) - 1
        extended = address | (-1 << sign + 1) if high else address
        beyond = extended - inside != (-1 << bits if high else 0)
        if disabled or not self.has_granule(granule) or beyond:
            raise Fault(1, f"TCR {tcr:#x} has no table for {address:#x}")
        levels = -((granule - bits) // (granule - 3))
        table = self.bank(bank, f"TTBR{high}") & ADDRESS & -16
        return Format(1, table, granule, bits, SIZES.get(tcr2 & 7, 48), 4 - levels), inside

    def stage2(self, bank, address):
        """The stage 2 Leaf of a guest's physical address."""
        if not self.on(bank):
            return Leaf(address, True, True, "write-back", 1 << 48)
        form = self.stage2_format(bank)
        if address >> form.input:
            raise Fault(2, f"{address:#x} has more than {form.input} bits")
        return self.walk(form, address, self.entry, self.leaf2)

    def stage1(self, bank, address, entry):
        form, inside = self.stage1_format(bank, address)
        mair = self.bank(bank, "MAIR0") | self.bank(bank, "MAIR1") << 32
        no_access_flag = self.bank(bank, "SCTLR") & 4

        def leaf(word, size, offset, read_only):
            if not word & 1 << 10 and not no_access_flag:
                raise Fault(1, "access flag")
            user = word >> 6 & 1
            kind = mair >> 8 * (word >> 2 & 7) & 0xff
            memory = "device" if kind < 0x10 else {0x44: "uncached", 0xff: "write-back"}.get(
                kind, f"{kind:#x}")
            return Leaf(word & ADDRESS & -size | offset, bool(user),
                        bool(user and not word >> 7 & 1 and not read_only), memory, size)

        return self.walk(form, inside, entry, leaf)

    @staticmethod
    def leaf2(word, size, offset, _read_only):
        if not word & 1 << 10:
            raise Fault(2, "access flag")
        kind = word >> 2 & 15
        memory = "device" if kind < 4 else {5: "uncached", 15: "write-back"}.get(kind, f"{kind:#x}")
        return Leaf(word & ADDRESS & -size | offset, bool(word >> 6 & 1), bool(word >> 7 & 1),
                    memory, size)

    @staticmethod
    def walk(form, address, entry, leaf):
        """Translate an address; entry(address) reads a table entry, leaf decodes the last one."""
        table, read_only = form.table, False
        for level in range(form.level, 4):
            shift = form.shift(level)
            bits = form.input - shift if level == form.level else form.index_bits()
            word = entry(table + 8 * (address >> shift & (1 << bits) - 1))
            kind = word & 3
            if kind == 3 and level < 3:
                table = word & ADDRESS & -(1 << form.granule)
                read_only |= form.stage == 1 and bool(word >> 62 & 1)
                continue
            if not (kind == 3 or (kind == 1 and form.has_blocks(level))):
                raise Fault(form.stage, f"{address:#x}: {word:#x} at level {level}")
            found = leaf(word, 1 << shift, address & (1 << shift) - 1, read_only)
            if found.output >> form.output:
                raise Fault(form.stage, f"{found.output:#x} has more than {form.output} bits")
            return found
        raise Fault(form.stage, "no level")

    def nested_entry(self, parent):
        """Returns a reader for a guest's tables, whose addresses stage 2 translates."""
        def entry(address):
            found = self.stage2(parent, address)
            if not found.read:
                raise Fault(2, f"the table at {address:#x} is not to be read")
            return self.entry(found.output)
        return entry

    def translate(self, sid, address):
        """The Leaf to which an address of a device translates."""
        bank = self.stream(sid)
        if bank == BYPASS:
            return Leaf(address, True, True, "write-back", 1 << 48)
        if bank == BLOCKED:
            raise Fault(0, f"stream {sid:#x} is blocked")
        kind = self.kind(bank)
        if kind == STAGE1_BLOCKED:
            raise Fault(2, "CBAR")
        if kind == STAGE2:
            return self.stage2(bank, address)
        parent = self.parent(bank)
        nested = kind == NESTED and self.on(parent)
        if not self.on(bank):
            return self.stage2(parent, address) if nested else \
                Leaf(address, True, True, "write-back", 1 << 48)
        if not nested:
            return self.stage1(bank, address, self.entry)
        if self.kind(parent) != STAGE2:
            raise Fault(2, f"bank {parent} is not of stage 2")
        inner = self.stage1(bank, address, self.nested_entry(parent))
        return combine(inner, self.stage2(parent, inner.output))

    def mapped(self, bank):
        """(first address, size) of each mapping: of stage 2 if there is one, else of TTBR0."""
        if self.kind(bank) == NESTED:
            bank = self.parent(bank)
        if self.kind(bank) == STAGE2:
            yield from self.leaves(self.stage2_format(bank))
        elif not self.bank(bank, "TCR") >> 7 & 1:
            yield from self.leaves(self.stage1_format(bank, 0)[0])

    def leaves(self, form):
        bits = form.input - form.shift(form.level)
        yield from self.table(form, form.table, form.level, bits, 0)

    def table(self, form, table, level, bits, address):
        shift = form.shift(level)
        for index in range(1 << bits):
            word, at = self.entry(table + 8 * index), address | index << shift
            if word & 3 == 3 and level < 3:
                yield from self.table(form, word & ADDRESS & -(1 << form.granule), level + 1,
                                      form.index_bits(), at)
            elif word & 3 == 3 or (word & 3 == 1 and form.has_blocks(level)):
                yield at, 1 << shift


def combine(first, second):
    """Combine two stages: what both allow, and the weaker memory type."""
    kinds = {first.memory, second.memory}
    memory = next((kind for kind in ("device", "uncached") if kind in kinds), second.memory)
    if len(kinds) > 1 and memory == "write-back":
        memory = first.memory
    return Leaf(second.output, first.read and second.read, first.write and second.write, memory,
                min(first.size, second.size))
