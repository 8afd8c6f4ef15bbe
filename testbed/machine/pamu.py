# SPDX-License-Identifier: GPL-2.0
"""The machine with a PAMU: QEMU's ppce500, with the PAMU's registers simulated in memory.

No emulator in Debian models a PAMU. The driver does not need one: it reads one register,
which a loaded file sets, and writes the others; tables in memory say what the hardware
would do. The device tree is the machine's own, changed to have a PAMU in front of the PCI
controller, at an address in memory that is hidden from the kernel. DMA is not translated,
so tests do none, except for interrupt messages: a message is written to the memory at its
I/O address, and the host forwards it to the address in the tables.

As on real chips, the register of the MPIC's MSI bank is also visible in a page of its own.
QEMU does not model that page: the host redirects its own writes there to the real register.
Further banks are plain memory, and writes to them raise no interrupt.

Unlike on the arm64 machine, the guest talks to the host through the second serial port
while it runs, and the host stops the machine to read its memory.
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from machine import conversation, devicetree, initramfs
from machine.paths import Problem

BINARY = "qemu-system-ppc64"
MACHINE = ["-M", "ppce500", "-cpu", "e5500", "-m", "512", "-nographic", "-no-reboot",
           "-net", "none"]
KERNEL_MEMORY = 0x1e000000      # of the 512 MiB; the registers are above it
REGISTERS = KERNEL_MEMORY
MEMORY_BANKS = KERNEL_MEMORY + 0x20000      # each has a page of registers and one for MSIIR
CAUGHT = 0x10000000             # where messages are caught; same as in guest/pamu-msi.c
CCSR = 0xfe0000000
MSIIR_PAGE = 0x44000            # of the MPIC's bank, in CCSR
MSIIR = 0x41740                 # the register itself
MSIIR_OFFSET = 0x140            # in its page
PAGE = 0x1000
INITRD = 0x08000000
LIODN = 0x10
PC3 = 0xc08                     # capability register 3: MWCE, bits 24 to 21
WINDOWS_256 = 7 << 21
PARAMETERS = "console=ttyS0 oops=panic panic=-1"


@dataclass
class Board:
    """The features of a machine: a LIODN for the PCI controller, more banks than the MPIC's, an
    interrupt of the PAMU, a page for the register of the MPIC's bank. KUnit's tests run on the
    default machine only."""
    liodn: bool = True
    more_banks: int = 0
    interrupt: bool = True
    bank_page: bool = True

    def banks(self):
        """Pages of the banks' registers, in the kernel's order."""
        more = [MEMORY_BANKS + i * 0x10000 + PAGE for i in range(self.more_banks)]
        return [*more, CCSR + MSIIR_PAGE]

    def parameters(self):
        """Parameters for the guest's program, which the kernel does not know."""
        words = ["without_liodn=1"] * (not self.liodn)
        words += ["without_interrupt=1"] * (not self.interrupt)
        words += ["no_bank=1"] * (not self.bank_page)
        words += [f"several_banks={self.more_banks + 1}"] * bool(self.more_banks)
        words += ["kunit.enable=0"] * bool(words)
        return " ".join([PARAMETERS, *words])


def memory_banks(board, pic):
    """Nodes of banks in memory, each with an unused interrupt of the MPIC."""
    nodes = "".join(f"""
		msi@{page - PAGE:x} {{
			compatible = "fsl,mpic-msi";
			reg = <0x0 {page - PAGE:#x} 0x0 0x200  0x0 {page + MSIIR_OFFSET:#x} 0x0 0x4>;
			msi-available-ranges = <0x0 0x20>;
			interrupt-parent = {pic};
			interrupts = <{0x8 + i:#x} 0x1>;
		}};
""" for i, page in enumerate(board.banks()[:-1]))
    return f"""
	banks {{
		compatible = "simple-bus";
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;
{nodes}	}};
""" * bool(nodes)


