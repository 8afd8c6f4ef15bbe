# SPDX-License-Identifier: GPL-2.0
"""The machine with an SMMUv2: QEMU's virt, with the SMMU's registers simulated in memory.

No emulator in Debian models an SMMUv2. The driver reads the identification registers,
which a loaded file sets, and writes the others. Invalidations complete at once, since
untouched memory reads as an idle status. Registers and tables say what the hardware would
do. The device tree is the machine's own, changed to have an MMU-500 in front of the PCI
controller, at an address in reserved memory.

Limits of the simulation: a write of 1 to a fault status does not clear it, there are no
TLBs, and DMA is not translated, so tests do none. The host writes faults to the registers
and then raises the interrupt of the context bank. The device tree declares these
interrupts as edge-triggered, since nothing would lower a level.
"""

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from machine import conversation, devicetree, initramfs, qemu
from machine.paths import Problem

REGISTERS = 0x7f000000
PAGE = 0x1000
PAGES = 16                  # of 4 KiB: global registers; context banks begin after them
SIZE = 2 * PAGES * PAGE
PHANDLE = 0x9000
FIRST_SPI = 112             # of the context banks, after the one of global faults
SPIS = "unnamed-gpio-in"    # QEMU's name of the interrupt controller's inputs

ID0_S1TS, ID0_S2TS, ID0_NTS, ID0_SMS = 1 << 30, 1 << 29, 1 << 28, 1 << 27
ID0_ATOSNS, ID0_ONE_INTERRUPT, ID0_COHERENT_WALK = 1 << 26, 1 << 16, 1 << 14
ID0_NO_AARCH32 = 3 << 24    # its tables have pages of 4 KiB, which the driver would use
ID0_SID_BITS = 9
ID1_PAGES = 3 << 28         # 2 ** (3 + 1) pages
ID1_STAGE2_BANKS = 16
ID2_VMID16, ID2_SIZES = 1 << 15, 0x555      # 48 bits in and out, 49 bits upstream
ID2_GRANULES = {"4K": 1 << 12, "16K": 1 << 13, "64K": 1 << 14}
ID7_REVISION = 0x21         # an MMU-500 whose prefetcher can be switched off


@dataclass
class Board:
    """The properties of the SMMU, and the kernel parameters."""
    gic: str = "3"
    banks: int = 16
    stage2_banks: int = 0               # context banks that have no stage 1
    granules: tuple = ("4K", "16K", "64K")
    nested: bool = True
    stream_matching: bool = True
    vmid16: bool = False
    mask: int = 0                       # stream-match-mask
    parameters: str = ""
    devices: list = field(default_factory=list)

    def registers(self):
        """The reset values of the registers."""
        data = bytearray(SIZE)
        id0 = ID0_S1TS | ID0_S2TS | ID0_NTS * self.nested | ID0_ATOSNS | ID0_ONE_INTERRUPT | \
            ID0_COHERENT_WALK | ID0_NO_AARCH32 * ("4K" not in self.granules)
        # Without stream matching a stream ID is the index of one of the 128 registers.
        id0 |= ID0_SMS | 15 << ID0_SID_BITS | 48 if self.stream_matching else 7 << ID0_SID_BITS
        id1 = ID1_PAGES | self.stage2_banks << ID1_STAGE2_BANKS | self.banks
        id2 = ID2_SIZES | ID2_VMID16 * self.vmid16 | sum(ID2_GRANULES[g] for g in self.granules)
        struct.pack_into("<3I", data, 0x20, id0, id1, id2)
        struct.pack_into("<I", data, 0x3c, ID7_REVISION)
        return bytes(data)

    def node(self):
        """The device tree nodes of the SMMU and its memory."""
        spis = " ".join(f"0 {FIRST_SPI + i} {4 if i == 0 else 1}" for i in range(1 + self.banks))
        mask = f"\n\t\tstream-match-mask = <{self.mask:#x}>;" * bool(self.mask)
        return f"""
	reserved-memory {{
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;

		registers@{REGISTERS:x} {{
			reg = <0x0 {REGISTERS:#x} 0x0 {SIZE:#x}>;
			no-map;
		}};
	}};

	iommu@{REGISTERS:x} {{
		compatible = "arm,mmu-500";
		reg = <0x0 {REGISTERS:#x} 0x0 {SIZE:#x}>;
		#global-interrupts = <1>;
		interrupts = <{spis}>;
		#iommu-cells = <1>;
		dma-coherent;{mask}
		phandle = <{PHANDLE:#x}>;
	}};
"""


