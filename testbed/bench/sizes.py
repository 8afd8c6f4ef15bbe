# SPDX-License-Identifier: GPL-2.0
"""The sizes of both kernels: bytes of vmlinux, with the built-in tests and without."""

import re
import subprocess

from bench.figures import Figure
from machine.decode import PREFIX
from machine.paths import Problem

# Sections by the start of their names, which objects and what they are linked to share. Not as
# `size` alone adds them: Linux has its read-only data writable until it has booted.
PARTS = {"text": (".text", ".init.text", ".exit.text"), "read-only data": (".rodata",),
         "data": (".data", ".init.data"), "bss": (".bss",)}
# An object of tests has the word in its name: space-test.o, selftest.o, test.o.
TESTS = re.compile(r"([^/]*[-_])?(self)?tests?([-_][^/]*)?\.o")
SECTION = re.compile(r"^(\.\S+) +(\d+) ", re.MULTILINE)


def side_by_side(pristine, patched):
    """Figures of the two images; none if the build directory of one is missing."""
    builds = [image.parent.parent.parent.parent for image in (pristine, patched)]
    if not all((build / "vmlinux").is_file() for build in builds):
        return []
    whole = [size_of([build / "vmlinux"]) for build in builds]
    tests = [size_of(tests_of(build)) for build in builds]
    return [figure for part in PARTS for figure in (
        Figure(f"bytes of {part}", None, 1, *(size[part] for size in whole)),
        Figure("  without tests", None, 1,
               *(size[part] - test[part] for size, test in zip(whole, tests))))]


def tests_of(build):
    return sorted(path for path in build.rglob("*.o") if TESTS.fullmatch(path.name))


def size_of(files):
    """{part: bytes}, summed over all files."""
    run = subprocess.run([f"{PREFIX}size", "-A", *files], capture_output=True, text=True,
                         check=False)
    if run.returncode:
        raise Problem(f"{PREFIX}size failed: {run.stderr.strip()}")
    rows = SECTION.findall(run.stdout)
    return {part: sum(int(size) for name, size in rows if name.startswith(names))
            for part, names in PARTS.items()}
