# SPDX-License-Identifier: GPL-2.0
"""Changes the device tree that QEMU creates for a machine."""

from machine import initramfs, qemu


def changed(log, machine, name, change):
    """Write name.dtb to the directory log and return its path: the tree of the machine whose
    argument list begins with `machine`, its text as change(text) returns it. The result is
    reproducible, and the file of each step is kept for inspection."""
    own, text, tree = (log / f"{name}.{end}" for end in ("own", "dts", "dtb"))
    line = list(machine)
    # Only this QEMU's machine puts random numbers into its tree.
    fixed = ",dtb-randomness=off" * (line[0] == qemu.BINARY)
    line[line.index("-M") + 1] += f"{fixed},dumpdtb={qemu.escape(own)}"
    initramfs.run_or_stop(line, "QEMU writes no device tree", log)
    source = initramfs.run_or_stop(["dtc", "-q", "-I", "dtb", "-O", "dts", own], "dtc", log)
    text.write_text(change(source))
    initramfs.run_or_stop(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree, text], "dtc", log)
    return tree
