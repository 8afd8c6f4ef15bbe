# SPDX-License-Identifier: GPL-2.0
"""Which stages translated each access, held against what the tests expected.

With nested translation the same address can be led to memory by stage 2 alone, by
both stages, or nowhere, and that changes as a test goes on. So the tests' journal
(tools/testing/selftests/passthrough/lib/journal.c) has a line for each route before it is
taken. QEMU's log has each translation with its stage, and each fault with its
address, in the order in which they happened.
"""

import re
from dataclasses import dataclass, field

from check import replay
from check.replay import Mismatch
from demo.translations import PAGE, Translation, journal_lines, read_series, translation_of

TRANSLATED = "smmuv3_translate_success"
EVENTS = [TRANSLATED, "smmuv3_translate_abort", "smmuv3_cmdq_consume_error"]
# Each fault with its address is in QEMU's log of what a guest did wrong.
LOG = ["-d", "guest_errors"]
FAULT = re.compile(r"smmuv3-iommu-memory-region-(\d+)-\d+ translation failed for "
                   r"iova=0x([0-9a-f]+) \((?:SMMU_EVT_)?([\w ]+)\)")
ABORT = re.compile(r"smmuv3_translate_abort \S+ sid=0x([0-9a-f]+) abort on iova:0x([0-9a-f]+)")
STOPPED = re.compile(r"smmuv3_cmdq_consume_error (.*)")
NESTED, NONE, NEVER = 3, 0, -1
STAGES = {"1": 1, "2": 2, "3": NESTED, "none": NONE, "never": NEVER}


@dataclass(frozen=True)
class Fault:
    """An access that the SMMU refused, with the event that it recorded, if it did."""
    sid: int
    iova: int
    event: str

    def __str__(self):
        return f"sid {self.sid:#x}, {self.event} at {self.iova:#x}"


@dataclass(frozen=True)
class Route:
    """What may happen to an access: the stages that translate it, NONE of them, or that it
    is NEVER made."""
    stages: frozenset = frozenset({1, 2, 3})
    event: str = ""     # that the SMMU records if it blocks the access


@dataclass
class Access:
    """`count` times the same access of a device, which all take the same route."""
    sid: int
    iova: int
    length: int
    route: Route
    count: int = 1
    interrupt: bool = False
    moved: int | None = None    # the IOVA that an interrupt may go by as well

    def starts(self):
        """The IOVAs that it may begin at."""
        return [iova for iova in (self.iova, self.moved) if iova is not None]

    def __str__(self):
        kind = "an interrupt" if self.interrupt else "a DMA"
        return f"{kind} of sid {self.sid:#x} at {self.iova:#x}"


@dataclass
class Record:
    """QEMU's log of one run."""
    seen: list = field(default_factory=list)    # translations and faults
    stopped: list = field(default_factory=list)  # errors that stop the command queue


def read_log(path):
    """The Record of a log file."""
    record = Record()
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := translation_of(line):
                record.seen.append(found)
            elif found := FAULT.search(line):
                record.seen.append(Fault(int(found[1]), int(found[2], 16), found[3]))
            elif found := ABORT.search(line):
                record.seen.append(Fault(int(found[1], 16), int(found[2], 16), "abort"))
            elif found := STOPPED.search(line):
                record.stopped.append(found[1].strip())
    return record


def read_route(word):
    """The Route of a journal line's words."""
    stages = {STAGES[stage] for stage in word["stage"].split("|")}
    return Route(frozenset(stages), word.get("event", ""))


