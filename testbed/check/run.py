# SPDX-License-Identifier: GPL-2.0
"""Runs one suite under a time limit and turns its output into cases.

The suite gets a process group of its own, so that everything it started ends
with it. Anything that prevents a plain result becomes one failed case.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from check import ktap

GRACE = 10      # seconds a suite has to exit after SIGTERM
ENDS = "the suite runs to its end and says a result"


@dataclass
class Outcome:
    """A suite's run: its cases and the other data for the report."""
    name: str
    cases: list
    seconds: float = 0.0
    log: Path = None
    machines: list = field(default_factory=list)
    kernel: str = ""

    def count(self, result):
        return sum(case.result == result for case in self.cases)


def failed(suite, text, log=None):
    """The Outcome of a suite that could not be run."""
    return Outcome(suite.name, [ktap.Case(ENDS, "fail", text)], log=log)


def run(suite, environment, log, timeout, verbose, tick):
    """Run a suite; log is an empty directory for it, tick(seconds) is called while it runs."""
    start = time.monotonic()
    with subprocess.Popen([suite.path], env={**environment, "LOG": str(log)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        readers = [Reader(process.stdout, log.with_suffix(".ktap"), verbose, start),
                   Reader(process.stderr, log.with_suffix(".log"), verbose, start)]
        try:
            code = wait(process, start, timeout, tick)
        except BaseException:
            end(process)
            raise
        text, times = readers[0].result()
        readers[1].result()
    cases = judge(text, times, code, timeout)
    outcome = Outcome(suite.name, cases, round(time.monotonic() - start, 1), log)
    outcome.machines = machines(log)
    outcome.kernel = next((m["kernel"] for m in outcome.machines if m["kernel"]), "")
    return outcome


class Reader(threading.Thread):
    """Copies a pipe to a file, line by line, and records each line's arrival time."""

    def __init__(self, pipe, path, verbose, start):
        super().__init__(daemon=True)
        self.pipe, self.path, self.verbose, self.begin = pipe, path, verbose, start
        self.lines, self.times = [], []
        self.start()

    def run(self):
        with open(self.path, "w", encoding="utf-8") as copy:
            for raw in self.pipe:
                line = raw.decode(errors="replace").rstrip("\r\n")
                self.lines.append(line)
                self.times.append(time.monotonic() - self.begin)
                print(line, file=copy, flush=True)
                if self.verbose:
                    print(line, file=sys.stderr)

    def result(self):
        """All lines, without waiting for a background process that keeps the pipe open."""
        self.join(GRACE)
        return list(self.lines), list(self.times)


def wait(process, start, timeout, tick):
    """The exit code, or None on a timeout, after which all of the suite is terminated."""
    while True:
        try:
            return process.wait(1)
        except subprocess.TimeoutExpired:
            tick(time.monotonic() - start)
            if time.monotonic() - start > timeout:
                end(process)
                return None


def end(process):
    """Terminate the suite's process group, then kill it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def judge(lines, times, code, timeout):
    """The cases of a run: those in the KTAP, and one more for anything wrong with it."""
    report = ktap.parse_lines(lines, times)
    problems = list(report.errors)
    if code is None:
        problems.insert(0, f"stopped at its time limit of {timeout:g} s")
    elif code not in (0, 1):
        problems.insert(0, f"exit code {code}")
    elif code == 1 and report.good():
        problems.append("exit code 1 although no case failed")
    elif code == 0 and report.count("fail"):
        problems.append("exit code 0 although a case failed")
    if problems:
        return report.cases + [ktap.Case(ENDS, "fail", "; ".join(problems))]
    return report.cases


def machines(log):
    """The result.json of each machine that the suite started."""
    found = []
    for path in sorted(log.rglob("result.json")):
        try:
            result = json.loads(path.read_text())
            found.append({"log": str(path.parent.relative_to(log)), **{
                key: result[key]
                for key in ("status", "seconds", "kernel", "command", "recalled")}})
        except (ValueError, KeyError, TypeError):
            continue    # another file with that name
    return found
