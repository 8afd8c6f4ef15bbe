# SPDX-License-Identifier: GPL-2.0
"""Answers a guest's questions about its SMMUv2 from what the walker (smmuv2.py) finds in the
machine's memory.

A stream is identified by its stream ID. Each answer is the empty string, or what is wrong.
"""

import struct

from check.smmuv2 import BLOCKED, BANK, BYPASS, CBFRSYNRA, NESTED, PAGE, STAGE1, STAGE2, \
    TLBGSYNC, TLBIVMID, WIDE, Fault, Smmu
from machine import smmuv2

MARK = 16                   # bytes of a mark
DOORBELLS = {"3": 0x8090000, "2": 0x8020000}    # pages of QEMU's ITS and GICv2m
KINDS = {"1": STAGE1, "2": STAGE2, "nested": NESTED}
UNTOUCHED = 0x5a5a5a5a      # content of an invalidation register until it is written
WALK_WRITE_BACK = 0x3500    # SH0, ORGN0, IRGN0 of TCR: inner shareable, write-back, allocating
WALK_BITS = 0x3f00


def number(word):
    return int(word, 0)


class Answers:
    """Answers to the questions of one machine."""

    def __init__(self, board):
        self.board = board
        self.seen = set()
        self.banks = []

    def __call__(self, memory, question):
        word, *arguments = question.split()
        method = getattr(self, f"ask_{word}", None)
        if not method:
            return f"{question}: no such question"
        try:
            return method(memory, Smmu(memory, smmuv2.REGISTERS), *arguments)
        except Fault as fault:
            return f"{question}: {fault}"
        except (KeyError, TypeError, ValueError, struct.error) as error:
            return f"{question}: {error!r}"

    # Where addresses lead

    def ask_leads(self, memory, smmu, sid, iova, length, access, mark):
        """Memory with a mark at either end is mapped, each page of it with this access."""
        first, size, end = number(iova), number(length), number(iova) + number(length)
        for at, offset in ((first, 0), (end - MARK, MARK)):
            found = smmu.translate(number(sid), at)
            text = memory(found.output, MARK)
            if text != mark.encode():
                return f"{at:#x} leads to {found.output:#x}: {text!r}, {offset} bytes"
        for at in range(first, first + size, PAGE):
            found = smmu.translate(number(sid), at)
            if (found.access(), found.memory) != (access, "write-back"):
                return f"{at:#x} is {found.memory}, {found.access()}"
        return ""

    def ask_nowhere(self, memory, smmu, sid, iova, stage):
        """The address causes a fault of this stage."""
        try:
            found = smmu.translate(number(sid), number(iova))
        except Fault as fault:
            return "" if fault.stage == number(stage) else f"{iova}: {fault}"
        return f"{iova} leads to {found.output:#x}"

    def ask_leaf(self, memory, smmu, sid, iova, size):
        found = smmu.translate(number(sid), number(iova))
        return "" if found.size == number(size) else f"{iova} is in {found.size:#x} bytes"

    def ask_doorbell(self, memory, smmu, sid, iova, access):
        """The doorbell's whole page is mapped as device memory, with this access."""
        found = smmu.translate(number(sid), number(iova))
        wanted = DOORBELLS[self.board.gic]
        if found.output != wanted or (found.access(), found.memory) != (access, "device"):
            return f"{iova} leads to {found}"
        last = smmu.translate(number(sid), number(iova) + PAGE - 1)
        return "" if last.output == wanted + PAGE - 1 else f"{iova} leads to no page"

    def ask_total(self, memory, smmu, sid, size):
        """So many bytes are mapped for the stream, including doorbells."""
        bank = smmu.stream(number(sid))
        if bank in (BYPASS, BLOCKED):
            return f"the stream is {bank}"
        found = sum(size for _, size in smmu.mapped(bank))
        return "" if found == number(size) else f"{found:#x} bytes are mapped"

    def ask_either(self, memory, smmu, sid, iova, length, *marks):
        """Blocked, or exactly one of these: a stream while it is replaced or detached."""
        if smmu.stream(number(sid)) == BLOCKED:
            self.seen.add(BLOCKED)
            return ""
        wrong = [self.ask_leads(memory, smmu, sid, iova, length, "rw", mark) for mark in marks]
        if "" not in wrong:
            return wrong[0]
        self.seen.add(marks[wrong.index("")])
        return ""

    def ask_have_seen(self, memory, smmu, *states):
        """ask_either has seen each of these since the last ask_seen."""
        missing = set(states) - self.seen
        return f"not seen were {sorted(missing)}" if missing else ""

    def ask_seen(self, memory, smmu, *states):
        """ask_either has seen each of these since the last ask_seen, and nothing else."""
        seen, self.seen = self.seen, set()
        return "" if seen == set(states) else f"seen were {sorted(seen)}"

    # Which context bank a stream uses

    def ask_blocked(self, memory, smmu, sid):
        found = smmu.stream(number(sid))
        return "" if found == BLOCKED else f"the stream is led to {found}"

    def ask_bypass(self, memory, smmu, sid):
        found = smmu.stream(number(sid))
        return "" if found == BYPASS else f"the stream is led to {found}"

    def ask_stage(self, memory, smmu, sid, stage):
        """The context bank has this type, is on, and its walk is coherent."""
        bank = smmu.stream(number(sid))
        if bank in (BYPASS, BLOCKED):
            return f"the stream is {bank}"
        if smmu.kind(bank) != KINDS[stage] or not smmu.on(bank):
            return f"bank {bank} is of kind {smmu.kind(bank)}, SCTLR {smmu.bank(bank, 'SCTLR'):#x}"
        for used in {bank, smmu.parent(bank) if stage == "nested" else bank}:
            if smmu.bank(used, "TCR") & WALK_BITS != WALK_WRITE_BACK:
                return f"TCR of bank {used} is {smmu.bank(used, 'TCR'):#x}"
        return self.nested(smmu, bank) if stage == "nested" else ""

    @staticmethod
    def nested(smmu, bank):
        """A nested bank names a stage 2 bank that is on, and has the same VMID."""
        parent = smmu.parent(bank)
        if parent == bank or smmu.kind(parent) != STAGE2 or not smmu.on(parent):
            return f"bank {bank} is nested on {parent}, of kind {smmu.kind(parent)}"
        vmids = smmu.vmid(bank), smmu.vmid(parent)
        return f"VMIDs are {vmids}" if vmids[0] != vmids[1] or not vmids[0] else ""

    def ask_same(self, memory, smmu, sid, other):
        """Both streams share one context bank."""
        banks = smmu.stream(number(sid)), smmu.stream(number(other))
        return "" if banks[0] == banks[1] and isinstance(banks[0], int) else f"{banks}"

    def ask_apart(self, memory, smmu, sid, other):
        """The streams share neither context banks nor TLB entries."""
        banks = smmu.stream(number(sid)), smmu.stream(number(other))
        if banks[0] == banks[1]:
            return f"both have bank {banks[0]}"
        vmids = [smmu.vmid(bank) for bank in banks]
        return f"both have VMID {vmids[0]}" if vmids[0] == vmids[1] else ""

    def ask_shares(self, memory, smmu, sid, other):
        """The streams have two banks that are nested on the same one, and have its VMID."""
        banks = [smmu.stream(number(sid)), smmu.stream(number(other))]
        wrong = [self.ask_stage(memory, smmu, stream, "nested") for stream in (sid, other)]
        parents = [smmu.parent(bank) for bank in banks]
        if any(wrong) or banks[0] == banks[1] or parents[0] != parents[1]:
            return f"{banks} are nested on {parents}: {wrong}"
        return ""

    def ask_banks(self, memory, smmu, count):
        """So many context banks are on."""
        found = smmu.banks_on()
        return "" if len(found) == number(count) else f"banks {found} are on"

    def ask_remember(self, memory, smmu):
        """Record the context banks that are on."""
        self.banks = smmu.banks_on()
        return ""

    def ask_remembered(self, memory, smmu):
        """Exactly the recorded context banks are on."""
        now = smmu.banks_on()
        return "" if now == self.banks else f"banks are {now}, not {self.banks}"

    def ask_id(self, memory, smmu, index, value):
        """An identification register has this value."""
        found = smmu.word(0x20 + 4 * number(index))
        return "" if found == number(value) else f"ID{index} is {found:#x}"

    def ask_register(self, memory, smmu, sid, name, value):
        bank = smmu.stream(number(sid))
        found = smmu.bank(bank, name)
        return "" if found == number(value) else f"{name} of bank {bank} is {found:#x}"

    # Register writes

    def ask_forget(self, memory, smmu, sid):
        """Reset the invalidation registers, so that later writes are seen."""
        mark = struct.pack("<I", UNTOUCHED)
        for offset in (TLBIVMID, TLBGSYNC):
            memory.write(smmuv2.REGISTERS + offset, mark)
        bank = smmu.stream(number(sid))
        for name in BANK:
            if name.startswith("TLBI"):
                at = smmuv2.REGISTERS + smmu.bank_offset(bank, name)
                memory.write(at, mark * (2 if name in WIDE else 1))
        return ""

    def ask_invalidated(self, memory, smmu, sid, name, value):
        """One kind of register was written, with this value, followed by a sync."""
        written = self.written(smmu, number(sid))
        if written != {name: number(value)}:
            return f"written were {written}"
        return "" if smmu.word(TLBGSYNC) != UNTOUCHED else "nobody waited"

    def ask_not_invalidated(self, memory, smmu, sid):
        written, vmid = self.written(smmu, number(sid)), smmu.word(TLBIVMID)
        return f"written were {written}, {vmid:#x}" if written or vmid != UNTOUCHED else ""

    @staticmethod
    def written(smmu, sid):
        """The invalidation registers of the stream's bank that were written, by name."""
        bank = smmu.stream(sid)
        names = [n for n in BANK if n.startswith("TLBI")]
        untouched = {n: UNTOUCHED << 32 | UNTOUCHED if n in WIDE else UNTOUCHED for n in names}
        return {n: smmu.bank(bank, n) for n in names if smmu.bank(bank, n) != untouched[n]}

    def ask_vmid_invalidated(self, memory, smmu, sid):
        """The entries of both stages with the stream's VMID were invalidated."""
        vmid = smmu.vmid(smmu.stream(number(sid)))
        found = smmu.word(TLBIVMID)
        if found != vmid:
            return f"TLBIVMID is {found:#x}, not {vmid:#x}"
        return "" if smmu.word(TLBGSYNC) != UNTOUCHED else "nobody waited"

    def ask_fault(self, memory, smmu, sid, stage, far, ipa):
        """Record a translation fault, as the SMMU would, and raise the interrupt."""
        bank = smmu.stream(number(sid))
        if number(stage) == 2 and smmu.kind(bank) == NESTED:
            bank = smmu.parent(bank)
        values = {"FSR": 2, "FSYNR0": 0x10, "FAR": number(far), "IPAFAR": number(ipa)}
        for name, value in values.items():
            memory.write(smmuv2.REGISTERS + smmu.bank_offset(bank, name),
                         struct.pack("<Q" if name in WIDE else "<I", value))
        memory.write(smmuv2.REGISTERS + CBFRSYNRA + 4 * bank, struct.pack("<I", number(sid)))
        memory.pulse(bank)
        return ""

    def ask_fault_over(self, memory, smmu, sid, stage):
        """The handler wrote the fault status; memory is not cleared by that, so clear it here."""
        bank = smmu.stream(number(sid))
        if number(stage) == 2 and smmu.kind(bank) == NESTED:
            bank = smmu.parent(bank)
        memory.write(smmuv2.REGISTERS + smmu.bank_offset(bank, "FSR"), bytes(4))
        return ""

    # Whether the walker would notice

    def ask_seeded(self, memory, smmu, sid, iova, length, mark):
        """Each of these errors in the registers is detected for a page of a nested stream, and
        the page is right without them."""
        seeds = errors(smmu, smmu.stream(number(sid)), 0xc00 + 4 * smmu.matching(number(sid)))
        overlooked = [name for name, changes in seeds.items()
                      if not self.judged(memory, changes, sid, iova, length, mark)]
        right = self.judged(memory, [], sid, iova, length, mark)
        return right or f"overlooked: {', '.join(overlooked)}" * bool(overlooked)

    def judged(self, memory, changes, sid, iova, length, mark):
        smmu = Smmu(memory, smmuv2.REGISTERS)
        for offset, bits in changes:
            struct.pack_into("<I", smmu.data, offset, smmu.word(offset) ^ bits)
        try:
            return self.ask_stage(memory, smmu, sid, "nested") or \
                self.ask_leads(memory, smmu, sid, iova, length, "rw", mark)
        except Fault as fault:
            return str(fault)


