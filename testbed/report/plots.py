# SPDX-License-Identifier: GPL-2.0
"""Plots of cost against size, with the counts of make bench, drawn by gnuplot."""

import subprocess

from machine.paths import Problem

KERNELS = ("pristine", "patched")
COLOURS = {"pristine": "#999999", "patched": "#1f6fb2"}
SETTINGS = """set terminal svg size 520,300 font "sans,11" background "white"
set title "{title}" noenhanced
set xlabel "n"
set ylabel "instructions per call"
set logscale x
set yrange [0:*]
set key bottom right
set grid
plot {curves}
"""


def curves(bench):
    """{figure: {kernel: [(n, instructions)]}} of the figures counted for several n."""
    found = {}
    for figure in bench["figures"]:
        if figure["n"] is None:
            continue
        for kernel in KERNELS:
            if figure[kernel]["per_call"] is not None:
                found.setdefault(figure["figure"], {}).setdefault(kernel, []).append(
                    (figure["n"], figure[kernel]["per_call"]))
    return {name: lines for name, lines in found.items()
            if max(len(points) for points in lines.values()) > 2}


def draw(title, lines):
    """One plot as SVG, the pristine kernel's curve beside the patched one's."""
    names = [kernel for kernel in KERNELS if kernel in lines]
    script = SETTINGS.format(title=title, curves=", ".join(
        f'"-" with linespoints lw 2 pt 7 lc rgb "{COLOURS[name]}" title "{name}"' for name in names))
    for name in names:
        script += "".join(f"{n} {count}\n" for n, count in lines[name]) + "e\n"
    run = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Problem(f"gnuplot does not draw {title}: {run.stderr.strip()}")
    return run.stdout[run.stdout.index("<svg"):]
