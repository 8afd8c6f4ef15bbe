# SPDX-License-Identifier: GPL-2.0
"""PCI devices as platform devices, behind the SMMU.

No emulator in Debian puts a platform device with DMA behind an SMMU. But a PCI device is
two ranges of registers, a wired interrupt, a stream ID and a device ID, and a device tree
can describe these: in the machine's own tree the PCI controller is disabled, and each edu
has a node of its own, with the future address of its BAR and its configuration page as
registers. Its driver has to write the BAR and enable the device, in that page.

There are four edu: one without and one with an MSI domain for users, and the same for the
host. In the kind "shared" the doorbell's page has registers that another driver claims.
"""

import re
from dataclasses import dataclass

from machine import devicetree, qemu
from machine.paths import Problem

KINDS = ["own", "shared"]
BARS = 0x10000000               # the start of the PCI window
BAR_SIZE = 0x100000
PAGE = 0x1000
FIRST_WIRE = 3                  # the SPI of the first of four
# Registers in the doorbell's page, which the kernel's PL011 driver claims without probing.
SHARER = 0x800


@dataclass(frozen=True)
class Device:
    """An edu of the machine; each is in a slot with a different wired interrupt."""
    slot: int
    has_msi_domain: bool

    def bar(self):
        return BARS + self.slot * BAR_SIZE

    def name(self):
        """The kernel's name of the device."""
        return f"{self.bar():x}.edu"

    def bdf(self):
        """The PCI function, which determines the IDs that the SMMU and the ITS see."""
        return f"0000:00:{self.slot:02x}.0"


# Also named in guest/platform-run.
DEVICES = [Device(slot, slot % 2 == 0) for slot in (1, 2, 3, 4)]


def as_pci(channel):
    """A guest's report, with the devices' names replaced by their PCI addresses."""
    for device in DEVICES:
        channel = channel.replace(f"device={device.name()} ", f"device={device.bdf()} ")
    return channel


def devices():
    """The arguments of QEMU's -device."""
    return [f"edu,dma_mask=0xffffffffffffffff,addr={device.slot:x}" for device in DEVICES]


def device_tree(options):
    """Write the device tree of vm's `options` to its log directory and return the path."""
    return devicetree.changed(options.log, qemu.machine(options), "platform",
                              lambda source: changed(source, options.platform))


def find(pattern, source):
    """The matches of the pattern's groups in the machine's own tree."""
    found = re.search(pattern, source, re.S)
    if not found:
        raise Problem(f"the device tree of {qemu.BINARY} has no {pattern}")
    return found.groups()


def changed(source, kind):
    """The text of the machine's device tree, with edu nodes in place of the PCI controller."""
    smmu, = find(r"smmuv3@\w+ \{\s[^}]*?phandle = <(\w+)>", source)
    ecam = tuple(int(word, 16) for word in
                 find(r"pcie@10000000 \{[^}]*?\breg = <(\w+) (\w+) ", source))
    msi, = find(r"(?:its|v2m)@\w+ \{[^}]*?phandle = <(\w+)>", source)
    doorbells, = find(r"(?:its|v2m)@(\w+) \{", source)
    cells = "#msi-cells" in source
    nodes = "".join(node(device, smmu, ecam, f"{msi} {device.slot << 3:#x}" if cells else msi)
                    for device in DEVICES)
    if kind == "shared":
        # The second 64 KiB of an ITS are for messages; a GICv2m frame has one page.
        port = int(doorbells, 16) + 0x10000 * cells + SHARER
        nodes += serial_port(port)
        source = source.replace("\taliases {", f"\taliases {{\n\t\tserial1 = \"/serial@{port:x}\";")
    return source.replace("\tpcie@10000000 {", nodes + "\tpcie@10000000 {\n\t\tstatus = "
                          "\"disabled\";", 1)


def node(device, smmu, ecam, msi):
    """One edu; ecam is the start of the configuration pages, as two cells."""
    wire = FIRST_WIRE + device.slot % 4
    parent = f"\n\t\tmsi-parent = <{msi}>;" * device.has_msi_domain
    return f"""
	edu@{device.bar():x} {{
		compatible = "qemu,edu";
		reg = <0x0 {device.bar():#x} 0x0 {BAR_SIZE:#x}
		       {ecam[0]:#x} {ecam[1] + (device.slot << 15):#x} 0x0 {PAGE:#x}>;
		interrupts = <0 {wire} 4>;
		iommus = <{smmu} {device.slot << 3:#x}>;
		dma-coherent;{parent}
	}};

"""


def serial_port(address):
    """A node that its driver takes for a UART. Without an alias it would become the console."""
    return f"""
	serial@{address:x} {{
		compatible = "arm,sbsa-uart";
		reg = <0x0 {address:#x} 0x0 0x100>;
		interrupts = <0 100 4>;
		current-speed = <115200>;
	}};

"""
