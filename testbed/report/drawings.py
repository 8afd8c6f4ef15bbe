# SPDX-License-Identifier: GPL-2.0
"""Drawings in SVG: I/O address maps, and the stages that translated accesses."""

from html import escape
from math import log2

WIDTH, LABEL, ROW = 1080, 430, 22
LOWEST, HIGHEST = 20, 48        # powers of two: 1 MiB to 256 TiB
WINDOW = 0x8000000, 0x80fffff   # where 6.12 has the doorbells
STAGES = {1: "stage 1", 2: "stage 2", 3: "both stages"}
SHOWN = 24                      # routes of a machine; the page says how many are omitted


def across(address):
    """The position of an address on a logarithmic axis."""
    power = min(max(log2(max(address, 1)), LOWEST), HIGHEST)
    return LABEL + (WIDTH - LABEL - 20) * (power - LOWEST) / (HIGHEST - LOWEST)


def bar(first, last, top, height, kind, title):
    """A range, at least wide enough to be visible."""
    left = across(first)
    width = max(across(last) - left, 3)
    return (f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}">'
            f"<title>{escape(title)}</title></rect>")


def axis(height):
    """Lines at powers of two, and the window."""
    parts = [bar(*WINDOW, 18, height - 18, "window", "0x8000000..0x80fffff: the window of 6.12")]
    for power, name in ((20, "1 MiB"), (27, "128 MiB"), (30, "1 GiB"), (32, "4 GiB"), (36, "64 GiB"),
                        (40, "1 TiB"), (48, "256 TiB")):
        x = across(1 << power)
        parts.append(f'<line x1="{x:.1f}" y1="18" x2="{x:.1f}" y2="{height}"/>'
                     f'<text x="{x:.1f}" y="12" text-anchor="{"end" if power == HIGHEST else "middle"}">'
                     f"{name}</text>")
    return parts


def svg(height, parts):
    return (f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
            + "".join(parts) + "</svg>")


def address_map(entries):
    """One row per case: the user's memory, and the doorbells with their relocations."""
    height = 24 + ROW * len(entries)
    parts = axis(height)
    for number, entry in enumerate(entries):
        top = 24 + ROW * number
        name = entry.case if len(entry.case) < 68 else entry.case[:66] + "…"
        parts.append(f'<text x="4" y="{top + 14}">{escape(name)}'
                     f"<title>{escape(entry.machine)}: {escape(entry.case)}</title></text>")
        parts += [bar(first, last, top + 4, 12, "memory", f"memory {first:#x}..{last:#x}")
                  for first, last in entry.memory]
        parts += way(entry.doorbells, top)
    return svg(height, parts)


def way(doorbells, top):
    """The doorbell at each of its IOVAs, and arrows from one to the next."""
    parts = [bar(first, last, top + 1, 18, "doorbell", f"doorbell {number + 1}: {first:#x}")
             for number, (first, last) in enumerate(doorbells)]
    for (before, _), (after, _) in zip(doorbells, doorbells[1:]):
        parts.append(f'<line class="move" x1="{across(before):.1f}" y1="{top + 10}" '
                     f'x2="{across(after):.1f}" y2="{top + 10}" marker-end="url(#tip)"/>')
    return parts


def route_map(counted):
    """From I/O page to physical page, the most used first, by the stages that translated."""
    routes = counted.most_common(SHOWN)
    height = 24 + ROW * len(routes)
    parts = [f'<text x="{x}" y="12">{name}</text>'
             for x, name in ((4, "stream ID, I/O page"), (430, "translated by"), (720, "physical page"),
                             (930, "times"))]
    for number, ((sid, page, physical, stage), times) in enumerate(routes):
        y = 24 + ROW * number + 14
        parts += [f'<text x="4" y="{y}">{sid:#06x} {page:#014x}</text>',
                  f'<line class="stage{stage}" x1="250" y1="{y - 4}" x2="710" y2="{y - 4}" '
                  'marker-end="url(#tip)"/>',
                  f'<text class="on" x="480" y="{y}" text-anchor="middle">'
                  f"{STAGES.get(stage, stage)}</text>",
                  f'<text x="720" y="{y}">{physical:#014x}</text>',
                  f'<text x="930" y="{y}">{times}</text>']
    return svg(height, parts)