class Memory(conversation.Memory):
    """The machine's memory, and its interrupts."""

    def pulse(self, bank):
        """Raise the interrupt of a context bank."""
        for level in (1, 0):
            self.writer.command(f"set_irq_in {self.controller()} {SPIS} "
                                f"{FIRST_SPI + 1 + bank} {level}")

    def controller(self):
        """The path of the interrupt controller in QEMU's object tree."""
        found = self.monitor.command("qom-list", path="/machine/unattached")
        for item in found:
            if item["type"] in ("child<arm-gicv3>", "child<arm_gic>"):
                return f"/machine/unattached/{item['name']}"
        raise Problem(f"no interrupt controller among {[i['type'] for i in found]}")


def machine(board):
    return [qemu.BINARY, "-M", f"{qemu.MACHINE},gic-version={board.gic}",
            "-cpu", "max,pauth-impdef=on", "-smp", "2", "-m", "1G", "-nographic", "-no-reboot",
            "-net", "none"]


def device_tree(log, line, board):
    """Add the SMMU to the device tree of a machine without one, whose argument list begins with
    `line`, and return the path of the new tree."""
    def change(source):
        node = f"{board.node().lstrip()}\n\tpcie@\\1 {{\n\t\tiommu-map = <0 {PHANDLE:#x} 0 0x10000>;"
        source, times = re.subn(r"(?<=\t)pcie@([0-9a-f]+) \{", node, source, count=1)
        if not times:
            raise Problem(f"the device tree of {qemu.BINARY} has no PCI controller")
        return source
    return devicetree.changed(log, line, "smmuv2", change)


def arguments(log, line, board):
    """The additions to a machine's argument list `line` for the SMMU."""
    registers = log / "registers"
    registers.write_bytes(board.registers())
    return ["-dtb", str(device_tree(log, line, board)),
            "-device", f"loader,file={qemu.escape(registers)},addr={REGISTERS:#x},force-raw=on"]


def command(log, sockets, image, board):
    """The argument list for one run."""
    parameters = f"console=ttyAMA0 panic=-1 loglevel=5 kunit.enable=0 {board.parameters}".rstrip()
    line = machine(board)
    line += [*arguments(log, line, board), "-kernel", str(image),
            "-initrd", str(log / "initramfs.cpio"), "-append", parameters,
            "-device", "pvpanic-pci,addr=f", "-action", "panic=exit-failure",
            "-serial", f"file:{qemu.escape(log)}/console.log",
            "-device", "virtio-serial-device",
            "-chardev", f"file,id=verdict,path={qemu.escape(log)}/verdict.ktap",
            "-device", "virtserialport,chardev=verdict,name=verdict",
            "-chardev", f"socket,id=walker,path={sockets}/port,server=on,wait=on",
            "-device", "virtserialport,chardev=walker,name=walker",
            *conversation.options(sockets)]
    for device in board.devices:
        line += ["-device", device]
    return line


def run(log, sockets, image, script, files, answer, timeout, board):
    """Run a script of testbed/guest. answer(memory, question) is called for each question
    while the machine is stopped; sockets is a directory with a short path."""
    qemu.require()
    initramfs.build(log / "initramfs.cpio", script, files)
    talk = conversation.Conversation(Path(sockets), log, "questions", answer, Memory)
    return conversation.run(command(log, sockets, image, board), log, talk, timeout)
