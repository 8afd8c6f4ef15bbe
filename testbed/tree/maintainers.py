#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Puts the series' entry (MAINTAINERS at the repository's top) into a kernel
tree's MAINTAINERS, in the order of titles. The file is replaced, never written
in place, since it may be a hard link.

Usage: maintainers.py ENTRY TREE/MAINTAINERS
"""

import os
import re
import sys


def insert(text, entry):
    """The text with the entry in sorted order. Upstream's titles are not perfectly
    sorted, so use the position with the fewest titles on the wrong side."""
    title = entry.split("\n", 1)[0]
    head = re.search(r"^Maintainers List\n-+\n", text, re.MULTILINE)
    starts = [match.start(1) for match in
              re.finditer(r"\n\n(?=[^\s])(?![A-Z]:\t)()", text) if match.start() > head.end()]
    titles = [text[start:text.index("\n", start)] for start in starts]
    if title in titles:
        raise SystemExit(f"error: MAINTAINERS has an entry {title} already")
    # Walking down, a title before ours leaves the wrong side, one after joins.
    wrong = best = sum(other < title for other in titles)
    place = 0
    for index, other in enumerate(titles):
        wrong += 1 if other > title else -1
        if wrong < best:
            best, place = wrong, index + 1
    return text[:starts[place]] + entry.strip("\n") + "\n\n" + text[starts[place]:]


def main(arguments):
    """Replaces the tree's file."""
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        entry = file.read()
    with open(arguments[1], encoding="utf-8") as file:
        text = file.read()
    with open(arguments[1] + ".new", "w", encoding="utf-8") as file:
        file.write(insert(text, entry))
    os.replace(arguments[1] + ".new", arguments[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
