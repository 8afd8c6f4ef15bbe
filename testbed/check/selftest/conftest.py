# SPDX-License-Identifier: GPL-2.0
"""Fixtures of the tests."""

import os
import re
from pathlib import Path

import pytest

from check.selftest import spawn
from machine.paths import TESTBED


@pytest.fixture
def log(request):
    """A directory for the test alone; its path is short, and has no blanks."""
    words = re.sub(r"\W+", "-", request.node.name).removeprefix("test_")[:60].strip("-")
    place = Path(os.environ["LOG"])
    path = place / f"{len(list(place.iterdir()))}-{words}"
    path.mkdir()
    return path


class Bench:
    """A directory of suites and an output directory, created anew for each test."""

    def __init__(self, directory):
        self.directory = directory
        self.number = 0

    def check(self, suites, *arguments, **environment):
        """Run the driver on {name: (header lines, body)}; self.out is its out/."""
        self.write(suites)
        return self.again(*arguments, **environment)

    def write(self, suites):
        """Write the suites, and an out/ without any earlier run."""
        self.number += 1
        place = self.directory / str(self.number)
        self.out, self.suites = place / "out", place / "suites"
        self.suites.mkdir(parents=True)
        for name, (header, body) in suites.items():
            path = self.suites / name
            path.write_text(f"#!/bin/sh\n# summary: made by the harness\n{header}{body}\n")
            path.chmod(0o755)

    def again(self, *arguments, **environment):
        """Run the driver again on the same suites."""
        clean = dict.fromkeys(("BASE", "DEBUG", "V", "LOG", "AGAIN", "TEST", "MACHINE"), "")
        return spawn(TESTBED / "check/check", "--suites-dir", self.suites, *arguments, timeout=120,
                     **{**clean, "OUT": str(self.out), **environment})


@pytest.fixture
def bench(log):
    return Bench(log)
