# SPDX-License-Identifier: GPL-2.0
"""The kernel variant selected by BASE= and DEBUG=, its location and version.

Also builds what suites need, each thing once per run, by the scripts that
`make tree` and `make image` call.
"""

import os
import subprocess

from machine.paths import OUT, ROOT, TESTBED, Problem, vmlinux_of


# The values of DEBUG=, and the suffixes of the kernel's name.
CHECKERS = {"": "", "0": "", "1": "-debug", "kcsan": "-kcsan", "kcov": "-kcov"}


class Variant:
    """One of the plain, debug and pristine kernels, and the environment a suite gets."""

    def __init__(self, base, debug):
        if base not in ("", "pristine"):
            raise ValueError(f"BASE={base}: only BASE=pristine is known")
        if debug not in CHECKERS:
            raise ValueError(f"DEBUG={debug}: only DEBUG=1, DEBUG=kcsan and DEBUG=kcov are known")
        self.pristine = base == "pristine"
        self.debug = debug if CHECKERS[debug] else ""
        self.suffix = CHECKERS[debug] + "-pristine" * self.pristine
        self.name = "arm64" + self.suffix
        self.directory = OUT / self.name

    def plain(self):
        return not self.suffix

    def flags(self):
        """This variant as arguments of make."""
        return (f" DEBUG={self.debug}" if self.debug else "") + " BASE=pristine" * self.pristine

    def environment(self):
        """The driver's part of a suite's environment, except for LOG."""
        image = self.directory / "arch/arm64/boot/Image"
        return {**os.environ, "ROOT": str(ROOT), "OUT": str(OUT),
                "PYTHONPATH": str(TESTBED), "PYTHONDONTWRITEBYTECODE": "1",
                "BASE": "pristine" if self.pristine else "", "DEBUG": self.debug,
                "VARIANT": self.name, "IMAGE": str(image),
                "VMLINUX": str(vmlinux_of(image) or self.directory / "vmlinux"),
                "TREE": str(OUT / ("pristine" if self.pristine else "linux")),
                "HEADERS": str(self.directory / "usr-headers")}

    def kernel(self):
        """The version of the built kernel, else of its source, else empty."""
        release = self.directory / "include/config/kernel.release"
        if release.is_file():
            return release.read_text().strip()
        return source_version().get("kernel", "")


def source_version():
    """out/pristine.version as a dictionary, with the keys kernel and debian."""
    record = OUT / "pristine.version"
    if not record.is_file():
        return {}
    return dict(line.split("=", 1) for line in record.read_text().splitlines() if "=" in line)


class Preparation:
    """Builds on demand and remembers the outcome, so that a failed build causes one
    message, not one per suite."""

    def __init__(self, variant):
        self.variant = variant
        self.outcome = {}

    def provide(self, need):
        """Make `need` available; raise Problem if that fails."""
        if need not in self.outcome:
            self.outcome[need] = self.build(need)
        if self.outcome[need]:
            raise Problem(self.outcome[need])

    def build(self, need):
        """Run the script for a need; returns the empty string or what went wrong."""
        flags = {"BASE": "pristine" if self.variant.pristine else "",
                 "DEBUG": self.variant.debug}
        script = {"packages": "host/packages", "source": "tree/source", "tree": "tree/assemble",
                  "image": "kernel/image", "pristine-image": "kernel/image",
                  "pamu-image": "kernel/image"}[need]
        arguments = ["--pamu"] if need == "pamu-image" else []
        if need == "pristine-image":
            flags["BASE"] = "pristine"
        if need != "packages":
            try:
                self.provide("packages")
            except Problem as problem:
                return str(problem)
        run = subprocess.run([TESTBED / script, *arguments], env={**os.environ, **flags}, check=False,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return f"testbed/{script} failed (exit code {run.returncode})" if run.returncode else ""
