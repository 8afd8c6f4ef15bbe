# SPDX-License-Identifier: GPL-2.0
"""What QEMU's SMMU did, by QEMU's own log: the one record that no kernel under test has a
hand in. A line tells of each address that was translated, with the stage, of each fault,
and of what stopped the command queue, in the order in which they happened.
"""

import re
from dataclasses import dataclass, field

TRANSLATED, RECORDED = "smmuv3_translate_success", "smmuv3_record_event"
# What to trace where every access is to be translated, and where some are to be refused.
PLAIN_EVENTS = [TRANSLATED, RECORDED]
EVENTS = [TRANSLATED, "smmuv3_translate_abort", "smmuv3_cmdq_consume_error"]
# The physical address that a device's MSI must reach, by QEMU's gic-version.
DOORBELLS = {"2": 0x8020040, "3": 0x8090040}

TRANSLATION = re.compile(TRANSLATED + r" \S+ sid=0x([0-9a-f]+) iova=0x([0-9a-f]+) "
                         r"translated=0x([0-9a-f]+) perm=0x[0-9a-f]+ stage=(\d)")
FAULT = re.compile(r"smmuv3-iommu-memory-region-(\d+)-\d+ translation failed for "
                   r"iova=0x([0-9a-f]+) \((?:SMMU_EVT_)?([\w ]+)\)")
ABORT = re.compile(r"smmuv3_translate_abort \S+ sid=0x([0-9a-f]+) abort on iova:0x([0-9a-f]+)")
EVENT = re.compile(RECORDED + " (.*)")
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
    """An access that the SMMU refused, with the event that it recorded, if it did."""
    sid: int
    iova: int
    event: str

    def __str__(self):
        return f"sid {self.sid:#x}, {self.event} at {self.iova:#x}"


@dataclass
class Record:
    """QEMU's log of one run."""
    seen: list = field(default_factory=list)        # Translations and Faults
    events: list = field(default_factory=list)      # that the SMMU recorded, where traced
    stopped: list = field(default_factory=list)     # errors that stop the command queue

    def enter(self, line):
        """Add what a line tells of, if anything."""
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
    """machine/vm's options for a log of these events."""
    return [word for event in events for word in ("--trace", event)]


def log_faults(events):
    """The same, and of each fault with its address: QEMU logs it as what a guest did wrong."""
    return [*trace(events), "--qemu-arg=-d", "--qemu-arg=guest_errors"]


def read_log(path):
    """The Record of a log file."""
    record = Record()
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            record.enter(line)
    return record