def errors(smmu, bank, s2cr):
    """Errors in the registers of a nested stream: {name: [(offset, bits to change)]}."""
    parent, wide = smmu.parent(bank), smmu.wide_vmids()
    smr, unused_smr, cbar = s2cr - 0x400, 0x800 + 4 * 47, PAGE + 4 * bank

    def own(name, bits):
        return smmu.bank_offset(bank, name), bits

    def outer(name, bits):
        return smmu.bank_offset(parent, name), bits

    return {
        "S2CR bypasses": [(s2cr, 1 << 16)],
        "S2CR faults": [(s2cr, 2 << 16)],
        "S2CR leads to the parent": [(s2cr, bank ^ parent)],
        "SMR matches another stream": [(smr, 1)],
        "two SMRs match": [(unused_smr, smmu.word(unused_smr) ^ smmu.word(smr))],
        "CBNDX names the bank itself": [(cbar, (bank ^ parent) << 8)],
        "CBNDX names another bank": [(cbar, 8 << 8)],
        "CBAR has no stage 2": [(cbar, 2 << 16)],
        "CBAR blocks stage 2": [(cbar, 1 << 16)],
        "the VMID differs": [(cbar + 0x800 * wide, 1 << 16 * wide)],
        "the parent is of stage 1": [(PAGE + 4 * parent, 1 << 16)],
        "stage 1 is off": [own("SCTLR", 1)],
        "stage 2 is off": [outer("SCTLR", 1)],
        "stage 1 has other tables": [own("TTBR0", PAGE), own("TTBR1", PAGE)],
        "stage 2 has other tables": [outer("TTBR0", 1 << 20)],
        "stage 1 begins at another level": [own("TCR", 0x200020)],
        "stage 2 begins at another level": [outer("TCR", 1 << 6)],
        "the walk is not cached": [own("TCR", 1 << 8)],
        "memory is a device": [own("MAIR0", 0xff)],
    }
