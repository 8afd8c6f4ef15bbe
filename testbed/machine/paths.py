# SPDX-License-Identifier: GPL-2.0
"""The paths of the test bed, and the exception that stops a program with a one-line error.

All other modules use these; none computes such a path itself.
"""

import os
import sys
from pathlib import Path

TESTBED = Path(__file__).resolve().parent.parent
ROOT = TESTBED.parent
OUT = Path(os.environ.get("OUT") or ROOT / "out").resolve()
CACHE = OUT / "cache"
# The library of the selftests, and the parts of it that open and map for any device.
LIBRARY = ROOT / "tools/testing/selftests/passthrough/lib"
DEVICE_SOURCES = [LIBRARY / f"{name}.c"
                  for name in ("device", "iommufd", "platform", "sysfs", "type1")]


class Problem(Exception):
    """An error outside the program; the text says what is wrong, and what to do."""


def stop(problem):
    """Exit as the shell scripts' die() does."""
    sys.exit(f"error: {problem}")


def vmlinux_of(image):
    """The vmlinux that belongs to arch/arm64/boot/Image, or None if there is none."""
    candidate = Path(image).resolve().parents[3] / "vmlinux"
    return candidate if candidate.is_file() else None
