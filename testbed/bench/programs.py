# SPDX-License-Identifier: GPL-2.0
"""The programs that count inside the guest, compiled once for both kernels."""

import os
import shutil
import subprocess
from pathlib import Path

from machine.paths import OUT, ROOT, TESTBED, Problem

GUEST = TESTBED / "guest"
SELFTESTS = ROOT / "tools/testing/selftests/passthrough"
LIBRARY = SELFTESTS / "lib"
DEVICE = [LIBRARY / f"{name}.c"
          for name in ("device", "iommufd", "platform", "sysfs", "type1")]
GUESTS = [LIBRARY / f"{name}.c" for name in ("exercise", "edu", "journal", "smmuv3", "viommu")]
PROGRAMS = {
    "bench-init": [GUEST / "bench-init.c"],
    "bench-syscall": [GUEST / "bench-syscall.c"],
    "bench-map": [GUEST / "bench-map.c", GUEST / "bench-iommufd.c", GUEST / "bench-type1.c",
                  *DEVICE],
    "bench-place": [GUEST / "bench-place.c", *DEVICE],
    "bench-nested": [GUEST / "bench-nested.c", LIBRARY / "stage1.c", *GUESTS, *DEVICE],
    "bench-smmuv2": [GUEST / "bench-smmuv2.c", LIBRARY / "smmuv2.c", *GUESTS, *DEVICE],
    "bench-replace": [GUEST / "bench-replace.c", LIBRARY / "edu.c", LIBRARY / "journal.c", *DEVICE],
    "bench-vectors": [GUEST / "bench-vectors.c", LIBRARY / "nvme.c", LIBRARY / "journal.c", *DEVICE],
    "bench-move": [GUEST / "bench-move.c", LIBRARY / "igb.c", LIBRARY / "journal.c", *DEVICE],
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
                    "-isystem", headers, "-o", directory / name, *sources]
            if subprocess.run(line, stdout=log, stderr=log, check=False).returncode:
                raise Problem(f"{name} does not compile; see {log.name}")
    files = {f"/test/{name}": directory / name for name in PROGRAMS}
    return {**files, "/test/bind.sh": SELFTESTS / "bind.sh"}
