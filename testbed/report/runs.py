# SPDX-License-Identifier: GPL-2.0
"""Reads the newest runs in out/: results, counts, and translations of devices' accesses."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from check.journal import read_line
from check.smmu_log import read_log
from machine.paths import OUT, ROOT

CASE = re.compile(r"\s*#  RUN +(\S+) \.\.\.")


@dataclass
class Places:
    """The I/O addresses of one case: (first, last) of the user's memory, and the doorbells
    in the order in which they were seen."""
    machine: str
    case: str
    memory: list = field(default_factory=list)
    doorbells: list = field(default_factory=list)

    def moved(self):
        return len(self.doorbells) > 1


def load(name):
    """A JSON file of out/, or None."""
    path = OUT / name
    return json.loads(path.read_text()) if path.is_file() else None


def reports():
    """The available reports of make check, by name."""
    found = {name: load(f"{name}.json") for name in ("report", "report-debug", "report-pristine")}
    return {name: report for name, report in found.items() if report}


def series():
    """The patches' names, in order."""
    lines = (ROOT / "patches/series").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def places():
    """The Places of each case of the passthrough suite that has a doorbell."""
    found = []
    for verdict in sorted((OUT / "check/passthrough").glob("*/verdict.ktap")):
        found += [entry for entry in read_places(verdict.parent.name, verdict.read_text())
                  if entry.doorbells]
    return found


def read_places(machine, text):
    """The Places of the cases in a guest's report."""
    found, current = [], Places(machine, "")
    for line in text.splitlines():
        if begin := CASE.match(line):
            current = Places(machine, begin[1])
            found.append(current)
        elif entry := read_line(line):
            note(current, *entry)
    return found


def note(entry, kind, word):
    """Add one line of the journal."""
    if not word.get("iova", "").startswith("0x") or "length" not in word:
        return
    first = int(word["iova"].partition("|")[0].partition("*")[0], 16)
    both = first, first + int(word["length"], 16) - 1
    target = entry.doorbells if kind == "doorbell" else entry.memory
    if both not in target:
        target.append(both)


def routes():
    """{machine: Counter of (stream ID, page, physical page, stage)} of the nested suite, from
    QEMU's own log."""
    return {log.parent.name: read_routes(log)
            for log in sorted((OUT / "check/nested").glob("*/trace.log"))}


def read_routes(path):
    """The pages that one machine's SMMU translated."""
    return Counter((one.sid, one.iova & ~0xfff, one.physical & ~0xfff, one.stage)
                   for one in read_log(path).translations())
