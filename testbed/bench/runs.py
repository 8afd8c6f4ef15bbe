# SPDX-License-Identifier: GPL-2.0
"""The machines used for counting: one for each kind of figure.

A machine is booted for each of both kernels; guest/bench-run lists what it counts, under
the run's name.
"""

from dataclasses import dataclass

EDU = "edu,dma_mask=0xffffffffffffffff"


@dataclass(frozen=True)
class Run:
    """own_kernel: use the kernel built for this purpose, which has code that counts
    (bench/kernel/) and no fault injection for allocations. options: further options of
    machine/vm. parameters: further kernel parameters."""
    name: str
    devices: tuple
    own_kernel: bool = False
    options: tuple = ()
    parameters: str = ""

    def image_of(self, kernel):
        """The name of the image, one of image_names()."""
        return f"{kernel}-bench" if self.own_kernel else kernel


RUNS = (
    Run("map", (EDU,)),
    Run("many", (EDU,), options=("--memory", "3G"),
        parameters="hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=1"),
    Run("place", (EDU, EDU)),
    Run("replace", (EDU, EDU, EDU)),
    # Far enough apart for the possible virtual functions of each.
    Run("move", tuple(f"igb,addr={slot}" for slot in (4, 6, 8, "a"))),
    # As many vectors as a device can have. Counts depend on which driver starts the controller.
    Run("vectors", ("nvme,serial=1,msix_qsize=2048",), parameters="initcall_blacklist=nvme_init"),
    # An SMMUv3 supports nesting if the firmware says that the root complex is coherent.
    Run("nested", (EDU,), own_kernel=True, options=("--canwbs",)),
    Run("smmuv2", (EDU,), own_kernel=True, options=("--smmuv2",)),
    Run("prepare", (EDU,), own_kernel=True),
    Run("steps", (), parameters="kunit.enable=1 kunit.filter_glob=iommu_msi_steps"),
)


def image_names(kernels):
    """All images needed of these kernels, without duplicates."""
    return list(dict.fromkeys(run.image_of(kernel) for kernel in kernels for run in RUNS))
