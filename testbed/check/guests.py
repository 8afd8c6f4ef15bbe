# SPDX-License-Identifier: GPL-2.0
"""Guests of a real QEMU: the machines that run them, and the cases judged on the host.

A machine boots with KVM and a root file system of Debian packages, and a script of
testbed/guest (vm-plain, vm-nested) starts guests in it, with real devices. What the
script and its guests reported is compared with records that are independent of them: the
log of the SMMU that translated for the devices, the files behind the disks, and the
packets that left the network device. DPDK's testpmd from Debian, which drives devices
itself, is run in the same way, by vm-dpdk.
"""

import hashlib
import os
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from check import machines, passthrough, replay, smmu_log
from check.passthrough import DEBUG, EDU, LOW_REGISTERS, complaints
from check.journal import PAGE, read_journal, stream_id
from machine import initramfs
from machine.paths import DEVICE_SOURCES, LIBRARY, ROOT, TESTBED, Problem

GUEST = TESTBED / "guest"
OWN_PROGRAMS = ["guest_memory", "nested_example", "nested_msi_address"]
DOORBELL = smmu_log.DOORBELLS["3"]
MACHINE_SECONDS = 4000 if DEBUG else 900
GUEST_SECONDS = MACHINE_SECONDS // 3
DISK_BYTES = 128 << 20
SLOT_BYTES = 16 << 20
FIXED_TIME = {"SOURCE_DATE_EPOCH": "1000000000"}    # FAT has no dates before 1980
BOOT_PARAMETERS = "console=ttyAMA0 loglevel=4 panic=-1 kunit.enable=0 tasks=disk,reboot slot=4"
MEMORY_MIB = 2048       # of a machine: two guests of 512 MiB and the host system
FACT = re.compile(r"\s*# fact (\w+) (.*)")
USES = re.compile(r"# uses device=(\S+) stage=(\d) by=(\S+)")
GUEST_RESULT = re.compile(r"(?:not )?ok \d+ (.*)")
STAGES = "each device is translated by the stages it should, in order"
IN_WORDS = {1: "by stage 1", 2: "by stage 2", 3: "by both stages"}
# The passed-through devices, by the IDs that the guest sees.
PASSED = {"1234:11e8": "edu", "1b36:0010": "NVMe disk", "8086:10ca": "virtual function of igb"}
# Header sizes and fields of a pcap file and of its packets.
PCAP_HEADER, PCAP_RECORD, PCAP_LENGTH = 24, 16, 8
IPV4, ICMP, ECHO_REQUEST = b"\x08\x00", 1, 8


@dataclass
class Machine:
    """One machine, and the results of its run."""
    name: str
    log: Path
    script: str
    devices: list
    options: list = field(default_factory=list)     # further options of machine/vm
    disks: dict = field(default_factory=dict)       # address: file
    packets: Path | None = None
    boot_disk: str = ""         # the address of the disk that firmware boots a guest from
    events: list = field(default_factory=lambda: smmu_log.EVENTS)     # QEMU's trace events
    trouble: str = ""
    channel: str = ""
    seconds: float = 0


def plain(log):
    """A disk, an edu and a network device with virtual functions."""
    log.mkdir(parents=True, exist_ok=True)
    packets = log / "packets.pcap"
    options = [f"--qemu-arg={word}" for word in
               ["-netdev", "user,id=net", "-object",
                f"filter-dump,id=dump,netdev=net,file={packets}"]]
    return Machine("plain", log, "vm-plain",
                   [EDU, "nvme,drive=disk0,serial=first,addr=2", "igb,netdev=net,addr=6"],
                   options, {"0000:00:02.0": log / "first.disk"}, packets)


