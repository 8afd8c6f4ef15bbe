# SPDX-License-Identifier: GPL-2.0
"""What a run of bench says: a table for people, bench.json for programs.

Neither has a time or a date in it: both are the same on each run.
"""

import json
import subprocess

from machine import qemu

NOTES = """\
map/unmap: the mean of 10000 ioctls, system call and the caller's loop included, nothing
  subtracted; rounds of n maps and n unmaps in the same order, page i of a locked buffer
  at IOVA 0x200000000 + i * 4 KiB, one edu attached behind the SMMUv3 (stage 1), one round
  before that is not counted (page tables stay, slabs are filled). Timer ticks count, and
  the deferred work that they start: a ratio off by 0.001 says little.
boot to init: from power-on to the first line of main() in the first process, with "quiet"
  and kunit.enable=0 (the image's KUnit tests would run before init).
The clock is read in steps of 16 instructions."""


def text(table, counts, twice):
    """The table, with what it is about above and below it."""
    lines = [f"Instructions per call, QEMU {qemu_version()}, one Cortex-A57 under icount"]
    lines += [f"  {kernel:9} Linux {taken.kernel}, Debian source {debian(taken.image) or 'unknown'}"
              for kernel, taken in counts.items()]
    lines += ["", row("figure", "n", "pristine", "patched", "ratio", "")]
    lines += [figure_row(figure) for figure in table]
    lines += ["", NOTES]
    if twice:
        total = sum(len(taken.totals) for taken in counts.values())
        lines.append(f"Two runs gave the same {total} counts to the last digit.")
    return "\n".join(lines)


def row(name, n, pristine, patched, ratio, mark):
    return f"{name:24}{n:>7}{pristine:>14}{patched:>14}{ratio:>9}  {mark}".rstrip()


def figure_row(figure):
    mark = ""
    if figure.limit is not None:
        mark = f"{'BROKEN' if figure.broken() else 'ok'}, limit {figure.limit:g}"
    digits = 1 if figure.calls > 1 else 0
    return row(figure.name, figure.n or "", shown(figure.per_call("pristine"), digits),
               shown(figure.per_call("patched"), digits), shown(figure.ratio(), 4), mark)


def shown(number, digits):
    return "-" if number is None else f"{number:.{digits}f}"


def write_json(path, table, counts):
    """Everything that was counted, and of what; written whole or not at all."""
    content = {
        "unit": "instructions",
        "qemu": qemu_version(),
        "kernels": {kernel: {"kernel": taken.kernel, "debian_source": debian(taken.image),
                             "image": str(taken.image), "command": taken.command}
                    for kernel, taken in counts.items()},
        "figures": [figure_entry(figure) for figure in table],
    }
    new = path.with_suffix(".json.new")
    new.write_text(json.dumps(content, indent=1) + "\n")
    new.rename(path)


def figure_entry(figure):
    kernels = {kernel: {"total": getattr(figure, kernel), "per_call": figure.per_call(kernel)}
               for kernel in ("pristine", "patched")}
    return {"figure": figure.name, "n": figure.n, "calls": figure.calls, **kernels,
            "ratio": figure.ratio(), "limit": figure.limit,
            "kept": None if figure.limit is None else not figure.broken()}


def debian(image):
    """The Debian version of the source of a kernel that the test bed built, else None."""
    record = image.parent / "../../../source.version"
    lines = record.read_text().splitlines() if record.is_file() else []
    return dict(line.split("=", 1) for line in lines).get("debian")


def qemu_version():
    """What QEMU says of itself, without the word version."""
    run = subprocess.run([qemu.BINARY, "--version"], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[0].partition("version ")[2]
