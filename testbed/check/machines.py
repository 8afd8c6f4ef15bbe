# SPDX-License-Identifier: GPL-2.0
"""Runs one machine of a suite with machine/vm, and returns its results."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from machine.paths import ROOT, TESTBED, stop
from machine.verdict import read


# What machines with devices need in the guest.
BIND = ROOT / "tools/testing/selftests/passthrough/bind.sh"


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


def made_by(script, problem, **environment):
    """The last line that a script of the test bed prints; exit if it fails."""
    run = subprocess.run([TESTBED / script], env={**os.environ, **environment},
                         stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        stop(f"{problem}: testbed/{script} failed")
    return run.stdout.splitlines()[-1]


def take_newer_emulator():
    """Run all further machines with the QEMU of host/emulator."""
    place = made_by("host/emulator", "there is no newer QEMU")
    os.environ["PATH"] = f"{place}:{os.environ['PATH']}"


def recall(log):
    """The option that names the record of this machine, if the suite has records."""
    records = os.environ.get("RECORDS")
    if not records:
        return []
    return ["--recall", Path(records) / log.relative_to(os.environ["LOG"])]


def run(log, options, script, devices=(), files=()):
    """Run a script of testbed/guest in a machine with these options of machine/vm, devices, and
    files in /test."""
    line = [TESTBED / "machine/vm", "--log", log, "--image", os.environ["IMAGE"],
            *recall(log), *options,
            *(word for device in devices for word in ("--device", device)),
            *(word for path in files for word in ("--file", f"{path}:/test/{path.name}")),
            TESTBED / "guest" / script]
    ended = subprocess.run(line, stderr=subprocess.PIPE, text=True, check=False)
    result = log / "result.json"
    found = json.loads(result.read_text()) if result.is_file() else \
        {"status": "not started", "seconds": 0}
    return Run(found["status"], found["seconds"], read(log / "verdict.ktap"), ended.stderr)
