# SPDX-License-Identifier: GPL-2.0
"""The output of bench: a table for people, bench.json for programs.

Neither contains a time or a date, so both are the same on each run.
"""

import json
import subprocess

from machine import qemu

NOTES = """\
Whole system calls are counted, and what the caller adds, nothing is subtracted but where
it says so. The clock that programs read has steps of 16 instructions. Timer ticks count
in means, and the deferred work that they start: a ratio off by 0.001 says little.
boot to init: from power-on to the first line of main() in the first process, with "quiet"
  and kunit.enable=0 (the image's KUnit tests would run before init). Size of the kernel: of
  that vmlinux, the sections of the kinds named, also those that boot alone needs. Without
  tests: less what objects have that are named so, as KUnit's are; their read-only data has
  strings that the linker keeps once, so a little too much is taken away of it.
map/unmap: the mean of 10000 ioctls, or n if that is more; rounds of n maps and n unmaps in
  the same order, page i of a locked buffer at IOVA 0x200000000 + i * 4 KiB, one edu attached
  behind the SMMUv3 (stage 1), one round before that is not counted (page tables stay, slabs
  are filled). Of 2 MiB and 1 GiB: 1000 and 8 ioctls, all of one page of hugetlbfs, each an
  entry of its own in the page table.
attach: the least of 4 VFIO_DEVICE_ATTACH_IOMMUFD_PT to a page table with n pages mapped,
  scattered above 16 GiB or packed from the top of the aperture.
place: the same less the least of 4 to one in which another device brought the doorbell
  before: what it costs to make the doorbell and to find its place. First candidate:
  nothing else is mapped. Last series: a page is mapped at each candidate up to 4 GiB.
  Exhaustive: at each candidate that there is.
vector enabled: the least of 4 VFIO_DEVICE_SET_IRQS for the edu's MSI, while n pages are mapped
  and the doorbell as well.
replace: the least of 4 VFIO_DEVICE_ATTACH_IOMMUFD_PT of a device that is attached, to a page
  table of another IOAS; n pages are mapped in both, and the doorbell, as each has another
  device that stays. Vector on: the edu's MSI, whose interrupt arrives after each call.
  Doorbells apart: it is at another place in the other IOAS, and the call makes it one.
map over a doorbell: the mean of 100 IOMMU_IOAS_MAP of a page over the doorbell that n
  MSI-X vectors of igb devices use, up to 10 of each device, and so the move of it; the
  vectors' interrupts arrive afterwards. Each further vector: 10 vectors less 1, over 9.
  One device: the mean of 4, the n vectors are those of an NVMe controller; its MSI-X table
  has the new place in all entries afterwards, and one's interrupt arrives in the end.
n vectors of one device: the least of 3 VFIO_DEVICE_SET_IRQS that turn on, or off, n MSI-X
  vectors of that controller, with an eventfd each. Replace, n vectors on, or moved: as replace,
  with a doorbell that the call has to make in the other IOAS, at its place, or elsewhere as a
  page is mapped there, so that all n messages are written anew.
guest's TLBI_NH_VA: one of the commands of IOMMU_HWPT_INVALIDATE, n in each call; the mean of
  200 calls. Bypass to stage 1 and back: two VFIO_DEVICE_ATTACH_IOMMUFD_PT. Nested hwpt:
  IOMMU_HWPT_ALLOC and IOMMU_DESTROY. The machine boots by ACPI.
event: one of n that the SMMU records at once, since a device writes to what the guest's stage 1
  does not map: what the CPU does, without its idle time, from a poll() before it until read() has
  returned all n from the vEVENTQ; interrupt, thread and wakeup included. The mean of 20 batches.
SMMUv2: the same calls where the SMMU is memory (machine/smmuv2.py), so that a poll of its
  status ends at the first look; attach with the page table that it makes. SMMUv2 registers:
  how often one such call reads or writes the SMMU's registers, not instructions.
prepare_msi: iommu_dma_prepare_msi() alone, called in the kernel with n doorbells for 2048
  vectors of a device in a domain of the DMA API, the doorbells mapped; each call counted
  to the instruction, the least of 3 rounds. Vectors 1 and 2048 have the same doorbell, the
  first that was mapped.
steps: no instructions, but what KUnit's iommu_msi_steps counts with n mappings of a user: how
  often the space asks its owner, never under its lock, and pages that it maps under it.
prepare_msi, SMMUv2 and what is nested are counted on kernels of their own, which cannot be told to
  let allocations and ioctls fail, and have two objects more: what calls iommu_dma_prepare_msi(),
  and what counts accesses of registers."""


