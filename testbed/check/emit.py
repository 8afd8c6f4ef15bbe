# SPDX-License-Identifier: GPL-2.0
"""Writes KTAP, for the suites written in Python.

The plan comes first, so a suite that dies half-way is detected.
"""


def show(line):
    """Print to standard output, unbuffered."""
    print(line, flush=True)


class Emitter:
    """Writes a stream of `total` results, line by line."""

    def __init__(self, total, write=show):
        self.number = 0
        self.failed = 0
        self.write = write
        for line in ("KTAP version 1", f"1..{total}"):
            write(line)

    def case(self, name, problem="", seconds=None):
        """Write one result; a problem, of any number of lines, makes it a failure."""
        for line in problem.splitlines():
            self.write(f"# {line}")
        if seconds is not None:
            self.write(f"# seconds: {seconds:.2f}")
        self.result("not ok" if problem else "ok", name)

    def subtest(self, word, name, lines):
        """Write a result with subtests, whose lines are already indented."""
        for line in lines:
            self.write(line)
        self.result(word, name)

    def result(self, word, name):
        self.number += 1
        self.failed += word != "ok"
        self.write(f"{word} {self.number} {name}")

    def exit_code(self):
        """The exit code of the suite."""
        return 1 if self.failed else 0
