# SPDX-License-Identifier: GPL-2.0
"""Boots kernels under icount and reads the counts of their guests.

The options here make two runs identical, instruction by instruction.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.runs import RUNS
from machine.paths import TESTBED, Problem

GUEST = TESTBED / "guest"
LINE = re.compile(r"^count (\d+) (\d+) (\d+) (.+)$", re.MULTILINE)
# The machine's random numbers, which the kernel uses for placement and hashing, come
# from this seed. Without ioeventfd the virtio port does its work during the guest's
# own instruction, not at some later time in a thread of the host.
REPEATABLE = ["-seed", "1", "-global", "virtio-mmio.ioeventfd=off"]
# The image's KUnit tests would run before init, and the patched kernel has more of
# them; printing costs instructions as well.
PARAMETERS = "quiet kunit.enable=0 rdinit=/test/bench-init"
SECONDS = 1800


@dataclass
class Counts:
    """The counts of one kernel: totals is {(figure, n): (calls, instructions)}."""
    image: Path
    kernel: str
    commands: dict
    totals: dict


def take(kernels, images, files, log, suffix):
    """{kernel: Counts} of the kernels, whose images are {name: path} with the names of runs.py.

    files are the guest's files, {guest path: host path}; logs go to log/NAME + suffix.
    """
    taken = {kernel: Counts(images[kernel], "", {}, {}) for kernel in kernels}
    for run in RUNS:
        for kernel, machine in boot(run, kernels, images, files, log, suffix).items():
            add(taken[kernel], run, machine)
    return taken


def boot(run, kernels, images, files, log, suffix):
    """Boot a machine of each kernel; returns {kernel: its log directory}.

    Both run at once, as the host's load does not matter.
    """
    logs = {kernel: log / f"{kernel}-{run.name}{suffix}" for kernel in kernels}
    machines = {}
    try:
        for kernel in kernels:
            machines[kernel] = start(run, images[run.image_of(kernel)], files, logs[kernel])
        for kernel, machine in machines.items():
            said = machine.communicate()[1]
            if machine.returncode:
                raise Problem(f"counting ({run.name}) on the {kernel} kernel failed: "
                              f"{said.strip()}")
    finally:
        # Also on an interrupt, so that no machine outlives this program.
        for machine in machines.values():
            if machine.poll() is None:
                machine.terminate()
                machine.wait()
    return logs


def start(run, image, files, log):
    """Start a machine that runs the guest's programs on one kernel."""
    line = [TESTBED / "machine/vm", "--icount", "--data", "--log", log, "--image", image,
            *run.options,
            *(word for device in run.devices for word in ("--device", device)),
            "--append", f"{PARAMETERS} {run.parameters} bench={run.name}",
            "--timeout", str(SECONDS), *(f"--qemu-arg={word}" for word in REPEATABLE),
            *(word for guest, host in files.items() for word in ("--file", f"{host}:{guest}")),
            GUEST / "bench-run"]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


def add(counts, run, log):
    """Read the counts of a machine."""
    result = json.loads((log / "result.json").read_text())
    counts.kernel = result["kernel"]
    counts.commands[run.name] = result["command"]
    totals = parse((log / "verdict.ktap").read_text())
    twice = [key for key in totals if key in counts.totals]
    if twice:
        raise Problem(f"two machines count {twice[0][0]}")
    counts.totals.update(totals)


def parse(channel):
    """The guest's "count N CALLS TOTAL FIGURE" lines; an N of 0 means that there is none."""
    totals = {}
    for n, calls, total, figure in LINE.findall(channel):
        key = (figure, int(n) or None)
        if key in totals:
            raise Problem(f"the guest reported {figure} twice for n = {n}")
        totals[key] = (int(calls), int(total))
    return totals