def text(table, sizes, results, counts, twice):
    """The table and the goals, with explanations above and below."""
    lines = [f"Instructions per call, QEMU {qemu_version()}, one Cortex-A57 under icount"]
    lines += [f"  {kernel:9} Linux {taken.kernel}, Debian source {debian(taken.image) or 'unknown'}"
              for kernel, taken in counts.items()]
    lines += ["", row("figure", "n", "pristine", "patched", "ratio")]
    lines += [figure_row(figure) for figure in table]
    if sizes:
        lines += ["", row("size of the kernel", "", "pristine", "patched", "ratio")]
        lines += [figure_row(size) for size in sizes]
    lines += ["", f"{'goal':70}{'value':>9}  wanted"]
    lines += [goal_row(result) for result in results]
    lines += ["", NOTES]
    if twice:
        total = sum(len(taken.totals) for taken in counts.values())
        lines.append(f"Two runs gave the same {total} counts to the last digit.")
    return "\n".join(lines)


def row(name, n, pristine, patched, ratio):
    return f"{name:50}{n:>7}{pristine:>13}{patched:>13}{ratio:>9}"


def figure_row(figure):
    digits = 1 if figure.calls > 1 else 0
    return row(figure.name, figure.n or "", shown(figure.per_call("pristine"), digits),
               shown(figure.per_call("patched"), digits), shown(figure.ratio(), 4))


def goal_row(result):
    digits = 4 if result.goal.base else 1
    return (f"{result.goal.text:70}{result.value:>9.{digits}f}  {result.goal.describe()}: "
            f"{'met' if result.met() else 'NOT MET'}")


def shown(number, digits):
    return "-" if number is None else f"{number:.{digits}f}"


def write_json(path, table, sizes, results, counts):
    """Write all counts, and the versions that were counted, atomically."""
    content = {
        "unit": "instructions",
        "qemu": qemu_version(),
        "kernels": {kernel: {"kernel": taken.kernel, "debian_source": debian(taken.image),
                             "image": str(taken.image), "commands": taken.commands}
                    for kernel, taken in counts.items()},
        "figures": [figure_entry(figure) for figure in table],
        "bytes": [size_entry(size) for size in sizes],
        "goals": [goal_entry(result) for result in results],
    }
    new = path.with_suffix(".json.new")
    new.write_text(json.dumps(content, indent=1) + "\n")
    new.rename(path)


def figure_entry(figure):
    kernels = {kernel: {"total": getattr(figure, kernel), "per_call": figure.per_call(kernel)}
               for kernel in ("pristine", "patched")}
    return {"figure": figure.name, "n": figure.n, "calls": figure.calls, **kernels,
            "ratio": figure.ratio()}


def size_entry(size):
    return {"size": size.name, "pristine": size.pristine, "patched": size.patched,
            "ratio": size.ratio()}


def goal_entry(result):
    return {"goal": result.goal.text, "value": result.value, "limit": result.goal.limit,
            "below": result.goal.below, "met": result.met()}


def debian(image):
    """The Debian version of the source of a kernel built by the test bed, else None."""
    record = image.parent / "../../../source.version"
    lines = record.read_text().splitlines() if record.is_file() else []
    return dict(line.split("=", 1) for line in lines).get("debian")


def qemu_version():
    """QEMU's version string, without the word version."""
    run = subprocess.run([qemu.BINARY, "--version"], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[0].partition("version ")[2]
