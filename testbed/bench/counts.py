# SPDX-License-Identifier: GPL-2.0
"""Boots kernels under icount and reads the counts that their guests took.

What makes two runs the same instruction by instruction is decided here.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from machine.paths import TESTBED, Problem

GUEST = TESTBED / "guest"
LINE = re.compile(r"^count (\d+) (\d+) (\d+) (.+)$", re.MULTILINE)
# The machine's random numbers, which the kernel places and hashes things by, come
# from this seed. Without ioeventfd the virtio port does its work within the guest's
# own instruction, and not whenever a thread of the host gets to it.
REPEATABLE = ["-seed", "1", "-global", "virtio-mmio.ioeventfd=off"]
# The image's KUnit tests would run before init, and the patched kernel has more of
# them; what the kernel prints costs instructions as well.
PARAMETERS = "quiet kunit.enable=0 rdinit=/test/bench-init"
SECONDS = 600


@dataclass
class Counts:
    """The counts of one kernel: totals is {(figure, n): (calls, instructions)}."""
    image: Path
    kernel: str
    command: str
    totals: dict


def take(images, files, log, suffix):
    """{name: Counts} of images, {name: path}, with the guest's files {guest path: host path}.

    Logs go to log/NAME + suffix. All machines run at once, the host's load has no say.
    """
    machines = {}
    try:
        for name, image in images.items():
            machines[name] = start(image, files, log / (name + suffix))
        return {name: finish(machines[name], image, log / (name + suffix))
                for name, image in images.items()}
    finally:
        # Also on an interrupt: no machine outlives this program.
        for machine in machines.values():
            if machine.poll() is None:
                machine.terminate()
                machine.wait()


def start(image, files, log):
    """A machine that runs the guest's programs on one kernel."""
    line = [TESTBED / "machine/vm", "--icount", "--data", "--log", log, "--image", image,
            "--device", "edu,dma_mask=0xffffffffffffffff", "--append", PARAMETERS,
            "--timeout", str(SECONDS), *(f"--qemu-arg={word}" for word in REPEATABLE),
            *(word for guest, host in files.items() for word in ("--file", f"{host}:{guest}")),
            GUEST / "bench-run"]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


def finish(machine, image, log):
    """Wait for the machine and read what it counted."""
    said = machine.communicate()[1]
    if machine.returncode:
        raise Problem(f"counting on {image} failed: {said.strip()}")
    result = json.loads((log / "result.json").read_text())
    totals = parse((log / "verdict.ktap").read_text())
    return Counts(image, result["kernel"], result["command"], totals)


def parse(channel):
    """The guest's "count N CALLS TOTAL FIGURE" lines; an N of 0 says that there is none."""
    totals = {}
    for n, calls, total, figure in LINE.findall(channel):
        key = (figure, int(n) or None)
        if key in totals:
            raise Problem(f"the guest reported {figure} twice for n = {n}")
        totals[key] = (int(calls), int(total))
    return totals
