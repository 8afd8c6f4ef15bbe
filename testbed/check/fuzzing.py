# SPDX-License-Identifier: GPL-2.0
"""Finds the shortest sequence of operations that still fails.

The fuzzer in the guest derives each operation from the seed and its number alone, so any
operation of an episode can be omitted. A try boots a machine that omits one part after
another until it fails. The number of machines is bounded: the remaining sequence is then
short enough to inspect, and still fails.
"""

import re

TRY = re.compile(r"^# try (\d+)$", re.MULTILINE)
EPISODE = re.compile(r"^# episode (\d+) of seed (\d+): mode \d+, (\d+) threads", re.MULTILINE)
OPERATIONS = 150    # of each thread, as in the program
# The machines that one reduction may boot; most need half as many.
MACHINES = 40


def failed_episode(channel):
    """(episode, number of its operations) of the last episode in a report, or None."""
    found = EPISODE.findall(channel)
    return (int(found[-1][0]), int(found[-1][2]) * OPERATIONS) if found else None


def as_ranges(operations):
    """The list in the format that the program expects: "0-4,7-7"."""
    ranges = []
    for number in operations:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(f"{first}-{last}" for first, last in ranges)


def without_each(operations, parts):
    """The list without its first part, without its second part, and so on."""
    size = -(-len(operations) // parts)
    return [operations[:start] + operations[start + size:]
            for start in range(0, len(operations), size)]


def reduce(count, fails):
    """The shortest failing list out of `count` operations; None if the failure does not recur.

    fails: tries the lists it is passed one after another, returns the number of the first that
    fails, or None.
    """
    operations, parts = list(range(count)), 2
    if fails([operations]) is None:
        return None
    for _ in range(MACHINES):
        lists = without_each(operations, parts)
        failing = fails(lists) if len(operations) > 1 else None
        if failing is not None:
            operations, parts = lists[failing], max(parts - 1, 2)
        elif parts >= len(operations):
            break
        else:
            parts = min(2 * parts, len(operations))
    return operations


def failing_try(channel):
    """The number of the last try in a report: the one that failed."""
    found = TRY.findall(channel)
    return int(found[-1]) if found else None


def overlooked():
    """A problem unless a seeded failure, which takes three operations together, is found."""
    guilty = {17, 203, 204}

    def fails(lists):
        return next((i for i, kept in enumerate(lists) if guilty <= set(kept)), None)

    found = reduce(3 * OPERATIONS, fails)
    if found != sorted(guilty):
        return f"reduced to {found}, and should be to {sorted(guilty)}"
    if as_ranges(found) != "17-17,203-204":
        return f"written as {as_ranges(found)}"
    if reduce(10, lambda lists: None) is not None:
        return "what does not fail again was reduced"
    return ""
