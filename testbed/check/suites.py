# SPDX-License-Identifier: GPL-2.0
"""Finds the suites and reads their headers.

A suite is an executable file of testbed/suites; comment lines near its top,
"# summary:", "# needs:", "# host: yes", "# slow: yes" or "always", "# timeout:" (seconds)
and "# choose:" (which of TEST and MACHINE it takes, see selection.py), describe it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from machine.paths import Problem

# What a suite may need, cheapest first: suites run in the order of their costliest need.
NEEDS = ["packages", "source", "tree", "image", "pamu-image", "pristine-image"]
DEFAULT_TIMEOUT = 1800
HEADER_LINES = 30
FIELD = re.compile(r"^# (summary|needs|host|slow|timeout|choose):\s*(.*?)\s*$", re.MULTILINE)


@dataclass
class Suite:
    """One suite; host means that it does not depend on the kernel variant. slow is "yes" if the
    debug kernel is too slow for it, and "always" if it runs only if named."""
    name: str
    path: Path
    summary: str
    needs: list
    host: bool
    slow: str
    timeout: float
    choose: list

    def rank(self):
        """Sort key: cheap needs first, then by name."""
        return (max((NEEDS.index(n) for n in self.needs), default=-1), self.name)


def discover(directory):
    """All suites of a directory, in the order in which they run."""
    paths = [p for p in Path(directory).iterdir() if p.is_file() and os.access(p, os.X_OK)]
    if not paths:
        raise Problem(f"{directory} holds no suite")
    return sorted((describe(p) for p in paths), key=Suite.rank)


def describe(path):
    """Read a suite's header."""
    with open(path, encoding="utf-8", errors="replace") as file:
        head = "".join(line for _, line in zip(range(HEADER_LINES), file))
    fields = dict(FIELD.findall(head))
    needs = fields.get("needs", "").replace(",", " ").split()
    unknown = [need for need in needs if need not in NEEDS]
    if unknown or not fields.get("summary"):
        raise Problem(f"{path}: " + (f"needs unknown thing {unknown[0]}" if unknown
                                     else "has no '# summary:' line"))
    return Suite(path.name, path, fields["summary"], needs, fields.get("host") == "yes",
                 fields.get("slow", ""), float(fields.get("timeout") or DEFAULT_TIMEOUT),
                 fields.get("choose", "").split())
