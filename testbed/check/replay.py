# SPDX-License-Identifier: GPL-2.0
"""Compares the log of QEMU's SMMU with the journal that the devices' drivers recorded.

Both are in order for each device, so each entry of one must have a counterpart in the other:
translated by a stage of its route, or refused if that is its route. Interrupts must reach the
doorbell, and nothing else may. A log without faults is compared in the same way.
"""

from check.journal import NEVER, NONE, PAGE, unreported
from check.smmu_log import Fault, Translation


class Mismatch(Exception):
    """Log and journal differ; the text says where."""


class Replay:
    """One device's log and the current position in it; raises Mismatch on a difference."""

    def __init__(self, seen, doorbell):
        self.seen = seen
        self.doorbell = doorbell    # physical
        self.next = 0
        self.number = 0             # of the repetition of an access

    def run(self, entries):
        """Match the whole journal, and require that the log has nothing else."""
        for entry in entries:
            for self.number in range(1, entry.count + 1):
                self.once(entry)
        if self.next < len(self.seen):
            raise Mismatch(f"{len(self.seen) - self.next} accesses that no driver tells of, "
                           f"first: {self.upcoming()}")

    def upcoming(self):
        """The next entry of the log, or None at its end."""
        return self.seen[self.next] if self.next < len(self.seen) else None

    def wanted(self, entry):
        """The expected access, in words."""
        return str(entry) + f", number {self.number} of {entry.count}" * (entry.count > 1)

    def starts(self, entry):
        """The IOVAs at which it may begin; empty for any."""
        offset = self.doorbell % PAGE if entry.kind == "msi" else 0
        return [iova + offset for iova in entry.iovas]

    def here(self, entry):
        """The next entry of the log, if it can be part of the access."""
        found, starts = self.upcoming(), self.starts(entry)
        part = found and (not starts or
                          any(0 <= found.iova - start < entry.length for start in starts))
        return found if part else None

    def once(self, entry):
        """One or more translations, one or more faults, or nothing, as the route allows."""
        found = self.here(entry)
        if isinstance(found, Translation):
            self.translated(entry, found)
        elif isinstance(found, Fault):
            self.blocked(entry)
        elif NEVER not in entry.route.stages:
            raise Mismatch(f"{self.wanted(entry)} is not in the log, "
                           f"but {self.upcoming() or 'its end'}")

    def translated(self, entry, found):
        """An interrupt is one write, a DMA a run from its first byte on, at most one a page."""
        if found.iova not in (self.starts(entry) or [found.iova]):
            raise Mismatch(f"{self.wanted(entry)} begins elsewhere: {found}")
        self.take(entry, found)
        while entry.kind == "dma" and isinstance(found := self.here(entry), Translation) and \
                found.iova > entry.iovas[0] and found.iova % PAGE == 0:
            self.take(entry, found)

    def take(self, entry, found):
        """By a stage of the route; an interrupt to the doorbell, others not to its page."""
        if found.stage not in entry.route.stages:
            raise Mismatch(f"{self.wanted(entry)} was translated by stage {found.stage}, not by "
                           f"{sorted(entry.route.stages)}: {found}")
        right = found.physical == self.doorbell if entry.kind == "msi" else \
            found.physical // PAGE != self.doorbell // PAGE
        if not right:
            raise Mismatch(f"{self.wanted(entry)} went to the wrong place: {found}")
        self.next += 1

    def blocked(self, entry):
        """Each part of the access is refused separately, from the first to the last byte."""
        if NONE not in entry.route.stages:
            raise Mismatch(f"{self.wanted(entry)} was blocked: {self.upcoming()}")
        last = -1
        while isinstance(found := self.here(entry), Fault) and found.iova > last:
            if entry.route.event not in ("", found.event):
                raise Mismatch(f"{self.wanted(entry)} should be {entry.route.event}: {found}")
            last = found.iova
            self.next += 1


def mismatch(seen, entries, doorbell):
    """Where the log and the journal differ; empty if they agree."""
    for sid in sorted({entry.sid for entry in entries}):
        try:
            Replay([s for s in seen if s.sid == sid],
                   doorbell).run([entry for entry in entries if entry.sid == sid])
        except Mismatch as difference:
            return str(difference)
    return ""


def wrong_accesses(seen, entries, doorbell, whole=True):
    """A problem unless log and journal agree, the kernel reported the IOVA of each interrupt,
    and, if all programs ran, there were accesses."""
    if whole and not any(entry.count for entry in entries):
        return "no access at all"
    return unreported(entries) or mismatch(seen, entries, doorbell)


def of_others(seen, entries):
    """What the SMMU did for devices that the journal does not name, as text."""
    sids = {entry.sid for entry in entries}
    return [str(one) for one in seen if one.sid not in sids]


def without_host_driver(seen, entries, sid):
    """The log without the accesses of a device for its previous driver, one of the host: all up
    to the first address that the journal names, if there is one."""
    first = next((e.iovas[0] for e in entries if e.sid == sid and e.kind == "dma"), None)
    for number, one in enumerate(seen):
        if one.sid == sid and one.iova == first:
            return [s for s in seen[:number] if s.sid != sid] + seen[number:]
    return seen


def strays(translations, entries, doorbell):
    """Translations of the journal's devices to the doorbell's page from an IOVA that the kernel
    never reported for that device; at most three of them."""
    reported = {(e.sid, iova) for e in entries if e.kind == "msi" for iova in e.iovas}
    sids = {entry.sid for entry in entries}
    found = {t for t in translations
             if t.sid in sids and t.physical // PAGE == doorbell // PAGE
             and (t.sid, t.iova - t.iova % PAGE) not in reported}
    return sorted(found, key=lambda t: (t.sid, t.iova))[:3]
