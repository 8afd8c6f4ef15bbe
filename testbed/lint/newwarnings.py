#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tells which warnings of one source tree another one does not have.

Line numbers do not count, since a patch moves lines: two warnings are the same
if file and text are. The number of places that have it counts.

Usage: newwarnings.py normalize TREE O   tool output on stdin; prints its
                                         warnings with paths from TREE's top
       newwarnings.py new BASE LOG       prints LOG's lines that are new
"""

import os
import re
import sys
from collections import defaultdict

WARNING = re.compile(r"^(?P<path>[^\s:]+):(?P<place>\d+(?::\d+(?:-\d+)?)?): "
                     r"(?P<text>(?:fatal )?(?:warning|error): .*)$", re.IGNORECASE)


def normalize(lines, tree, objects):
    """The warnings among the lines, each once: a header's come with every file
    that includes it. Paths are taken as relative to the build directory."""
    seen = {}
    for line in lines:
        found = WARNING.match(line.rstrip("\n"))
        if not found:
            continue
        path = os.path.normpath(os.path.join(objects, found["path"]))
        for top in (tree, objects):
            if path.startswith(top + "/"):
                path = os.path.relpath(path, top)
                break
        seen[f"{path}:{found['place']}: {found['text']}"] = True
    return sorted(seen)


def places(path):
    """Of a normalized log: (file, text) -> lines that say so."""
    table = defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = WARNING.match(line.rstrip("\n"))
            if not found:
                raise SystemExit(f"error: {path} is no normalized log: {line.rstrip()}")
            table[found["path"], found["text"]].append(line.rstrip("\n"))
    return table


def new(base, log):
    """The lines to show. Which of several places is the new one cannot be told:
    all of them are shown."""
    known = places(base)
    return [line for key, lines in places(log).items()
            if len(lines) > len(known.get(key, ())) for line in lines]


def main(arguments):
    """Dispatches the verbs named in the file's top comment."""
    match arguments:
        case ["normalize", tree, objects]:
            result = normalize(sys.stdin, os.path.abspath(tree), os.path.abspath(objects))
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