def nested(log):
    """Two disks and an edu, and an IORT that allows nesting."""
    log.mkdir(parents=True, exist_ok=True)
    return Machine("accelerated", log, "vm-nested",
                   [EDU, "nvme,drive=disk0,serial=first,addr=2",
                    "nvme,drive=disk1,serial=second,addr=3"], ["--canwbs"],
                   {"0000:00:02.0": log / "first.disk", "0000:00:03.0": log / "second.disk"},
                   boot_disk="0000:00:03.0")


def dpdk(log):
    """Two network devices connected by a hub. Each packet causes several accesses: only the
    refused ones are traced."""
    log.mkdir(parents=True, exist_ok=True)
    options = [f"--qemu-arg={word}" for name in ("first", "second")
               for word in ("-netdev", f"hubport,id={name},hubid=0")]
    return Machine("DPDK", log, "vm-dpdk",
                   ["igb,netdev=first,addr=3", "igb,netdev=second,addr=6"], options,
                   events=[event for event in smmu_log.EVENTS if event != smmu_log.TRANSLATED])


def judge_dpdk(machine):
    """(name, problem) of each case that is decided outside of that machine."""
    record = smmu_log.read_log(machine.log / "trace.log")
    yield "no access is blocked", unexpected_faults(machine, record)
    yield "the host's command queue never stops", "\n".join(record.stopped)
    yield "the machine runs testpmd and complains about nothing", complaints(machine, [])


def own_vmm(log):
    """The tests that act as VMMs themselves, with the devices of the passthrough suite."""
    options = ["--kvm", "--canwbs", "--stage", "nested", *smmu_log.log_faults(smmu_log.EVENTS)]
    return passthrough.Machine("VMMs of the tests' own", log, OWN_PROGRAMS, "3", options)


def judge_own_vmm(machine):
    """(name, problem) of each case that is decided outside of that machine."""
    record = smmu_log.read_log(machine.log / "trace.log")
    entries = read_journal(machine.channel)
    others = replay.of_others(record.faults(), entries)
    yield ("each access is translated by the stages that the test says, or blocked",
           replay.wrong_accesses(record.seen, entries, DOORBELL))
    yield "the host's command queue never stops", "\n".join(record.stopped)
    yield ("the machine runs the tests and complains about nothing, nor do other devices fault",
           complaints(machine, others))


def root_file_system():
    """The image, created if necessary."""
    return Path(machines.made_by("host/root", "there is no root file system for the guests"))


def require_memory():
    """Raise Problem unless the host has enough memory for a machine."""
    found = re.search(r"MemAvailable:\s*(\d+)", Path("/proc/meminfo").read_text())
    available = int(found[1]) // 1024 if found else 0
    if available < MEMORY_MIB + 512:
        raise Problem(f"guests need a machine of {MEMORY_MIB} MiB, and only {available} MiB "
                      "of memory are available")


def guest_image():
    """The guests' kernel: the one under test. A debug kernel would be ten times slower again in
    a machine that is already that slow, so its guests run the kernel without the checkers."""
    if not DEBUG:
        return Path(os.environ["IMAGE"])
    return Path(machines.made_by("kernel/image", "there is no kernel for the guests", DEBUG=""))


def prepare(log, programs):
    """Build what the guests run, with the programs of compile_programs(); returns the files
    that the machines need."""
    require_memory()
    poke = compile_tool("poke", programs, log)
    container = compile_tool("container", programs, log, DEVICE_SOURCES)
    guest = log / "guest.cpio"
    initramfs.build(guest, GUEST / "vm-guest",
                    [f"{path}:/test/{path.name}" for path in
                     (programs / "address_space", poke, machines.BIND)])
    return [guest, machines.BIND, container, GUEST / "vm-host.sh", guest_image()]


def compile_tool(name, programs, log, sources=()):
    """Build a program of testbed/guest, with sources of the selftests' library, for a machine
    or a guest; returns its path."""
    headers = Path(passthrough.user_headers()) / "include", ROOT / "include/uapi"
    initramfs.run_or_stop(["aarch64-linux-gnu-gcc", "-static", "-O2", "-Wall", "-Werror",
                           *(word for path in headers for word in ("-isystem", path)),
                           "-D_GNU_SOURCE", "-I", LIBRARY,
                           "-o", programs / name, GUEST / f"{name}.c", *sources],
                          f"cannot compile {name}.c", log)
    return programs / name


