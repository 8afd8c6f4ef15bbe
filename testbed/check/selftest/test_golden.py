# SPDX-License-Identifier: GPL-2.0
"""Judges the recorded runs of testbed/golden with the code that judges live ones.

A run is a console, NAME.log, and a verdict channel, NAME.ktap; runs may share either.
complaints.txt and harmless.txt contain single lines for the splat scan.
"""

import re
from dataclasses import dataclass

import pytest

from machine import splat, verdict
from machine.paths import TESTBED

GOLDEN = TESTBED / "golden"


@dataclass
class Run:
    """A recorded run and its expected verdict."""
    name: str
    why: str
    status: str
    reason: str
    splats: list
    counts: tuple           # passed, failed, skipped
    console: str = None     # of another run, if it has none of its own; "" if it is empty
    channel: str = None     # likewise
    qemu_exit: int = 0      # None: it was killed at its time limit


RUNS = [
    Run("pass", "all tests pass, one is skipped with its reason, the console is clean",
        "pass", "", [], (2, 0, 1)),
    Run("early-panic", "a panic before the pvpanic driver was there: QEMU exits 0",
        "crash", "Kernel panic", ["panic"], (0, 0, 0), channel=""),
    Run("exit-code", "each test passes, the script itself exits 3",
        "fail", "exit code is 3", [], (1, 0, 0), console="pass"),
    Run("failslab", "failures that fault injection was told to make, with its stack dumps",
        "pass", "", [], (1, 0, 0)),
    Run("failslab-and-bug",
        "an injected failure that made the kernel warn: only the warning is a splat",
        "splat", "WARNING: CPU: 1", ["warning"], (1, 0, 0), channel="failslab"),
    Run("failslab-other-trace", "an announced failure, and a stack dump that is not the injector's",
        "splat", "Call trace", ["trace"], (1, 0, 0), channel="failslab"),
    Run("failslab-unannounced", "a stack dump that names the injector but was never announced",
        "splat", "Call trace", ["trace"], (1, 0, 0), channel="failslab"),
    Run("failure", "one of two tests fails",
        "fail", "1 of 2 tests failed", [], (1, 1, 0), console="pass"),
    Run("forged", "results and end marker on the console, not in the channel",
        "truncated", "without an end marker", [], (0, 0, 0)),
    Run("hang", "the script never ends and QEMU was killed",
        "hang", "time limit", [], (0, 0, 0), qemu_exit=None),
    Run("kasan", "every test passes while KASAN sees a use after free",
        "splat", "KASAN: slab-use-after-free", ["kasan"], (2, 0, 1), channel="pass"),
    Run("leak", "every test passes and kmemleak finds an object that nothing points to",
        "splat", "suspected memory leaks", ["leak"], (2, 0, 1), channel="pass"),
    Run("memory", "control groups that run out of memory, as a test says: one process is killed, "
        "one cannot be", "pass", "", [], (1, 0, 0)),
    Run("memory-late", "a control group that runs out of memory after the test that is about that",
        "splat", "Call trace", ["trace"], (1, 0, 0), channel="memory"),
    Run("memory-of-the-machine", "while a control group is to run out of memory, the machine does",
        "splat", "Call trace", ["trace"], (1, 0, 0), channel="memory"),
    Run("memory-unannounced", "a control group that runs out of memory, and no test says that it "
        "should", "splat", "Call trace", ["trace"], (1, 0, 0), channel="memory"),
    Run("nested", "a suite of subtests, one level deeper too, as KUnit prints them",
        "pass", "", [], (2, 0, 1), console="pass"),
    Run("nested-cut", "subtests whose parent never reported",
        "fail", "", [], (2, 0, 0), console="pass"),
    Run("nested-plan", "a level that breaks its own plan below a parent that claims to pass",
        "fail", "placement", [], (2, 1, 0), console="pass"),
    Run("no-plan", "results without a plan",
        "fail", "no plan", [], (2, 0, 1), console="pass"),
    Run("no-tests", "the script ended well and reported nothing",
        "no-tests", "no test", [], (0, 0, 0), console="pass"),
    Run("oops", "the kernel oopses, and the machine goes on to the end marker",
        "crash", "Unable to handle kernel NULL", ["oops"], (0, 0, 0)),
    Run("panic", "a real panic: QEMU ended by pvpanic with 1",
        "crash", "Kernel panic", ["trace", "panic"], (0, 0, 0), channel="hang", qemu_exit=1),
    Run("plan-mismatch", "three tests planned, two reported",
        "fail", "planned 3 tests, 2 reported", [], (1, 0, 1), console="pass"),
    Run("qemu-refused", "QEMU ended at once with an error of its own",
        "crash", "exit code 1", [], (0, 0, 0), channel="", qemu_exit=1),
    Run("skip-without-reason", "a skip that does not say why counts as a failure",
        "fail", "1 of 3 tests failed", [], (2, 1, 0), console="pass"),
    Run("splat", "every test passes while lockdep finds an inversion",
        "splat", "possible circular locking", ["lockdep"], (2, 0, 1), channel="pass"),
    Run("truncated", "the machine went off before the end marker, all tests so far passed",
        "truncated", "without an end marker", [], (1, 0, 0), console="pass"),
]


# Consoles that begin with parts of another one, from a first to a last line.
PARTS = {"failslab-and-bug": ("failslab", (1, 36)),
         "failslab-other-trace": ("failslab", (1, 25), (28, 37), (106, 106)),
         "failslab-unannounced": ("failslab", (1, 15), (17, 36), (106, 106)),
         "memory-late": ("memory", (1, 6), (33, 33), (35, 59), (61, 61)),
         "memory-unannounced": ("memory", (1, 5), (7, 32), (61, 61))}


def recorded(own, shared, kind):
    """A console or channel: its parts of another one, then the file of its own."""
    name = own if shared is None else shared
    parts = PARTS.get(name, ()) if kind == "log" else ()
    text = ""
    if parts:
        whole = (GOLDEN / f"{parts[0]}.log").read_text().splitlines(True)
        text = "".join(line for first, last in parts[1:] for line in whole[first - 1:last])
    path = GOLDEN / f"{name}.{kind}"
    return text + (path.read_text() if name and (path.is_file() or not parts) else "")


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.name}: {run.why}")
def test_recorded_run(run):
    """The verdict is the recorded one, including the kinds of the splats."""
    result = verdict.judge(recorded(run.name, run.console, "log"),
                           recorded(run.name, run.channel, "ktap"),
                           run.qemu_exit, run.qemu_exit is None)
    counts = tuple(result.report.count(kind) for kind in ("pass", "fail", "skip"))
    assert (result.status, [s.kind for s in result.splats], counts) == \
        (run.status, run.splats, run.counts), result.reason
    assert re.search(run.reason, result.reason)


def test_every_recorded_run_is_judged():
    assert {path.stem for kind in ("log", "ktap") for path in GOLDEN.glob(f"*.{kind}")} <= \
        {run.name for run in RUNS}


def lines(name):
    return [line for line in (GOLDEN / name).read_text().splitlines() if not line.startswith("#")]


def test_each_kind_of_complaint_is_recognised_in_the_words_of_the_kernel():
    entries = [line.split("\t", 1) for line in lines("complaints.txt")]
    for kind, text in entries:
        assert [s.kind for s in splat.scan(text + "\n")] == [kind], text
    assert {kind for kind, _ in entries} == {kind for kind, _ in splat.PATTERNS}


def test_lines_that_only_resemble_complaints_are_let_through():
    for text in lines("harmless.txt"):
        assert not splat.scan(text + "\n"), text
