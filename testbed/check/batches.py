# SPDX-License-Identifier: GPL-2.0
"""Compares the batches in which the host's SMMU got a guest's commands with what the tests issued.

A guest's commands reach the queue in batches with one CMD_SYNC each, as it is the CMD_SYNC
that costs time. QEMU's trace has each command that its SMMU consumed from the queue.
"""

import re

EVENTS = ["smmuv3_cmdq_opcode", "smmuv3_range_inval"]
BATCH = 64
COMMAND = re.compile(r"smmuv3_range_inval vmid=\d+ asid=(\d+) ")
SYNC = re.compile(r"smmuv3_cmdq_opcode .*SMMU_CMD_SYNC")
JOURNAL = re.compile(r"^\s*# batch asid=(\d+) commands=(\d+)$", re.MULTILINE)


def taken(lines, asid):
    """The number of commands with this ASID before each CMD_SYNC."""
    counts, count = [], 0
    for line in lines:
        if (found := COMMAND.search(line)) and int(found[1]) == asid:
            count += 1
        elif count and SYNC.search(line):
            counts.append(count)
            count = 0
    return counts


def wanted(issued):
    """The numbers that taken() should return for calls with these numbers of commands."""
    return [size for count in issued
            for size in [BATCH] * (count // BATCH) + [count % BATCH] * bool(count % BATCH)]


def mismatch(lines, report):
    """What is wrong with the batches in a guest's report; empty if nothing."""
    issued = {}
    for asid, count in JOURNAL.findall(report):
        issued.setdefault(int(asid), []).append(int(count))
    lines = list(lines)
    for asid, counts in issued.items():
        if taken(lines, asid) != wanted(counts):
            return f"calls of {counts} commands were taken as {taken(lines, asid)}"
    return "" if issued else "no batch at all"


def overlooked():
    """What the comparison gets wrong, one line each; empty if it is reliable."""
    report = "    # batch asid=7 commands=66\n# batch asid=7 commands=1\n"
    command = "smmuv3_range_inval vmid=1 asid=7 addr=0x1000"
    sync = "smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC"
    other = command.replace("asid=7", "asid=8")
    true = [sync, *[command] * 64, sync, command, other, command, sync, other, sync, command, sync]
    spoilt = {"a batch has one sync too many": [*true[:9], sync, *true[9:]],
              "two batches have one sync": [line for n, line in enumerate(true) if n != 65],
              "a command is missing": true[:1] + true[2:],
              "a command has no sync": true[:-1]}
    wrong = [story for story, lines in spoilt.items() if not mismatch(lines, report)]
    if difference := mismatch(true, report):
        wrong.append(f"true batches are not believed: {difference}")
    if not mismatch(true, ""):
        wrong.append("a report without batches is believed")
    return "\n".join(wrong)
