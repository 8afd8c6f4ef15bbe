# SPDX-License-Identifier: GPL-2.0
"""ACPI boots: the UEFI firmware, and an IORT that describes more than QEMU's.

An Arm machine has ACPI tables only if firmware provides them. QEMU's IORT does not
say that its root complex is always coherent (CANWBS), though every device that QEMU
emulates is. Linux accepts a replacement table at the start of the initramfs: the
machine's own table with that one flag set. The original is read once, in a boot of
the same machine, and cached below out/cache with a key of everything that determines
its content.
"""

import hashlib
import json
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from machine import initramfs, qemu
from machine.paths import CACHE, TESTBED, Problem
from machine.recall import digest

PACKAGE = "qemu-efi-aarch64"
IMAGE = Path("/usr/share") / PACKAGE / "QEMU_EFI.fd"
READER = TESTBED / "guest" / "print-iort"
READER_SECONDS = 300    # a debug kernel on a busy host

# Where the kernel looks for tables, in an uncompressed archive at the start.
OVERRIDE = "kernel/firmware/acpi/IORT.aml"
# ACPI, System Description Table Header; Arm DEN 0049, IO Remapping Table.
HEADER = struct.Struct("<4sIBB6s8sI4sI")
CHECKSUM, OEM_REVISION = 9, 24
NODE_HEADER = struct.Struct("<BHBIII")
ROOT_COMPLEX = 2
MEMORY_FLAGS = NODE_HEADER.size + 7
CANWBS = 1 << 2


def require():
    """The path of the firmware; raise Problem unless it is installed."""
    if not IMAGE.is_file():
        raise Problem(f"{IMAGE} is missing: testbed/host/packages installs {PACKAGE}")
    return IMAGE


def coherent(table):
    """The IORT with the CANWBS flag set in each root complex, as a newer revision."""
    check(table)
    changed = bytearray(table)
    for offset in root_complexes(table):
        changed[offset + MEMORY_FLAGS] |= CANWBS
    revision, = struct.unpack_from("<I", table, OEM_REVISION)
    struct.pack_into("<I", changed, OEM_REVISION, revision + 1)
    changed[CHECKSUM] = (changed[CHECKSUM] - sum(changed)) % 256
    return bytes(changed)


def check(table):
    """Raise Problem unless this is one complete IORT."""
    if len(table) < HEADER.size + 12:
        raise Problem(f"an IORT of {len(table)} bytes is too short")
    signature, length = HEADER.unpack_from(table)[:2]
    if signature != b"IORT" or length != len(table) or sum(table) % 256:
        raise Problem(f"not a whole IORT: {signature!r}, {length} of {len(table)} bytes, "
                      f"sum {sum(table) % 256}")


def root_complexes(table):
    """Offsets of the nodes; raise Problem if the table has none, or is malformed."""
    count, offset = struct.unpack_from("<II", table, HEADER.size)
    found = []
    for _ in range(count):
        if offset + NODE_HEADER.size > len(table):
            raise Problem(f"the IORT's node at {offset:#x} lies outside of it")
        kind, length = NODE_HEADER.unpack_from(table, offset)[:2]
        if kind == ROOT_COMPLEX:
            found.append(offset)
        offset += length
    if offset != len(table) or not found:
        raise Problem(f"the IORT's nodes end at {offset:#x} of {len(table):#x}, "
                      f"{len(found)} root complexes")
    return found


def prepend(initrd, table, tree):
    """Put an archive with only the table in front of `initrd`."""
    with tempfile.TemporaryDirectory() as work:
        file, archive = Path(work) / "table", Path(work) / "archive"
        file.write_bytes(table)
        initramfs.generate(archive, initramfs.description({f"/{OVERRIDE}": (file, 0o644)}), tree)
        initrd.write_bytes(archive.read_bytes() + initrd.read_bytes())


def own_table(options):
    """The IORT that firmware provides on the machine of vm's `options`."""
    facts = [digest(shutil.which(qemu.BINARY)), digest(require()), qemu.MACHINE, options.gic,
             options.stage, options.device, options.qemu_arg] + ["kvm"] * options.kvm
    name = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    cached = CACHE / f"iort-{name}.aml"
    if not cached.is_file():
        table = read_table(options)
        check(table)
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            made = Path(work) / "table"
            made.write_bytes(table)
            made.rename(cached)
    return cached.read_bytes()


def read_table(options):
    """Boot the machine and have it print its table."""
    vm = TESTBED / "machine" / "vm"
    with tempfile.TemporaryDirectory() as log:
        line = [vm, "--log", log, "--image", options.image, "--acpi", "--data",
                "--gic", options.gic, "--stage", options.stage, "--append", "kunit.enable=0",
                "--timeout", str(READER_SECONDS)]
        line += ["--tree", options.tree] if options.tree else []
        line += ["--kvm"] * options.kvm
        line += [word for device in options.device for word in ("--device", device)]
        line += [f"--qemu-arg={word}" for word in options.qemu_arg]
        run = subprocess.run([*line, READER], capture_output=True, text=True, check=False)
        if run.returncode:
            raise Problem(f"the machine's own IORT cannot be read: {run.stderr.strip()}")
        printed = (Path(log) / "verdict.ktap").read_text(errors="replace")
    words = [line for line in printed.splitlines() if line and not line.startswith("#")]
    return bytes.fromhex("".join(words))
