# SPDX-License-Identifier: GPL-2.0
"""The programs that count inside the guest, compiled once for both kernels."""

import os
import shutil
import subprocess
from pathlib import Path

from machine.paths import DEVICE_SOURCES, LIBRARY, OUT, TESTBED, Problem

GUEST = TESTBED / "guest"


def library(*names):
    """Parts of the selftests' library, and those that each device needs."""
    return [LIBRARY / f"{name}.c" for name in names] + DEVICE_SOURCES


GUESTS = ("exercise", "edu", "journal", "smmuv3", "viommu")
# Of each program: the sources besides its own.
PROGRAMS = {
    "bench-init": [],
    "bench-syscall": [],
    "bench-map": library(),
    "bench-place": library(),
    "bench-nested": library("stage1", *GUESTS),
    "bench-smmuv2": library("smmuv2", *GUESTS),
    "bench-replace": library("edu", "journal"),
    "bench-vectors": library("nvme", "journal"),
    "bench-move": library("igb", "journal"),
}


def compile_all(directory):
    """Compile into directory; returns {guest path: host path} of all files for the guest."""
    # The patched kernel's headers are a superset of the pristine one's.
    headers = Path(os.environ.get("HEADERS") or OUT / "arm64" / "usr-headers") / "include"
    if not (headers / "linux/iommufd.h").is_file():
        raise Problem(f"{headers} has no kernel headers: testbed/kernel/image installs them")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with open(directory / "compile.log", "w", encoding="utf-8") as log:
        for name, sources in PROGRAMS.items():
            line = ["aarch64-linux-gnu-gcc", "-static", "-O2", "-Wall", "-I", LIBRARY,
                    "-isystem", headers, "-o", directory / name, GUEST / f"{name}.c", *sources]
            if subprocess.run(line, stdout=log, stderr=log, check=False).returncode:
                raise Problem(f"{name} does not compile; see {log.name}")
    files = {f"/test/{name}": directory / name for name in PROGRAMS}
    return {**files, "/test/bind.sh": LIBRARY.parent / "bind.sh"}
