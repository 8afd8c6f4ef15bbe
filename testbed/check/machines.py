# SPDX-License-Identifier: GPL-2.0
"""Runs one machine of a suite with machine/vm, and returns its results."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from machine.paths import TESTBED, stop


@dataclass
class Run:
    """The results of a machine's run."""
    status: str         # as in result.json: pass, fail, crash ...
    seconds: float
    channel: str        # what the guest reported
    said: str           # the output of vm, if the machine did not pass

    def trouble(self):
        """What was wrong with the machine apart from failed cases."""
        return "" if self.status in ("pass", "fail") else f"{self.status}\n{self.said}"


def take_newer_emulator():
    """Run all further machines with the QEMU of host/emulator; exit if there is none."""
    run = subprocess.run([TESTBED / "host/emulator"], stdout=subprocess.PIPE, text=True,
                         check=False)
    if run.returncode:
        stop("there is no newer QEMU: testbed/host/emulator failed")
    os.environ["PATH"] = f"{run.stdout.strip()}:{os.environ['PATH']}"


def recall(log):
    """The option that names the record of this machine, if the suite has records."""
    records = os.environ.get("RECORDS")
    if not records:
        return []
    return ["--recall", Path(records) / log.relative_to(os.environ["LOG"])]


def run(log, options, script):
    """Run a script of testbed/guest in a machine with these options of machine/vm."""
    line = [TESTBED / "machine/vm", "--log", log, "--image", os.environ["IMAGE"],
            *recall(log), *options, TESTBED / "guest" / script]
    ended = subprocess.run(line, stderr=subprocess.PIPE, text=True, check=False)
    result, channel = log / "result.json", log / "verdict.ktap"
    found = json.loads(result.read_text()) if result.is_file() else \
        {"status": "not started", "seconds": 0}
    return Run(found["status"], found["seconds"],
               channel.read_text(errors="replace") if channel.is_file() else "", ended.stderr)
