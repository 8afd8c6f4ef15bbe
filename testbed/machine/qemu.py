# SPDX-License-Identifier: GPL-2.0
"""The QEMU command line: the machine that a test runs on.

One function turns the options of `vm` into the exact argument list, another
rejects a QEMU that is missing or too old. Nothing is started here.
"""

import fnmatch
import re
import shutil
import subprocess

from machine.paths import Problem

BINARY = "qemu-system-aarch64"
MINIMUM = (9, 1)    # the first whose SMMUv3 takes stage=nested
# Later machine types give the SMMU both stages regardless of -global.
MACHINE = "virt-9.1"
HOW_TO_INSTALL = "run testbed/host/packages, it takes QEMU 10 from bookworm-backports"
# Guest time counts instructions only with one CPU, and a CPU model without options.
ICOUNT = ["-icount", "shift=0,sleep=off"]
ICOUNT_CPU = "cortex-a57"


def require():
    """Raise Problem unless the installed QEMU emulates a nested SMMUv3."""
    if shutil.which(BINARY) is None:
        raise Problem(f"{BINARY} is not installed: {HOW_TO_INSTALL}")
    text = subprocess.run([BINARY, "--version"], capture_output=True, text=True,
                          check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < MINIMUM:
        version = ".".join(found.groups()) if found else "of unknown version"
        needed = ".".join(map(str, MINIMUM))
        raise Problem(f"{BINARY} {version} is too old, {needed} or newer is needed "
                      f"(stage 2 of the SMMUv3): {HOW_TO_INSTALL}")


def require_events(events):
    """Raise Problem unless this QEMU has each trace event, or one of that pattern: it only
    warns about unknown ones, and then logs nothing."""
    if not events:
        return
    names = subprocess.run([BINARY, "-trace", "help"], capture_output=True, text=True,
                           check=False).stdout.split()
    unknown = [event for event in events if not fnmatch.filter(names, event)]
    if unknown:
        raise Problem(f"{BINARY} has no trace event {' or '.join(unknown)}")


def machine(options):
    """The part of an argument list that determines the machine's own device tree."""
    smmuv3 = not options.smmuv2
    return [BINARY, "-M", MACHINE + ",iommu=smmuv3" * smmuv3 + f",gic-version={options.gic}" +
            ",virtualization=on" * options.kvm,
            *["-global", f"arm-smmuv3.stage={options.stage}"] * smmuv3,
            "-cpu", ICOUNT_CPU if options.icount else options.cpu,
            "-smp", "1" if options.icount else str(options.smp),
            "-m", options.memory, "-nographic", "-no-reboot", "-net", "none"]


def command(options, initrd, channel, trace_log):
    """The argument list for one run.

    options is vm's argparse namespace, in which firmware and device_tree are paths or None;
    initrd, channel (verdict port, None for an interactive machine) and trace_log are paths.
    """
    line = [*machine(options), "-kernel", str(options.image), "-initrd", str(initrd),
            "-append", kernel_parameters(options)]
    if options.device_tree:
        line += ["-dtb", str(options.device_tree)]
    if options.firmware:
        line += ["-bios", str(options.firmware)]
    if options.icount:
        line += ICOUNT
    # A panic makes QEMU exit at once with code 1; a plain reboot would exit with 0.
    # The last slot, since the devices of the test use the first ones.
    line += ["-device", "pvpanic-pci,addr=1f", "-action", "panic=exit-failure"]
    if channel is not None:
        line += ["-device", "virtio-serial-device",
                 "-chardev", f"file,id=verdict,path={escape(channel)}",
                 "-device", "virtserialport,chardev=verdict,name=verdict"]
    if options.root:
        # Not a PCI device, so it is not in the SMMU's trace.
        line += ["-blockdev", f"raw,node-name=root,read-only=on,file.driver=file,"
                              f"file.filename={escape(options.root)}",
                 "-device", "virtio-blk-device,drive=root"]
    for device in options.device:
        line += ["-device", device]
    if options.trace:
        line += ["-D", str(trace_log)]
        for event in options.trace:
            line += ["-trace", event]
    return line + options.qemu_arg


def kernel_parameters(options):
    """The value of -append; parameters unknown to the kernel go to init's environment."""
    words = ["console=ttyAMA0", "panic=-1"]
    if options.interactive:
        words.append("testbed_interactive=1")
    if options.append:
        words.append(options.append)
    return " ".join(words)


def escape(path):
    """Escape a value for QEMU's option syntax, which doubles commas within a value."""
    return str(path).replace(",", ",,")