def read_interrupts(sid, word, offset, routes):
    """The Accesses of one line of interrupts; offset is that of the doorbell's register."""
    for action in read_series(sid, word):
        iova = -PAGE if action.iova is None else action.iova
        yield Access(sid, iova + offset, 4, routes.get((sid, iova // PAGE), Route()), action.count,
                     True, None if action.moved is None else action.moved + offset)


def read_journal(text, doorbell):
    """The Accesses of a guest's report, in order; doorbell is physical."""
    routes, accesses = {}, []
    for kind, sid, word in journal_lines(text, ("route", "msi", "dma")):
        if kind == "msi":
            accesses += read_interrupts(sid, word, doorbell % PAGE, routes)
            continue
        iova = int(word["iova"], 16)
        if kind == "route":
            routes[sid, iova // PAGE] = read_route(word)
        else:
            accesses.append(Access(sid, iova, int(word["length"], 16),
                                   routes.get((sid, iova // PAGE), Route())))
    return accesses


class Replay(replay.Replay):
    """Of a log that has stages and faults."""

    UNASKED = "accesses that no test tells of"

    def one(self, access):
        for _ in range(access.count):
            self.once(access)

    def here(self, access):
        """What the log has next, if that can be part of the access."""
        found = self.upcoming()
        part = found and any(0 <= found.iova - start < access.length for start in access.starts())
        return found if part else None

    def once(self, access):
        """A translation, or one fault or more, as the route says."""
        found = self.here(access)
        if isinstance(found, Translation):
            self.translated(access, found)
        elif isinstance(found, Fault):
            self.blocked(access)
        elif NEVER not in access.route.stages:
            raise Mismatch(f"{access} is not in the log, but {self.upcoming() or 'its end'}")

    def translated(self, access, found):
        """By a stage of the route; to the doorbell if it is an interrupt, else not there."""
        if found.stage not in access.route.stages:
            raise Mismatch(f"{access} was translated by stage {found.stage}, not by "
                           f"{sorted(access.route.stages)}: {found}")
        if found.iova not in access.starts():
            raise Mismatch(f"{access} begins elsewhere: {found}")
        if (found.physical == self.doorbell) != access.interrupt:
            raise Mismatch(f"{access} went to the wrong place: {found}")
        self.next += 1

    def blocked(self, access):
        """Each part of the access is refused by itself, from the first to the last byte."""
        if NONE not in access.route.stages:
            raise Mismatch(f"{access} was blocked: {self.upcoming()}")
        last = -1
        while isinstance(found := self.here(access), Fault) and found.iova > last:
            if access.route.event not in ("", found.event):
                raise Mismatch(f"{access} should be {access.route.event}: {found}")
            last = found.iova
            self.next += 1


def mismatch(seen, accesses, doorbell):
    """Where the log and the journal part; empty if nowhere."""
    return replay.mismatch(Replay, seen, accesses, doorbell)


DOORBELL = 0x8090040
PLACE, NEXT_PLACE = 0x8000000, 0x9000000
BOTH, EITHER = Route(frozenset({3})), Route(frozenset({2, 3}))
BLOCKED = Route(frozenset({NONE}), "F_TRANSLATION")
STORY = [Access(8, 0x10000000, 0x1000, BOTH), Access(8, 0x10000000, 8, BLOCKED),
         Access(8, PLACE + 0x40, 4, EITHER, 2, True), Access(8, 0x10000000, 0x1000, BOTH),
         Access(8, PLACE + 0x40, 4, EITHER, 1, True, NEXT_PLACE + 0x40)]
DMA = Translation(8, 0x10000000, 0x42000000, 3)
FAULTS = [Fault(8, 0x10000000, "F_TRANSLATION"), Fault(8, 0x10000004, "F_TRANSLATION")]
MSIS = [Translation(8, PLACE + 0x40, DOORBELL, 2), Translation(8, PLACE + 0x40, DOORBELL, 3)]
MOVED = Translation(8, NEXT_PLACE + 0x40, DOORBELL, 3)
TRUE = [DMA, *FAULTS, *MSIS, DMA, MOVED]
SPOILT = {
    "a DMA takes stage 2 alone": [Translation(8, 0x10000000, 0x42000000, 2), *TRUE[1:]],
    "a DMA goes to the doorbell": [Translation(8, 0x10000000, DOORBELL, 3), *TRUE[1:]],
    "a DMA that is to be blocked is not": [DMA, DMA, *TRUE[3:]],
    "a DMA that is to be recorded is not": [DMA, *TRUE[3:]],
    "it is aborted in silence": [DMA, Fault(8, 0x10000000, "abort"), *TRUE[3:]],
    "it is recorded as something else": [DMA, Fault(8, 0x10000000, "F_ACCESS"), *TRUE[3:]],
    "a DMA is blocked": [FAULTS[0], *TRUE[1:]],
    "an interrupt is lost": [DMA, *FAULTS, MSIS[0], DMA, MOVED],
    "an interrupt comes twice": [DMA, *FAULTS, *MSIS, MSIS[0], DMA, MOVED],
    "an interrupt goes to memory":
        [DMA, *FAULTS, MSIS[0], Translation(8, PLACE + 0x40, 0x42000040, 3), DMA, MOVED],
    "an interrupt goes by the new place before its time": [DMA, *FAULTS, MSIS[0], MOVED, DMA, MOVED],
    "an interrupt goes by a third place": [*TRUE[:-1], Translation(8, 0x40, DOORBELL, 3)],
    "a fault is of no access": [*TRUE, FAULTS[0]],
    "a DMA comes unasked": [*TRUE, DMA],
}
LINES = """# route device=0000:00:01.0 iova=0x10000000 stage=3
    # dma device=0000:00:01.0 iova=0x10000000 length=0x1000 access=write
# route device=0000:00:01.0 iova=0x10000000 stage=none event=F_TRANSLATION
# dma device=0000:00:01.0 iova=0x10000000 length=0x8 access=read
# route device=0000:00:01.0 iova=0x8000000 stage=2|3
# msi device=0000:00:01.0 iova=0x8000000 raised=2 received=2
# route device=0000:00:01.0 iova=0x10000000 stage=3
# dma device=0000:00:01.0 iova=0x10000000 length=0x1000 access=write
# msi device=0000:00:01.0 iova=0x8000000|0x9000000*1 raised=1 received=1"""


def overlooked():
    """What the comparison gets wrong, one line each; empty if it can be relied on."""
    wrong = [story for story, seen in SPOILT.items() if not mismatch(seen, STORY, DOORBELL)]
    if difference := mismatch(TRUE, STORY, DOORBELL):
        wrong.append(f"a true story is not believed: {difference}")
    if read_journal(LINES, DOORBELL) != STORY:
        wrong.append("a journal is misread")
    return "\n".join(wrong)
