# SPDX-License-Identifier: GPL-2.0
"""Turns the frames of a stack dump into source lines.

"name+0x18/0x40" becomes "name+0x18/0x40 (file.c:123)", with the symbols from nm
and the lines from addr2line of the arm64 binutils. Inlined code gets its own
line first, then the lines of its callers, outwards. If several symbols share a
name, the size decides.

The kernel's scripts/decode_stacktrace.sh looks up the return address itself, which for two
calls in three is on a different line from the call, uses the first of several symbols with
the same name, and decodes only one frame per line.
"""

import bisect
import re
import shutil
import subprocess

from machine.paths import Problem

PREFIX = "aarch64-linux-gnu-"
FRAME = re.compile(r"(\w[\w.$]*)\+0x([0-9a-f]+)/0x([0-9a-f]+)")


class Symbols:
    """The text symbols of a vmlinux, by name."""

    def __init__(self, vmlinux):
        self.vmlinux = vmlinux
        self.by_name = {}
        found = []
        for line in tool("nm", "-n", str(vmlinux)).splitlines():
            address, kind, name = line.split(maxsplit=2)
            if kind in "tTwW":
                found.append((int(address, 16), name))
        self.starts = sorted({address for address, _ in found})
        for address, name in found:
            self.by_name.setdefault(name, []).append(address)

    def address(self, name, offset, size):
        """The address of name+offset, or None if unknown."""
        starts = self.by_name.get(name, [])
        exact = [start for start in starts if self.size(start) == size]
        start = next(iter(exact or starts), None)
        return None if start is None else start + offset

    def size(self, start):
        """The distance to the next symbol, which the kernel prints as a symbol's size."""
        after = bisect.bisect_right(self.starts, start)
        return self.starts[after] - start if after < len(self.starts) else 0


def tool(name, *arguments, text=""):
    """Run one of the arm64 binutils and return its output."""
    name = PREFIX + name
    if shutil.which(name) is None:
        raise Problem(f"{name} is not installed: run testbed/host/packages")
    return subprocess.run([name, *arguments], input=text, capture_output=True,
                          text=True, check=True).stdout


def decode(lines, vmlinux):
    """The lines, with the source position added to each frame that has one."""
    symbols = Symbols(vmlinux)
    wanted = {}
    for line in lines:
        for found in FRAME.finditer(line):
            where = symbols.address(found[1], int(found[2], 16), int(found[3], 16))
            if where is not None:
                # A return address is the one after the call.
                wanted[found[0]] = where - (0 if is_pc(line) else 4)
    places = positions(vmlinux, list(wanted.values()))
    known = dict(zip(wanted, places))
    return [FRAME.sub(lambda f: with_place(f[0], known), line) for line in lines]


def is_pc(line):
    return re.search(r"\bpc : ", line) is not None


def positions(vmlinux, addresses):
    """The source position of each address, empty where there is none."""
    if not addresses:
        return []
    text = "\n".join(f"{a:#x}" for a in addresses) + "\n"
    chains = []
    # With -a each answer has the address, then one line per inlining level.
    for line in tool("addr2line", "-a", "-i", "-e", str(vmlinux), text=text).splitlines():
        if line.startswith("0x"):
            chains.append([])
        else:
            chains[-1].append(shorten(line))
    return [" inlined at ".join(place for place in chain if place) for chain in chains]


def shorten(place):
    """Drop addr2line's remarks and the path of the kernel tree."""
    place = re.sub(r" \(discriminator \d+\)", "", place)
    if place.startswith("??"):
        return ""
    place = re.sub(r"^.*/\.\./", "", place)
    return re.sub(r"^.*/(?=(?:arch|block|certs|crypto|drivers|fs|include|init|io_uring|ipc|kernel"
                  r"|lib|mm|net|security|sound|virt)/)", "", place)


def with_place(frame, known):
    return f"{frame} ({known[frame]})" if known.get(frame) else frame
