# SPDX-License-Identifier: GPL-2.0
"""Where things lie, and the one error that stops a program with a single line.

Every other module asks here; none works out a path of its own.
"""

import os
import sys
from pathlib import Path

TESTBED = Path(__file__).resolve().parent.parent
ROOT = TESTBED.parent
OUT = Path(os.environ.get("OUT") or ROOT / "out").resolve()
CACHE = OUT / "cache"


class Problem(Exception):
    """Something outside the program is wrong; the text says what, and what to do."""


def stop(problem):
    """End the program the way the shell scripts' die() does."""
    sys.exit(f"error: {problem}")


def vmlinux_of(image):
    """The ELF file beside arch/arm64/boot/Image, or None where there is none."""
    candidate = Path(image).resolve().parents[3] / "vmlinux"
    return candidate if candidate.is_file() else None
