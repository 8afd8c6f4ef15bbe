# SPDX-License-Identifier: GPL-2.0
"""Shared code of the suites with passed-through devices. Their programs, the tests of
tools/testing/selftests/passthrough, are compiled once. A machine with the devices that
they drive runs some of them. Its report is one block of subtests: the results of the
programs in the guest, then the cases judged on the host.
"""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from check import ktap, machines
from check.emit import Emitter
from machine.paths import TESTBED

EDU = "edu,dma_mask=0xffffffffffffffff"
# Below a root port that does not isolate it, an edu shares the port's group, and that of a
# device without a driver.
PORT = ["pcie-root-port,id=shared,disable-acs=on,chassis=1",
        f"{EDU},bus=shared,addr=0.0,multifunction=on", "pci-testdev,bus=shared,addr=0.1"]
# The guest identifies them by their addresses, and keeps one of either kind for itself.
FUNCTIONS = ["igb,addr=6", "nvme,drive=disk2,serial=users,addr=7"]
# Sixteen vectors of plain MSI, and a device for it to be asked for.
USB = ["nec-usb-xhci,id=usb,msix=off,msi=on,addr=8", "usb-tablet,bus=usb.0"]
DEVICES = [EDU, EDU, "igb", "nvme,drive=disk,serial=testbed", *PORT, *FUNCTIONS, *USB]
DISK = [word for name in ["disk", "disk2"]
        for word in ["-blockdev", f"null-co,node-name={name},size=67108864,read-zeroes=on"]]
# QEMU 10 uses only 32 bits of the address of a virtual function's BAR, so it has to be below
# 4 GiB. Linux places it there if there is no window above.
LOW_REGISTERS = ["--qemu-arg=-machine", "--qemu-arg=highmem-mmio=off"]
# A copy by an edu device is mostly waiting: three machines keep two CPUs busy.
MACHINES_AT_ONCE = 3
# A debug kernel is some ten times slower, and the host may be busy.
DEBUG = bool(os.environ.get("DEBUG"))
CASE_SECONDS = 600 if DEBUG else 60
MACHINE_SECONDS = 1440 if DEBUG else 360


@dataclass
class Machine:
    """One machine, and the results of its run."""
    name: str
    log: Path
    programs: list
    gic: str = "3"
    options: list = field(default_factory=list)     # further options of machine/vm
    parameters: str = ""                            # further kernel parameters
    devices: list = field(default_factory=lambda: DEVICES)
    script: str = "passthrough-run"                 # of testbed/guest
    group: str = ""         # of cases, if the program must run no others
    whole: bool = True      # runs all of its programs
    trouble: str = ""
    channel: str = ""


def user_headers():
    """The directory with the patched kernel's headers. The programs detect at run time what an
    unpatched kernel lacks."""
    if os.environ.get("BASE") != "pristine":
        return os.environ["HEADERS"]
    return machines.made_by("kernel/headers", "there are no headers")


def compile_programs(log, machines=()):
    """Build the selftests with their own Makefile, all or those of these machines; returns
    their directory."""
    names = sorted({name for machine in machines for name in machine.programs})
    source = Path(os.environ["OUT"]) / "linux/tools/testing/selftests/passthrough"
    headers = f"-isystem {user_headers()}/include -isystem {os.environ['ROOT']}/include/uapi"
    timeout = f"-include {TESTBED}/guest/case-timeout.h -DCASE_SECONDS={CASE_SECONDS}"
    programs = log / "programs"
    programs.mkdir()
    with open(log / "compile.log", "w", encoding="utf-8") as output:
        build = subprocess.run(
            ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-j3", "-C", source,
             f"OUTPUT={programs}", "ARCH=arm64",
             "CROSS_COMPILE=aarch64-linux-gnu-", f"KHDR_INCLUDES={headers}",
             f"USERCFLAGS=-Werror {timeout}", "USERLDFLAGS=-static",
             *(programs / name for name in names)],
            stdout=output, stderr=subprocess.STDOUT, check=False)
    if build.returncode:
        sys.exit(f"error: the selftests do not compile; see {log}/compile.log")
    return programs


def choose(machine, programs):
    """The guest's files: the programs of this machine and a list of their names."""
    chosen = programs / f"{machine.log.name}/passthrough-programs"
    chosen.parent.mkdir()
    chosen.write_text("".join(f"{name} {machine.group}".rstrip() + "\n" for name in machine.programs))
    return [chosen, machines.BIND, *(programs / name for name in machine.programs)]


def boot(machine, programs):
    """Run one machine; sets its channel and what was wrong with it apart from failed cases."""
    unsafe = "iommufd.allow_unsafe_interrupts=1 vfio_iommu_type1.allow_unsafe_interrupts=1"
    isolated = "msi_isolated=yes" if machine.gic == "3" else unsafe
    parameters = f"loglevel=5 kunit.enable=0 {isolated} {machine.parameters}".rstrip()
    options = ["--gic", machine.gic, "--append", parameters, "--timeout", str(MACHINE_SECONDS),
               *LOW_REGISTERS, *machine.options]
    options += [f"--qemu-arg={word}" for word in DISK]
    run = machines.run(machine.log, options, machine.script, machine.devices,
                       choose(machine, programs))
    machine.trouble, machine.channel = run.trouble(), run.channel
    return machine


def complaints(machine, faults):
    """The complaints of the machine, and each fault that its SMMU recorded."""
    counts = sorted(Counter(faults).items())
    return "\n".join([machine.trouble] * bool(machine.trouble) +
                     [f"{count} times {fault}" for fault, count in counts])


def report(channel, judged):
    """(word, lines) of a machine's block of subtests: its channel, and (name, problem) of each
    case that is judged on the host."""
    cases = list(judged)
    guest = [line for line in channel.splitlines()
             if line and not line.startswith("# testbed")]
    found = ktap.parse(channel)
    # The machine has every device that the tests need: a skip is a failure.
    gaps = found.errors + [f"skipped: {c.name}: {c.note}" for c in found.cases
                           if c.result == "skip"]
    cases.append(("the guest's report is whole and skips nothing", "\n".join(gaps)))
    lines = []
    block = Emitter(1 + len(cases), lambda line: lines.append(f"    {line}"))
    block.subtest("ok" if found.good() else "not ok", "guest", [f"    {line}" for line in guest])
    for name, problem in cases:
        block.case(name, problem)
    return "not ok" if block.failed else "ok", lines


def run_all(machines, programs, judge, *cases):
    """Run a suite: report (name, problem) of cases that need no machine, run the machines,
    report each with the cases of judge(machine), and exit."""
    emitter = Emitter(len(cases) + len(machines))
    for name, problem in cases:
        emitter.case(name, problem)
    with ThreadPoolExecutor(MACHINES_AT_ONCE) as pool:
        for machine in pool.map(lambda m: boot(m, programs), machines):
            word, lines = report(machine.channel, judge(machine))
            emitter.subtest(word, machine.name, lines)
    sys.exit(emitter.exit_code())
