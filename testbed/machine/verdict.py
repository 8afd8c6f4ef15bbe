# SPDX-License-Identifier: GPL-2.0
"""Judges one run by its channel, its console and QEMU's exit.

A run passes by the channel's end marker and its KTAP, never by text on the console;
any splat fails it. The golden logs of the harness suite are judged by this same
function.
"""

import re
from dataclasses import dataclass, field

from check import ktap
from machine import splat

BEGIN = re.compile(r"^# testbed begin: kernel (\S+)$", re.MULTILINE)
END = re.compile(r"^# testbed end: exit (\d+)$", re.MULTILINE)
STATE = re.compile(r"^# testbed state: tainted (\d+) debug_locks (\d)$", re.MULTILINE)
# The kernel's record of a complaint, even if the console never showed it
# (Documentation/admin-guide/tainted-kernels.rst).
TAINTS = {5: "bad page", 7: "died", 9: "warned", 14: "soft lockup"}


@dataclass
class Verdict:
    """The outcome of a run; reason is one line, empty for a pass."""
    status: str
    reason: str = ""
    exit: int | None = None
    kernel: str = ""
    splats: list = field(default_factory=list)
    report: ktap.Report = field(default_factory=ktap.Report)


def read(path):
    """A log's text; empty if it is missing, as when the machine could not be started."""
    return path.read_bytes().decode(errors="replace") if path.exists() else ""


def judge(console, channel, qemu_exit, timed_out, data=False):
    """The Verdict of a run.

    console, channel: the whole texts. qemu_exit: QEMU's exit code. timed_out: QEMU was
    killed at the time limit. data: the channel carries no KTAP, only the exit code counts.
    """
    channel = channel.replace("\r", "")
    begin, end = BEGIN.search(channel), END.findall(channel)
    verdict = Verdict("pass", kernel=begin[1] if begin else "",
                      exit=int(end[-1]) if end else None, splats=splat.scan(console))
    if not verdict.splats:
        verdict.splats = remembered(channel)
    if not data:
        verdict.report = ktap.parse(channel)
    for status, reason in complaints(verdict, qemu_exit, timed_out, data):
        verdict.status, verdict.reason = status, reason
        break
    return verdict


def remembered(channel):
    """Splats known only from the kernel's own state at the end."""
    state = STATE.search(channel)
    if not state:
        return []
    texts = [f"the kernel is tainted ({name}), the console does not say why"
             for bit, name in TAINTS.items() if int(state[1]) >> bit & 1]
    if state[2] == "0":
        texts.append("lockdep turned itself off, the console does not say why")
    return [splat.Splat("state", 0, text, [text]) for text in texts]


def complaints(verdict, qemu_exit, timed_out, data):
    """Yield (status, reason) for all that is wrong, the worst first. The statuses:
    crash, hang, truncated, splat, no-tests, fail."""
    fatal = next((s for s in verdict.splats if s.kind in ("panic", "oops")), None)
    if fatal:
        yield "crash", f"the kernel crashed: {fatal.text}"
    elif qemu_exit and not timed_out:
        yield "crash", f"QEMU ended with exit code {qemu_exit}"
    if timed_out:
        yield "hang", "no end marker within the time limit"
    if verdict.exit is None:
        yield "truncated", "the machine went off without an end marker"
    if verdict.splats:
        more = len(verdict.splats) - 1
        yield "splat", verdict.splats[0].text + (f" (and {more} more)" if more else "")
    yield from test_complaints(verdict, data)


def test_complaints(verdict, data):
    """The part of complaints() that is about the tests and the script's exit code."""
    report = verdict.report
    if not data and report.errors == ["no tests"]:
        code = f", exit code {verdict.exit}" if verdict.exit else ""
        yield "no-tests", f"the script reported no test{code} (one that prints data wants --data)"
    if report.count("fail"):
        names = [case.name for case in report.cases if case.result == "fail"]
        yield "fail", f"{len(names)} of {len(report.cases)} tests failed, first: {names[0]}"
    if report.errors:
        yield "fail", f"the script's KTAP is wrong: {report.errors[0]}"
    if verdict.exit:
        yield "fail", f"the script's exit code is {verdict.exit}"