def boot(machine, files, root):
    """Run one machine; sets its channel and what was wrong with it apart from failed cases."""
    options = ["--kvm", "--root", root, "--memory", f"{MEMORY_MIB}M", "--stage", "nested",
               "--append", f"loglevel=5 kunit.enable=0 guest_seconds={GUEST_SECONDS}",
               "--timeout", str(MACHINE_SECONDS),
               *LOW_REGISTERS, *machine.options, *smmu_log.log_faults(machine.events)]
    for number, (address, disk) in enumerate(machine.disks.items()):
        make_disk(disk)
        if address == machine.boot_disk:
            make_bootable(disk, files)
        options += ["--qemu-arg=-blockdev", f"--qemu-arg=raw,node-name=disk{number},"
                    f"file.driver=file,file.filename={disk}"]
    run = machines.run(machine.log, options, machine.script, machine.devices, files)
    machine.trouble, machine.channel, machine.seconds = run.trouble(), run.channel, run.seconds
    return machine


def make_disk(path):
    """Create the file with zeros, whatever an earlier run left."""
    path.unlink(missing_ok=True)
    with open(path, "wb") as disk:
        disk.truncate(DISK_BYTES)


def make_bootable(disk, files):
    """Create a file system on the first half of the disk, with the guests' kernel and initramfs,
    which the firmware's shell starts when there is nothing else to boot. Equal files result
    in equal disks."""
    script = disk.with_suffix(".nsh")
    script.write_text(f"fs0:\r\nlinux.efi initrd=\\guest.cpio {BOOT_PARAMETERS}\r\n")
    file_of = {path.name: path for path in files}
    steps = [["mformat", "-i", disk, "-N", "0", "-T", str(DISK_BYTES // 2 // 512), "-h", "64",
              "-s", "32", "::"]]
    for source, name in ((file_of["Image"], "linux.efi"), (file_of["guest.cpio"], "guest.cpio"),
                         (script, "startup.nsh")):
        steps.append(["mcopy", "-i", disk, source, f"::{name}"])
    for step in steps:
        initramfs.run_or_stop(step, "cannot make a disk that boots", disk.parent, FIXED_TIME)


def facts(channel):
    """(title, [(name, {word: value})]) of each result of the machine's script, in order."""
    found, current = [], []
    for line in channel.splitlines():
        if fact := FACT.match(line):
            current.append((fact[1], dict(word.split("=", 1) for word in fact[2].split())))
        elif result := GUEST_RESULT.match(line):
            found.append((result[1], current))
            current = []
    return found


def all_facts(channel, wanted):
    """The words of each fact with that name."""
    return [words for _, some in facts(channel) for name, words in some if name == wanted]


def stages(translations, sid):
    """The stages that translated for a device, in order, without consecutive repeats."""
    result = []
    for one in translations:
        if one.sid == sid and result[-1:] != [one.stage]:
            result.append(one.stage)
    return result


def expected_stages(channel):
    """The stages that the machine's script announced: {address: stages}."""
    expected = {}
    for device, stage, _ in USES.findall(channel):
        known = expected.setdefault(device, [])
        if known[-1:] != [int(stage)]:
            known.append(int(stage))
    return expected


def stages_of(channel, who):
    """{address: stages} of a guest's devices, as announced by the machine's script."""
    found = {}
    for device, stage, user in USES.findall(channel):
        if user == who:
            found.setdefault(device, []).append(int(stage))
    return found


def wrong_stages(machine, record):
    """A problem for each device that was translated by the wrong stages."""
    problems = []
    for device, expected in expected_stages(machine.channel).items():
        found = stages(record.translations(), stream_id(device))
        if found != expected:
            problems.append(f"{device} was translated by the stages {found}, in this order, "
                            f"and should by {expected}")
    return "\n".join(problems) if expected_stages(machine.channel) else "no device was used"


def strays(machine, record):
    """A problem for each translation to the doorbell's page that is not for the doorbell."""
    used = {stream_id(device) for device in expected_stages(machine.channel)}
    wrong = Counter(str(t) for t in record.translations() if t.sid in used
                    and t.physical // PAGE == DOORBELL // PAGE and t.physical != DOORBELL)
    return "\n".join(f"{count} times {text}" for text, count in wrong.items())


def too_few_interrupts(machine, record):
    """A problem unless the devices rang the doorbell as often as their guests report."""
    used = {stream_id(device) for device in expected_stages(machine.channel)}
    rang = sum(t.sid in used and t.physical == DOORBELL for t in record.translations())
    counted = sum(int(words["count"]) for words in all_facts(machine.channel, "interrupts"))
    if not counted:
        return "no guest counted an interrupt"
    return f"the guests counted {counted} interrupts, and {rang} were sent" * (rang < counted)


def unexpected_faults(machine, record):
    """A problem for each access that was blocked, except for those that should be."""
    told = {int(words["address"], 16) for words in all_facts(machine.channel, "fault")}
    faults = record.faults()
    missing = told - {fault.iova for fault in faults}
    wrong = Counter(str(fault) for fault in faults if fault.iova not in told)
    return "\n".join([f"{count} times {text}" for text, count in wrong.items()] +
                     [f"the access to {iova:#x} was not blocked" for iova in missing])


def wrong_data(machine):
    """A problem unless the files behind the disks have what the guests last wrote."""
    last = {(words["device"], int(words["slot"])): words["sha256"]
            for words in all_facts(machine.channel, "stored")}
    problems = []
    for (device, slot), wanted in last.items():
        with open(machine.disks[device], "rb") as disk:
            disk.seek(slot * SLOT_BYTES)
            found = hashlib.sha256(disk.read(SLOT_BYTES)).hexdigest()
        if found != wanted:
            problems.append(f"{device}, slot {slot}: {found} instead of {wanted}")
    return "\n".join(problems) if last else "no guest wrote to a disk"


def pings(path):
    """The number of echo requests in a file of captured packets (pcap, Ethernet, IPv4)."""
    data = path.read_bytes()
    count, offset = 0, PCAP_HEADER
    while offset < len(data):
        length, = struct.unpack_from("<I", data, offset + PCAP_LENGTH)
        frame = data[offset + PCAP_RECORD:offset + PCAP_RECORD + length]
        count += frame[12:14] == IPV4 and frame[23] == ICMP and frame[34] == ECHO_REQUEST
        offset += PCAP_RECORD + length
    return count


def lost_packets(machine):
    """A problem unless all pings of the guests are among the packets that left the machine."""
    sent = sum(int(words["sent"]) for words in all_facts(machine.channel, "net"))
    seen = pings(machine.packets)
    if not sent:
        return "no guest sent a packet"
    return f"the guests sent {sent} pings, and {seen} left the machine" * (seen != sent)


def judge(machine):
    """(name, problem) of each case that is judged on the host."""
    record = smmu_log.read_log(machine.log / "trace.log")
    yield STAGES, wrong_stages(machine, record)
    yield "its interrupts go to the doorbell, not fewer than the guests count", \
        too_few_interrupts(machine, record)
    yield "nothing else goes to the doorbell's page", strays(machine, record)
    yield "no access is blocked but those that should", unexpected_faults(machine, record)
    yield "the files behind the disks have what the guests wrote", wrong_data(machine)
    if machine.packets:
        yield "the packets of the guests left the machine", lost_packets(machine)
    yield "the host's command queue never stops", "\n".join(record.stopped)
    yield "the machine runs its guests and complains about nothing", complaints(machine, [])
