# SPDX-License-Identifier: GPL-2.0
"""Judges the recorded runs of testbed/golden by the very code that judges live ones.

A recorded run is a directory: console.log, verdict.ktap and golden.json, which
says how QEMU ended and what the verdict must be. complaints.txt and harmless.txt
hold single lines for the splat scan.
"""

import json
import re

from check.selftest import expect
from machine import splat, verdict
from machine.paths import TESTBED

GOLDEN = TESTBED / "golden"
# What must be among the recorded runs, whatever else is.
REQUIRED = {"pass", "failure", "splat", "hang", "no-tests", "truncated", "panic",
            "plan-mismatch", "failslab"}


def cases():
    runs = sorted(p.parent for p in GOLDEN.glob("*/golden.json"))
    return [("every recorded run that the test bed promises is there", lambda: complete(runs)),
            ("each kind of complaint is recognised in the kernel's words", complaints),
            ("lines that only resemble complaints are let through", harmless),
            *[(f"recorded run {run.name}: {load(run)['why']}", lambda run=run: judge(run))
              for run in runs]]


def load(run):
    return json.loads((run / "golden.json").read_text())


def complete(runs):
    missing = REQUIRED - {run.name for run in runs}
    expect(not missing, f"not in {GOLDEN.name}: {sorted(missing)}")


def judge(run):
    """The verdict on a recorded run is the recorded one, to the kinds of its splats."""
    golden = load(run)
    wanted = golden["expect"]
    result = verdict.judge((run / "console.log").read_text(), (run / "verdict.ktap").read_text(),
                           golden["qemu_exit"], golden["timed_out"])
    found = {"status": result.status, "splats": [s.kind for s in result.splats],
             "passed": result.report.count("pass"), "failed": result.report.count("fail"),
             "skipped": result.report.count("skip")}
    for key, value in found.items():
        expect(value == wanted[key], f"{key} is {value}, not {wanted[key]} ({result.reason})")
    expect(re.search(wanted["reason"], result.reason),
           f"the reason is '{result.reason}', without '{wanted['reason']}'")


def lines(name):
    return [line for line in (GOLDEN / name).read_text().splitlines() if not line.startswith("#")]


def complaints():
    seen = set()
    for entry in lines("complaints.txt"):
        kind, text = entry.split("\t", 1)
        seen.add(kind)
        found = [s.kind for s in splat.scan(text + "\n")]
        expect(found == [kind], f"taken for {found}, not {kind}: {text}")
    expect(seen == {kind for kind, _ in splat.PATTERNS}, "a kind of complaint has no line here")


def harmless():
    for text in lines("harmless.txt"):
        found = splat.scan(text + "\n")
        expect(not found, f"taken for {[s.kind for s in found]}: {text}")
