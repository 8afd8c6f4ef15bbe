#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Finds the warnings of one source tree that another one does not have.

Line numbers are ignored, since a patch moves lines: two warnings are the same if
file and text are. Line numbers in the text are ignored, too. The number of
occurrences matters.

Usage: newwarnings.py compiled TREE O PREFIX...   the output of the kernel's make
           -O on stdin; prints "object path:line: text" for each warning about
           the objects with these prefixes, the paths from TREE's top
       newwarnings.py new BASE LOG                prints LOG's lines that are new
"""

import os
import re
import sys
from collections import defaultdict

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
WARNING = re.compile(r"^(?P<path>[^\s:]+):(?P<place>\d+(?::\d+(?:-\d+)?)?): "
                     r"(?P<text>(?:fatal )?(?:warning|error): .*)$", re.IGNORECASE)
COMMAND = re.compile(r"^  (?:CC|AS|LD|AR)(?: \[M\])? +(\S+)$")


def compiled(lines, tree, objects, prefixes):
    """Return the warnings, each once per object. Paths are relative to
    the build directory; the compiler follows the overlay's links."""
    unit, seen = "", set()
    for line in lines:
        command = COMMAND.match(line)
        unit = command[1] if command else unit
        found = WARNING.match(line.rstrip("\n"))
        if not found or not unit.startswith(prefixes):
            continue
        path = os.path.normpath(os.path.join(objects, found["path"]))
        for top in (tree, objects, REPOSITORY):
            if path.startswith(top + "/"):
                path = os.path.relpath(path, top)
                break
        seen.add(f"{unit} {path}:{found['place']}: {found['text']}")
    return sorted(seen)


def places(path):
    """Read a log of "path:line: text" lines into (file, text) -> lines."""
    table = defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = WARNING.match(line.rstrip("\n"))
            if not found:
                raise SystemExit(f"error: {path} holds something else than warnings: {line.rstrip()}")
            text = re.sub(r"\bline \d+", "line", found["text"])
            table[found["path"], text].append(line.rstrip("\n"))
    return table


def new(base, log):
    """Return the new lines. Which of several occurrences is new cannot be determined, so
    all of them are returned."""
    known = places(base)
    return [line for key, lines in places(log).items()
            if len(lines) > len(known.get(key, ())) for line in lines]


def main(arguments):
    """Run the verb given on the command line."""
    match arguments:
        case ["compiled", tree, objects, *prefixes]:
            result = compiled(sys.stdin, os.path.abspath(tree), os.path.abspath(objects),
                              tuple(prefixes))
        case ["new", base, log]:
            result = new(base, log)
        case ["--help"]:
            result = [__doc__.strip()]
        case _:
            print("error: bad usage (try --help)", file=sys.stderr)
            return 2
    for line in result:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
