# SPDX-License-Identifier: GPL-2.0
"""The machines that counts are taken in: one for each kind of figure.

A machine is booted for each of both kernels; what it counts is in guest/bench-run,
under the run's name.
"""

from dataclasses import dataclass

EDU = "edu,dma_mask=0xffffffffffffffff"


@dataclass(frozen=True)
class Run:
    """in_kernel: the code that counts is in the kernel, which is built for it."""
    name: str
    devices: tuple
    in_kernel: bool = False

    def image_of(self, kernel):
        """Which image: one of image_names()."""
        return f"{kernel}-bench" if self.in_kernel else kernel


RUNS = (
    Run("map", (EDU,)),
    Run("place", (EDU, EDU)),
    # Far enough from one another for the virtual functions that each could have.
    Run("move", tuple(f"igb,addr={slot}" for slot in (4, 6, 8, "a"))),
    Run("prepare", (EDU,), in_kernel=True),
)


def image_names(kernels):
    """All images that are needed of these kernels, none twice."""
    return list(dict.fromkeys(run.image_of(kernel) for kernel in kernels for run in RUNS))
