# SPDX-License-Identifier: GPL-2.0
"""The journal in which the drivers in a guest record what their devices did.

It consists of lines in a guest's report, which lib/journal.c of
tools/testing/selftests/passthrough writes and describes: where doorbells are, each DMA, each
series of interrupts, and, where that changes during a test, which stages must translate a
page. The lines are in order for each device.
"""

import re
from dataclasses import dataclass

PAGE = 0x1000
LINE = re.compile(r"\s*# (doorbell|msi|dma|route) (device=.*)")
NESTED, NONE, NEVER = 3, 0, -1
STAGES = {"1": 1, "2": 2, "3": NESTED, "none": NONE, "never": NEVER}
IN_WORDS = {"doorbell": "a doorbell", "msi": "an interrupt", "dma": "a DMA"}


@dataclass(frozen=True)
class Route:
    """What may happen to an access: the stages that translate it, NONE of them, or that it
    is NEVER made. Without a route in the journal, any stage may translate it."""
    stages: frozenset = frozenset({1, 2, NESTED})
    event: str = ""     # recorded by the SMMU if it blocks the access


@dataclass(frozen=True)
class Entry:
    """The same access of a device, `count` times, or a doorbell, which is not an access. An
    interrupt has the pages of its doorbell: two if it was raised during a relocation, none if
    the kernel could not report the page."""
    kind: str           # msi, dma, doorbell
    sid: int
    iovas: tuple
    length: int
    count: int
    route: Route

    def __str__(self):
        places = " or ".join(f"{iova:#x}" for iova in self.iovas) or "any IOVA"
        return f"{IN_WORDS[self.kind]} of sid {self.sid:#x} at {places}"


def stream_id(bdf):
    """The stream ID of a PCI function, which is given as 0000:BB:DD.F."""
    _, bus, rest = bdf.split(":")
    slot, function = rest.split(".")
    return int(bus, 16) << 8 | int(slot, 16) << 3 | int(function)


def read_line(line):
    """(kind, words) of a line of the journal, None for any other line."""
    found = LINE.match(line)
    return found and (found[1], dict(pair.split("=", 1) for pair in found[2].split()))


def read_route(word):
    """The Route in the words of a journal line."""
    stages = {STAGES[stage] for stage in word["stage"].split("|")}
    return Route(frozenset(stages), word.get("event", ""))


def read_entries(kind, word, routes):
    """The Entries of one line, one for each doorbell that its interrupts used."""
    sid = stream_id(word["device"])
    length = int(word.get("length", "4"), 16)
    for series in word["iova"].split(","):
        places, _, count = series.partition("*")
        count = count or word.get("raised") or kind == "dma"
        iovas = tuple(int(place, 16) for place in places.split("|") if place != "unreported")
        page = iovas[0] // PAGE if iovas else None
        yield Entry(kind, sid, iovas, length, int(count), routes.get((sid, page), Route()))


def read_journal(text):
    """The Entries of a guest's report, in order, each with the latest Route of its page."""
    routes, entries = {}, []
    for kind, word in filter(None, map(read_line, text.splitlines())):
        if kind == "route":
            page = int(word["iova"], 16) // PAGE
            routes[stream_id(word["device"]), page] = read_route(word)
        else:
            entries += read_entries(kind, word, routes)
    return entries


def unreported(entries):
    """A problem unless the kernel reported the IOVA of every interrupt."""
    blind = sum(entry.kind == "msi" and not entry.iovas for entry in entries)
    return f"the kernel did not report the IOVA of {blind} series of interrupts" * bool(blind)
