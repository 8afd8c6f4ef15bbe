# SPDX-License-Identifier: GPL-2.0
"""Reads QEMU's own log of its SMMU, the one record that is independent of the kernel under
test. It has a line for each translated address, with the stage, for each fault, and for each
error that stopped the command queue, in order.
"""

import re
from dataclasses import dataclass, field

TRANSLATED = "smmuv3_translate_success"
# A recorded event is smmuv3_record_event in QEMU 10, and smmuv3_propagate_event in QEMU 11.
RECORDED = "smmuv3_*_event"
RECORD = "smmuv3_(?:record|propagate)_event"
# The events to trace if every access must be translated, and if some must be refused.
PLAIN_EVENTS = [TRANSLATED, RECORDED]
EVENTS = [TRANSLATED, "smmuv3_translate_abort", "smmuv3_cmdq_consume_error"]
# The physical address that a device's MSI must reach, by QEMU's gic-version.
DOORBELLS = {"2": 0x8020040, "3": 0x8090040}

TRANSLATION = re.compile(TRANSLATED + r" \S+ sid=0x([0-9a-f]+) iova=0x([0-9a-f]+) "
                         r"translated=0x([0-9a-f]+) perm=0x[0-9a-f]+ stage=(\d)")
FAULT = re.compile(r"smmuv3-iommu-memory-region-(\d+)-\d+ translation failed for "
                   r"iova=0x([0-9a-f]+) \((?:SMMU_EVT_)?([\w ]+)\)")
ABORT = re.compile(r"smmuv3_translate_abort \S+ sid=0x([0-9a-f]+) abort on iova:0x([0-9a-f]+)")
EVENT = re.compile(RECORD + " (.*)")
STOPPED = re.compile(r"smmuv3_cmdq_consume_error (.*)")


@dataclass(frozen=True)
class Translation:
    """An address that the SMMU translated for a device."""
    sid: int
    iova: int
    physical: int
    stage: int

    def __str__(self):
        return f"sid {self.sid:#x}, {self.iova:#x} -> {self.physical:#x}"


@dataclass(frozen=True)
class Fault:
    """An access that the SMMU refused, with the event that it recorded, if any."""
    sid: int
    iova: int
    event: str

    def __str__(self):
        return f"sid {self.sid:#x}, {self.event} at {self.iova:#x}"


@dataclass
class Record:
    """QEMU's log of one run."""
    seen: list = field(default_factory=list)        # Translations and Faults
    events: list = field(default_factory=list)      # recorded by the SMMU, if traced
    stopped: list = field(default_factory=list)     # errors that stop the command queue

    def enter(self, line):
        """Add the content of a line, if it is relevant."""
        if found := TRANSLATION.search(line):
            sid, iova, physical = (int(word, 16) for word in found.groups()[:3])
            self.seen.append(Translation(sid, iova, physical, int(found[4])))
        elif found := FAULT.search(line):
            self.seen.append(Fault(int(found[1]), int(found[2], 16), found[3]))
        elif found := ABORT.search(line):
            self.seen.append(Fault(int(found[1], 16), int(found[2], 16), "abort"))
        elif found := EVENT.search(line):
            self.events.append(found[1].strip())
        elif found := STOPPED.search(line):
            self.stopped.append(found[1].strip())

    def translations(self):
        return [one for one in self.seen if isinstance(one, Translation)]

    def faults(self):
        return [one for one in self.seen if isinstance(one, Fault)]


def trace(events):
    """The options of machine/vm for a log of these events."""
    return [word for event in events for word in ("--trace", event)]


def log_faults(events):
    """As trace(), plus each fault with its address, which QEMU logs as a guest error."""
    return [*trace(events), "--qemu-arg=-d", "--qemu-arg=guest_errors"]


def read_log(path):
    """The Record of a log file."""
    record = Record()
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            record.enter(line)
    return record
