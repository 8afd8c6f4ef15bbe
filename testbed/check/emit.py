# SPDX-License-Identifier: GPL-2.0
"""Writes KTAP: for the suites that are written in Python.

The plan comes first, so that a suite which dies half-way is found out.
"""


class Emitter:
    """Prints a stream of `total` results to standard output."""

    def __init__(self, total):
        self.number = 0
        self.failed = 0
        print(f"KTAP version 1\n1..{total}", flush=True)

    def case(self, name, problem="", seconds=None):
        """One result; a problem, of any number of lines, makes it a failure."""
        for line in problem.splitlines():
            print(f"# {line}")
        if seconds is not None:
            print(f"# seconds: {seconds:.2f}")
        self.result("not ok" if problem else "ok", name)

    def subtest(self, word, name, lines):
        """A result with subtests, whose lines are indented already."""
        print("\n".join(lines))
        self.result(word, name)

    def result(self, word, name):
        self.number += 1
        self.failed += word != "ok"
        print(f"{word} {self.number} {name}", flush=True)

    def exit_code(self):
        """What the suite ends with."""
        return 1 if self.failed else 0
