#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints the report of `make run` and saves it: what the patched kernel does, and
beside it what the unpatched one does with the same program.

Usage: report.py PATCHED UNPATCHED SOURCE JSON
       report.py PATCHED
  PATCHED, UNPATCHED   log directories of the two runs; without the second, what the
                       patched kernel does alone, and nothing is saved
  SOURCE               file with the versions of the kernel's source
  JSON                 file to write
Exit code 1 if the patched kernel did not do what it is for.
"""

import json
import sys
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo import story      # noqa: E402

SCENES = ("attach first, then map", "map first, then attach")
STEP, COLUMN = 50, 50
STEPS = 15                  # that the program takes if nothing goes wrong


def expected(step, outcome):
    """Whether a step on the patched kernel had the required outcome."""
    if "received" in step:
        received, _, raised = outcome.partition(" of ")
        return received == raised
    return outcome == "ok"


def problems(patched):
    """The required outcomes that the patched kernel missed."""
    found = [f"{scene}: {step}: {outcome}" for (scene, step), outcome in patched.steps.items()
             if not expected(step, outcome)]
    if len(patched.steps) != STEPS:
        found.append(f"{len(patched.steps)} steps were taken instead of {STEPS}")
    return found + patched.problems


def print_steps(stories):
    """Print one line per step, with an outcome for each kernel."""
    print((f"{'':{STEP}}{'patched':14}" + "unpatched" * (len(stories) > 1)).rstrip())
    steps = dict.fromkeys(key for one in stories for key in one.steps)
    for scene in SCENES:
        print(scene)
        for key in steps:
            if key[0] == scene:
                print((f"  {key[1]:{STEP - 2}}" +
                       "".join(f"{one.steps.get(key, '-'):14}" for one in stories)).rstrip())


def print_columns(title, columns):
    """Print lists of lines, side by side."""
    print(f"\n{title}")
    for line in zip_longest(*columns, fillvalue=""):
        print("  " + "".join(f"{part:{COLUMN}}" for part in line).rstrip())


def map_lines(iova_map):
    """An IOVA map as text."""
    if iova_map is None:
        return ["(not reached)"]
    lines = [(f"{first:#x}..{last:#x}", what) for first, last, what in story.segments(iova_map)]
    width = max(len(place) for place, _ in lines)
    none = ["(no reserved regions)"] * (not iova_map["reserved"])
    return [f"{place:{width}}  {what}" for place, what in lines] + none


def translation_lines(one):
    """The SMMU's translations as text."""
    return [f"{t['kind']} {t['iova']:#x} -> {t['physical']:#x}" + f", {t['count']} times" *
            (t["count"] > 1) for t in one.translations] or ["(none)"]


def print_report(stories, kernels):
    print(f"\nThe PCI device {stories[0].device} (edu) behind an emulated SMMUv3, "
          f"passed through to one program\n{kernels}\n")
    print_steps(stories)
    for when, key in (("before the memory is mapped", (SCENES[0], "before")),
                      ("after", (SCENES[0], "after")), ("after", (SCENES[1], "after"))):
        print_columns(f"IOVA map {when} ({key[0]})",
                      [map_lines(one.maps.get(key)) for one in stories])
    print_columns("What the SMMU translated, by QEMU's own trace",
                  [translation_lines(one) for one in stories])


def half():
    """Print the patched kernel's part before the other kernel is built."""
    patched = story.read(sys.argv[1])
    print_report([patched], f"on {patched.kernel} with the series.")
    conclude(problems(patched))


def conclude(found):
    """Print the last line, and exit if something is wrong."""
    if found:
        sys.exit("\nerror: the patched kernel did not do it: " + "; ".join(found))
    print("\nDMA and interrupts both work, in both orders, with user memory where the doorbells "
          "were.", flush=True)


def main():
    if len(sys.argv) == 2:
        half()
        return
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    patched, unpatched = (story.read(log) for log in sys.argv[1:3])
    lines = Path(sys.argv[3]).read_text().splitlines()
    source = dict(line.split("=", 1) for line in lines if "=" in line)
    print_report([patched, unpatched],
                 f"on two kernels: {patched.kernel} with the series, and without "
                 f"(Debian source {source.get('debian', 'unknown')}).")
    found = problems(patched)
    save(Path(sys.argv[4]), patched, unpatched, source, found)
    conclude(found)


def save(path, patched, unpatched, source, found):
    """Write the report as JSON; keys of two words become nested objects."""
    kernels = {}
    for name, one in (("patched", patched), ("unpatched", unpatched)):
        entry = asdict(one)
        for part in ("steps", "maps"):
            nested = entry[part] = {}
            for (scene, key), value in getattr(one, part).items():
                nested.setdefault(scene, {})[key] = value
        kernels[name] = entry
    text = json.dumps({"source": source, "shown": not found, "problems": found, **kernels},
                      indent=1)
    path.with_suffix(".new").write_text(text + "\n")
    path.with_suffix(".new").rename(path)


if __name__ == "__main__":
    main()
