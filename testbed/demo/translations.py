# SPDX-License-Identifier: GPL-2.0
"""What the emulated SMMU translated, held against what the devices' drivers did.

QEMU's trace is the one record that no kernel under test has a hand in: a line
for each address that the SMMU translated. The drivers in the guest keep a journal
(tools/testing/selftests/passthrough/lib/journal.c) of each DMA and each interrupt. Both
are in order for each device, so each line of the one must have its place in the
other. Only interrupts that were raised while their doorbell was being moved may go
by either of two IOVAs.
"""

import re
from dataclasses import dataclass

from check import replay
from check.replay import Mismatch

EVENTS = ["smmuv3_translate_success", "smmuv3_record_event"]
# The physical address that a device's MSI must reach, by QEMU's gic-version.
DOORBELLS = {"2": 0x8020040, "3": 0x8090040}
PAGE = 0x1000

TRANSLATED = re.compile(r"smmuv3_translate_success \S+ sid=0x([0-9a-f]+) iova=0x([0-9a-f]+) "
                        r"translated=0x([0-9a-f]+) perm=0x[0-9a-f]+ stage=(\d)")
FAULT = re.compile(r"smmuv3_record_event (.*)")
JOURNAL = re.compile(r"\s*# (doorbell|msi|dma|route) (device=.*)")


@dataclass(frozen=True)
class Translation:
    """One line of the trace."""
    sid: int
    iova: int
    physical: int
    stage: int

    def __str__(self):
        return f"sid {self.sid:#x}, {self.iova:#x} -> {self.physical:#x}"


@dataclass(frozen=True)
class Action:
    """One line of the journal; iova is None where the kernel could not tell it."""
    kind: str
    sid: int
    iova: int | None
    length: int = 0     # of a DMA
    count: int = 0      # of interrupts raised
    received: int = 0
    moved: int | None = None    # the IOVA that interrupts may go by as well

    def places(self):
        """The IOVAs that an interrupt may go by; empty if the kernel could not tell."""
        return {iova for iova in (self.iova, self.moved) if iova is not None}


def translation_of(line):
    """The Translation that a line of the trace tells of, or None."""
    if not (found := TRANSLATED.search(line)):
        return None
    sid, iova, physical = (int(word, 16) for word in found.groups()[:3])
    return Translation(sid, iova, physical, int(found[4]))


def read_trace(path):
    """(translations, faults) of a trace file."""
    translations, faults = [], []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := translation_of(line):
                translations.append(found)
            elif found := FAULT.search(line):
                faults.append(found[1].strip())
    return translations, faults


def stream_id(bdf):
    """The SMMU's name for a PCI function: 0000:BB:DD.F."""
    _, bus, rest = bdf.split(":")
    slot, function = rest.split(".")
    return int(bus, 16) << 8 | int(slot, 16) << 3 | int(function)


def read_series(sid, word):
    """The Actions of one line of interrupts: one for each doorbell they went by."""
    if "*" not in word["iova"]:
        iova = None if word["iova"] == "unreported" else int(word["iova"], 16)
        return [Action("msi", sid, iova, count=int(word["raised"]),
                       received=int(word["received"]))]
    actions, received = [], int(word["received"])
    for series in word["iova"].split(","):
        places, _, count = series.partition("*")
        iova, moved = (int(place, 16) if place else None
                       for place in (*places.split("|"), "")[:2])
        arrived = min(int(count), received)
        received -= arrived
        actions.append(Action("msi", sid, iova, count=int(count), received=arrived, moved=moved))
    return actions


def journal_lines(text, kinds):
    """(kind, stream ID, words) of each line of the journal that is of one of the kinds."""
    for line in text.splitlines():
        if (found := JOURNAL.match(line)) and found[1] in kinds:
            word = dict(pair.split("=", 1) for pair in found[2].split())
            yield found[1], stream_id(word["device"]), word


def read_journal(text):
    """The Actions of a guest's report, in order."""
    actions = []
    for kind, sid, word in journal_lines(text, ("doorbell", "msi", "dma")):
        if kind == "msi":
            actions += read_series(sid, word)
        else:
            iova = None if word["iova"] == "unreported" else int(word["iova"], 16)
            actions.append(Action(kind, sid, iova, int(word.get("length", "0"), 16)))
    return actions


class Replay(replay.Replay):
    """Of a trace that has translations alone."""

    UNASKED = "translations that no driver asked for"

    def one(self, action):
        if action.kind == "msi":
            self.interrupts(action)
        elif action.kind == "dma":
            self.dma(action)

    def take(self, wanted):
        seen = self.upcoming()
        if seen is None:
            raise Mismatch(f"the trace ends, but there was {wanted}")
        self.next += 1
        return seen

    def interrupts(self, action):
        """Each interrupt is one write to the doorbell, by an IOVA that the kernel told."""
        offset = self.doorbell % PAGE
        places = {iova + offset for iova in action.places()}
        by = " or ".join(f"{iova:#x}" for iova in sorted(places)) or "any IOVA"
        for number in range(1, action.count + 1):
            wanted = f"MSI {number} of {action.count} of sid {action.sid:#x} by {by}"
            seen = self.take(wanted)
            if (seen.sid, seen.physical) != (action.sid, self.doorbell) or \
                    places and seen.iova not in places:
                raise Mismatch(f"expected {wanted} to {self.doorbell:#x}, the SMMU did {seen}")

    def dma(self, action):
        """A DMA is a run of translations from its first byte on, one a page or fewer."""
        end = action.iova + action.length
        wanted = f"DMA of sid {action.sid:#x} at {action.iova:#x}"
        seen = self.take(wanted)
        if (seen.sid, seen.iova) != (action.sid, action.iova):
            raise Mismatch(f"expected {wanted}, the SMMU did {seen}")
        self.refuse_doorbell(seen)
        while seen := self.upcoming():
            if seen.sid != action.sid or seen.iova % PAGE or not action.iova < seen.iova < end:
                break
            self.refuse_doorbell(seen)
            self.next += 1

    def refuse_doorbell(self, seen):
        if seen.physical // PAGE == self.doorbell // PAGE:
            raise Mismatch(f"a DMA went to the doorbell: {seen}")


def mismatch(translations, actions, doorbell):
    """Where the trace and the journal part; empty if nowhere."""
    return replay.mismatch(Replay, translations, actions, doorbell)


def without_host_driver(translations, actions, sid):
    """The trace without what a device did for a driver of the host, which had it before the
    journal's: all up to the first address that the journal names, if that ever comes."""
    first = next((a.iova for a in actions if a.sid == sid and a.kind == "dma"), None)
    for number, seen in enumerate(translations):
        if seen.sid == sid and seen.iova == first:
            return [t for t in translations[:number] if t.sid != sid] + translations[number:]
    return translations


def strays(translations, actions, doorbell):
    """Translations that led the journal's devices to the doorbell's page from an IOVA that
    the kernel never reported for that device; at most three of them."""
    reported = {(a.sid, iova) for a in actions if a.kind == "msi" for iova in a.places()}
    sids = {action.sid for action in actions}
    found = {t for t in translations
             if t.sid in sids and t.physical // PAGE == doorbell // PAGE
             and (t.sid, t.iova - t.iova % PAGE) not in reported}
    return sorted(found, key=lambda t: (t.sid, t.iova))[:3]
