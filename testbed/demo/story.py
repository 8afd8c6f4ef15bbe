# SPDX-License-Identifier: GPL-2.0
"""Reads the results of one run of the demonstration into a Story.

The guest's program reports its steps as lines of JSON, and its DMA and interrupts in the
journal; QEMU's trace has the translations.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from check import journal, replay, smmu_log

DOORBELL = smmu_log.DOORBELLS["3"]


@dataclass
class Story:
    """One kernel's run."""
    machine: dict                               # vm's result.json
    kernel: str = ""
    device: str = ""
    steps: dict = field(default_factory=dict)   # (scene, step) -> outcome
    maps: dict = field(default_factory=dict)    # (scene, before or after) -> IOVA map
    translations: list = field(default_factory=list)
    problems: list = field(default_factory=list)


def read(log):
    """The Story in a vm's log directory."""
    log = Path(log)
    story = Story(json.loads((log / "result.json").read_text()))
    channel = (log / "verdict.ktap").read_text(errors="replace")
    scene = ""
    for line in channel.splitlines():
        if not line.startswith("{"):
            continue
        event = json.loads(line)
        scene = event.get("scene", scene)
        take(story, scene, event)
    read_trace(story, log / "trace.log", channel)
    return story


def take(story, scene, event):
    """Add one event of the guest."""
    if "kernel" in event:
        story.kernel, story.device = event["kernel"], event["device"]
    elif "step" in event:
        story.steps[scene, event["step"]] = event["result"]
    elif "interrupts" in event:
        story.steps[scene, "interrupts received of those raised"] = \
            f"{event['received']} of {event['interrupts']}"
    elif "map" in event:
        story.maps[scene, event.pop("map")] = event


def read_trace(story, path, channel):
    """Count equal translations, and compare all of them with the journal."""
    record = smmu_log.read_log(path)
    entries = journal.read_journal(channel)
    sids = {entry.sid for entry in entries}
    story.translations = [
        {"kind": "MSI" if t.physical == DOORBELL else "DMA", "sid": t.sid, "iova": t.iova,
         "physical": t.physical, "count": count}
        for t, count in Counter(t for t in record.translations() if t.sid in sids).items()]
    story.problems = [p for p in [replay.mismatch(record.seen, entries, DOORBELL)] if p]
    story.problems += [f"SMMU fault: {fault}" for fault in sorted(set(record.events))]


def segments(iova_map):
    """[first, last, what] of an IOVA map, in order, without a gap."""
    inside = [[d["iova"], d["iova"] + d["length"] - 1, f"doorbell, {vectors(d['vectors'])}"]
              for d in iova_map["doorbells"] or []]
    inside += [[*r, "user memory"] for r in iova_map["user"]]
    inside += [[*r, "reserved"] for r in iova_map["reserved"]]
    ends = iova_map["allowed"]
    gaps = [[before[1] + 1, after[0] - 1, "not allowed"] for before, after in zip(ends, ends[1:])]
    result, position = [], ends[0][0]
    for first, last, what in sorted(inside + gaps):
        if first > position:
            result.append([position, first - 1, "free"])
        result.append([first, last, what])
        position = last + 1
    return result + [[position, ends[-1][1], "free"]]


def vectors(count):
    """A number of vectors, in words."""
    return {0: "not in use", 1: "1 vector"}.get(count, f"{count} vectors")