def with_pamu(source, initrd_size, board):
    """The text of the device tree, changed."""
    given = f"\n\t\tfsl,liodn = <{LIODN:#x}>;" * board.liodn
    pic = re.search(r"pci@[^{]*\{.*?interrupt-parent = (<0x[0-9a-f]+>)", source, re.S)[1]
    interrupt = f"\t\tinterrupt-parent = {pic};\n\t\tinterrupts = <0x18 0x02>;\n"
    interrupt *= board.interrupt
    nodes = f"""
	pamu@{REGISTERS:x} {{
		compatible = "fsl,pamu-v1.0", "fsl,pamu";
		reg = <0x0 {REGISTERS:#x} 0x0 0x1000>;
{interrupt}	}};

	guts@{REGISTERS + 0x10000:x} {{
		compatible = "fsl,qoriq-device-config-1.0";
		reg = <0x0 {REGISTERS + 0x10000:#x} 0x0 0x1000>;
	}};

	reserved-memory {{
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;

		caught@{CAUGHT:x} {{
			reg = <0x0 {CAUGHT:#x} 0x0 {PAGE:#x}>;
			no-map;
		}};
	}};
""" + memory_banks(board, pic)
    chosen = f"""bootargs = "{board.parameters()}";
		linux,initrd-start = <{INITRD:#x}>;
		linux,initrd-end = <{INITRD + initrd_size:#x}>;"""
    changes = [
        (r"reg = <0x00 0x00 0x00 0x20000000>;", f"reg = <0x00 0x00 0x00 {KERNEL_MEMORY:#x}>;"),
        (r"bootargs = \[00\];", chosen),
        (r'device_type = "pci";', f'device_type = "pci";{given}'),
        (r"\n(?=\tplatform@)", nodes)]
    if board.bank_page:
        changes.append((r"reg = <0x41600 0x200>;",
                        f"reg = <0x41600 0x200 {MSIIR_PAGE + MSIIR_OFFSET:#x} 0x4>;"))
    if board.more_banks:
        # The PCI controller names the MPIC's bank, and so uses no other.
        changes.append((r"\t\tfsl,msi = <0x[0-9a-f]+>;\n", ""))
    for old, new in changes:
        source, times = re.subn(old, new.replace("\\", r"\\"), source, count=1)
        if not times:
            raise Problem(f"the device tree of {BINARY} has no {old}")
    return source


def registers(log):
    """A file with the reset values of the registers."""
    path = log / "registers"
    page = bytearray(0x1000)
    page[PC3:PC3 + 4] = struct.pack(">I", WINDOWS_256)
    path.write_bytes(page)
    return path


def caught(log):
    """A file with the initial content of the memory where messages are caught."""
    path = log / "caught"
    path.write_bytes(b"\xff" * PAGE)
    return path


class Memory(conversation.Memory):
    """Redirects writes to the page of the MPIC's bank to the register itself."""

    def write(self, address, data):
        if address & -PAGE == CCSR + MSIIR_PAGE:
            address = CCSR + MSIIR + (address - CCSR - MSIIR_PAGE - MSIIR_OFFSET)
        super().write(address, data)


def command(log, sockets, image, tree, initrd):
    return [BINARY, *MACHINE, "-kernel", str(image), "-dtb", str(tree),
            "-device", f"loader,file={initrd},addr={INITRD:#x},force-raw=on",
            "-device", f"loader,file={registers(log)},addr={REGISTERS:#x},force-raw=on",
            "-device", f"loader,file={caught(log)},addr={CAUGHT:#x},force-raw=on",
            "-device", "edu", "-action", "panic=exit-failure",
            "-serial", f"file:{log}/console.log",
            "-serial", f"unix:{sockets}/port,server=on,wait=on",
            *conversation.options(sockets)]


def run(log, sockets, image, program, answer, timeout, board):
    """Run a program as the first process. answer(memory, board, question) is called for each
    of its questions while the machine is stopped; sockets is a directory with a short path."""
    initrd = log / "initramfs.cpio"
    initramfs.generate(initrd, initramfs.description({"/init": (program, 0o755)}), None)
    machine = [BINARY, *MACHINE, "-serial", "null", "-serial", "null"]
    tree = devicetree.changed(log, machine, "pamu",
                              lambda source: with_pamu(source, initrd.stat().st_size, board))
    talk = conversation.Conversation(
        Path(sockets), log, "verdict.ktap",
        lambda memory, question: answer(memory, board, question), Memory)
    return conversation.run(command(log, sockets, image, tree, initrd), log, talk, timeout)
