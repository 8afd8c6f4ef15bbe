# SPDX-License-Identifier: GPL-2.0
"""Tests of the driver of `make check`, on suites made for the purpose.

The suites are small shell scripts in a directory of their own, with an output
directory of their own; the driver that runs them is the real one.
"""

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from check.selftest import expect
from machine.paths import ROOT, TESTBED

CHECK = TESTBED / "check/check"
GOOD = "echo KTAP version 1; echo 1..2; echo ok 1 a; echo 'ok 2 b # SKIP no such device'\n"
# What a machine would leave; seen is what the suite knows of an earlier one.
MACHINE = """
ls "$RECORDS/m" >"$LOG/seen"
mkdir "$LOG/m"
echo some >"$LOG/m/inputs"
echo '{"status": "pass", "seconds": 1, "kernel": "", "command": "", "recalled":' \\
	"${RECALLED:-false}}" >"$LOG/m/result.json"
echo KTAP version 1; echo 1..1; echo "${RESULT:-ok} 1 a"
[ -z "$RESULT" ]
"""
# Name, body of a suite that must fail, what the driver must say about it.
BAD = [
    ("a failing case", "echo KTAP version 1; echo 1..1; echo '# found 3'; echo not ok 1 a; exit 1",
     "found 3"),
    ("no output at all", "true", "no tests"),
    ("a plan of no tests", "echo KTAP version 1; echo 1..0", "planned no tests"),
    ("fewer results than planned", "echo KTAP version 1; echo 1..2; echo ok 1 a",
     "planned 2 tests, 1 reported"),
    ("a wrong number", "echo KTAP version 1; echo 1..2; echo ok 1 a; echo ok 3 b",
     "result 2 is numbered 3"),
    ("an exit code of its own", "echo KTAP version 1; echo 1..1; echo ok 1 a; exit 3",
     "exit code 3"),
    ("exit 1 although all passed", "echo KTAP version 1; echo 1..1; echo ok 1 a; exit 1",
     "although no case failed"),
    ("exit 0 although one failed", "echo KTAP version 1; echo 1..1; echo not ok 1 a",
     "although a case failed"),
    ("giving up", "echo KTAP version 1; echo 1..1; echo ok 1 a; echo 'Bail out! no disk'",
     "no disk"),
]


def cases(log):
    bench = Bench(log / "driver")
    return [("the driver counts a good suite and reports each case", bench.good),
            *[(f"the driver fails a suite with {name}",
               lambda body=body, text=text: bench.bad(body, text)) for name, body, text in BAD],
            ("the driver stops a suite, and all it started, at its time limit", bench.limit),
            ("the driver goes on after a suite that failed", bench.two),
            ("of very many failures the driver shows some and counts all", bench.many),
            ("a long suite shows that it goes on, on its own line", bench.beat),
            ("a long stage shows that it goes on, on its own line", stage_beat),
            ("a stage whose steps are counted shows percent and an estimate, or the count",
             stage_steps),
            ("of jobs in parallel none is lost, and one that fails is told", in_parallel),
            ("a suite that cannot be prepared fails by name", bench.unprepared),
            ("suites that do not depend on the kernel are left out with DEBUG=1", bench.host_only),
            ("slow suites are left out with DEBUG=1 unless named", bench.slow),
            ("records of machines are kept for a suite that passes, and dropped for one that fails",
             bench.records),
            ("machines that were not started are counted", bench.recalled),
            ("an unknown suite is refused with exit 2 and the list", bench.unknown_suite),
            ("an unknown value of BASE, DEBUG or AGAIN is refused with exit 2",
             bench.unknown_value),
            ("an unknown verb of make is refused with exit 2", unknown_verb)]


class Bench:
    """A directory of suites and an output directory, made anew for each test."""

    def __init__(self, directory):
        self.directory = directory
        self.number = 0

    def check(self, suites, *arguments, **environment):
        """Run the driver on {name: (header lines, body)}; self.out is its out/."""
        self.write(suites)
        return self.run(*arguments, **environment)

    def write(self, suites):
        """Make the suites, and an out/ without any earlier run."""
        self.number += 1
        place = self.directory / str(self.number)
        self.out, self.suites = place / "out", place / "suites"
        self.suites.mkdir(parents=True)
        for name, (header, body) in suites.items():
            path = self.suites / name
            path.write_text(f"#!/bin/sh\n# summary: made by the harness\n{header}{body}\n")
            path.chmod(0o755)

    def run(self, *arguments, **environment):
        """Run the driver on the suites that were written last."""
        clean = {k: v for k, v in os.environ.items()
                 if k not in ("BASE", "DEBUG", "V", "LOG", "AGAIN", "TEST", "MACHINE")}
        return subprocess.run([CHECK, "--suites-dir", self.suites, *arguments],
                              env={**clean, "OUT": str(self.out), **environment}, timeout=120,
                              capture_output=True, text=True, check=False)

    def good(self):
        run = self.check({"good": ("", GOOD)})
        expect(run.returncode == 0, f"exit {run.returncode}: {run.stdout}{run.stderr}")
        expect(last(run) == "1 passed, 0 failed, 1 skipped", run.stdout)
        expect("no such device" in run.stdout, f"the reason of the skip is not shown: {run.stdout}")
        report = json.loads((self.out / "report.json").read_text())
        found = [(c["suite"], c["case"], c["result"]) for c in report["cases"]]
        expect(found == [("good", "a", "pass"), ("good", "b", "skip")], str(found))
        for key in ("seconds", "kernel", "debian_source", "command"):
            expect(key in report["cases"][0], f"report.json has no {key}")

    def bad(self, body, text):
        run = self.check({"bad": ("", body)})
        expect(run.returncode == 1, f"exit {run.returncode}: {run.stdout}{run.stderr}")
        expect(" 0 failed" not in last(run), run.stdout)
        expect("FAILED bad: " in run.stdout and text in run.stdout, f"no '{text}': {run.stdout}")
        expect("bad.log" in run.stdout, f"the log's path is not shown: {run.stdout}")

    def limit(self):
        body = 'echo $$ >"$LOG/pid"; sleep 300 & echo $! >"$LOG/child"; wait'
        run = self.check({"slow": ("# timeout: 2\n", body)})
        expect(run.returncode == 1 and "time limit of 2 s" in run.stdout, run.stdout)
        for name in ("pid", "child"):
            pid = int((self.out / "check/slow" / name).read_text())
            expect(gone(pid), f"process {pid} ({name}) is still there")

    def two(self):
        run = self.check({"a": ("", "exit 7"), "b": ("", GOOD)})
        expect(run.returncode == 1, f"exit {run.returncode}")
        expect(last(run) == "1 passed, 1 failed, 1 skipped", run.stdout)

    def many(self):
        body = ('echo KTAP version 1; echo 1..400; '
                'for i in $(seq 400); do echo "# why $i"; echo "not ok $i a$i"; done; exit 1')
        run = self.check({"many": ("", body)})
        expect(last(run) == "0 passed, 400 failed, 0 skipped", last(run))
        lines = run.stdout.splitlines()
        expect("   | # why 1" in lines and "FAILED many: a100" in lines, run.stdout[:500])
        expect(len(lines) < 200, f"{len(lines)} lines")
        expect(any("300 more" in line for line in lines), run.stdout[-500:])
        report = json.loads((self.out / "report.json").read_text())
        expect(len(report["cases"]) == 400, f"{len(report['cases'])} cases in report.json")

    def beat(self):
        run = self.check({"a": ("", "sleep 3; " + GOOD)}, BEAT="1")
        expect(re.search(r"^=> suite a \.\.\. (\d\.\d s \.\.\. )+1 passed, .*, \d\.\d s$",
                         run.stdout, re.MULTILINE),
               f"exit {run.returncode}: {run.stdout}{run.stderr}")

    def unprepared(self):
        """A source tree that does not exist stands for any build that fails."""
        run = self.check({"a": ("# needs: source\n", GOOD), "b": ("", GOOD)},
                         LINUX="/nonexistent")
        expect(run.returncode == 1, f"exit {run.returncode}")
        expect("FAILED a: " in run.stdout and "testbed/tree/source failed" in run.stdout,
               f"{run.stdout}{run.stderr}")
        expect(last(run) == "1 passed, 1 failed, 1 skipped", run.stdout)

    def host_only(self):
        suites = {"host": ("# host: yes\n", GOOD), "guest": ("", GOOD)}
        run = self.check(suites, DEBUG="1")
        expect(run.returncode == 0, f"{run.stdout}{run.stderr}")
        expect("not run with DEBUG=1" in run.stdout, run.stdout)
        report = json.loads((self.out / "report-debug.json").read_text())
        expect([s["suite"] for s in report["suites"]] == ["guest"], str(report["suites"]))
        run = self.check(suites, "--suite", "host", DEBUG="1")
        expect(run.returncode == 2, f"asked for by name: exit {run.returncode}, not 2")

    def slow(self):
        suites = {"slow": ("# slow: yes\n", GOOD), "quick": ("", GOOD)}
        run = self.check(suites, DEBUG="1")
        expect("not run with DEBUG=1 unless SUITE= names it" in run.stdout, run.stdout)
        expect(last(run) == "1 passed, 0 failed, 1 skipped", run.stdout)
        run = self.check(suites, "--suite", "slow", DEBUG="1")
        expect(last(run) == "1 passed, 0 failed, 1 skipped", f"by name: {run.stdout}")
        run = self.check(suites)
        expect(last(run) == "2 passed, 0 failed, 2 skipped", f"plain: {run.stdout}")

    def unknown_suite(self):
        run = self.check({"good": ("", GOOD)}, "--suite", "nosuch")
        expect(run.returncode == 2, f"exit {run.returncode}, not 2")
        expect("nosuch" in run.stderr and "good" in run.stderr, run.stderr)

    def records(self):
        self.write({"a": ("", MACHINE)})
        record, seen = self.out / "passed/arm64/a/m/inputs", self.out / "check/a/seen"
        again, spoilt = {"AGAIN": "1"}, {"RESULT": "not ok"}
        for setting, before, after in (({}, False, True), ({}, True, True), (again, False, True),
                                       (spoilt, True, False), ({}, False, True)):
            run = self.run(**setting)
            text = f"{setting}: {run.stdout}{run.stderr}"
            expect((run.returncode == 0) == (setting != spoilt), text)
            expect(("inputs" in seen.read_text()) == before, f"{text}record at start: {not before}")
            expect(record.is_file() == after, f"{text}record at the end: {not after}")

    def recalled(self):
        run = self.check({"a": ("", MACHINE)}, RECALLED="true")
        expect("\n1 of 1 machines were not started: " in run.stdout, run.stdout)
        report = json.loads((self.out / "report.json").read_text())
        expect(report["suites"][0]["machines"][0]["recalled"], str(report["suites"]))
        expect(not (self.out / "passed").exists(), "a record was made of a record")
        run = self.check({"a": ("", MACHINE)})
        expect("not started" not in run.stdout, run.stdout)

    def unknown_value(self):
        for setting in ({"BASE": "nosuch"}, {"DEBUG": "2"}, {"AGAIN": "yes"}):
            run = self.check({"good": ("", GOOD)}, **setting)
            expect(run.returncode == 2, f"{setting}: exit {run.returncode}, not 2")


def last(run):
    """The last line of the driver's output."""
    return (run.stdout.splitlines() or [""])[-1]


def gone(pid):
    """Whether a process has ended; it may take a moment."""
    for _ in range(50):
        state = Path(f"/proc/{pid}/stat")
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def stage_beat():
    script = f". {TESTBED}/lib/common.sh; stage sleeping /dev/null sleep 3; echo done"
    run = subprocess.run(["bash", "-c", script], env={**os.environ, "BEAT": "1", "V": ""},
                         timeout=60, capture_output=True, text=True, check=False)
    expect(run.returncode == 0 and run.stdout == "done\n", f"{run.stdout}{run.stderr}")
    expect(re.fullmatch(r"=> sleeping \.\.\. (\d\.\d s \.\.\. )+\d\.\d s\n", run.stderr),
           run.stderr)


def stage_steps():
    """Ten steps in three seconds, with lines between them that are none."""
    script = f"""set -euo pipefail; . {TESTBED}/lib/common.sh
        work() {{ for n in $(seq 10); do echo "  CC      $n.o"; echo "warning $n"; sleep 0.3; done; }}
        STEPS_TOTAL=$1 stage counting "$2" work; stage silent "$2" sleep 2"""
    for total, wanted in (("20", r"\d\.\d s, (\d+) %, about \d+ s left \.\.\. "),
                          ("5", r"\d\.\d s, (\d+) %(?:, about \d+ s left)? \.\.\. "),
                          ("0", r"\d\.\d s, (\d+) done \.\.\. ")):
        with tempfile.NamedTemporaryFile() as log:
            run = subprocess.run(["bash", "-c", script, "test", total, log.name],
                                 env={**os.environ, "BEAT": "1", "V": ""}, timeout=60,
                                 capture_output=True, text=True, check=False)
        counted, silent = run.stderr.splitlines()
        expect(run.returncode == 0 and
               re.fullmatch(rf"=> counting \.\.\. ({wanted})+\d\.\d s", counted), run.stderr)
        expect("%" not in silent and "done" not in silent, f"counts what has no steps: {silent}")
        seen = [int(number) for number in re.findall(wanted, counted)]
        scale = {"20": 5, "5": 20, "0": 1}[total]
        expect(seen == sorted(seen) and scale <= seen[0] and seen[-1] <= min(10 * scale, 99),
               f"{total}: {seen}")


def in_parallel():
    """Jobs that are over before anybody waits for them, and ones that are not."""
    script = f"""set -euo pipefail; . {TESTBED}/lint/lib.sh; WORK=$1; shift
        job() {{ [ "$1" -gt 9 ] || sleep "0.$1"; [ "$1" != "$BAD" ] || exit 3; echo "$1"; }}
        printed=$(set -e; in_parallel job "$@"); echo "$printed" """
    items = ["5", "1", *(str(n) for n in range(10, 200)), "2"]
    with tempfile.TemporaryDirectory() as work:
        for bad in ["", "5", "100"]:
            run = subprocess.run(["bash", "-c", script, "test", work, *items],
                                 env={**os.environ, "BAD": bad}, timeout=60,
                                 capture_output=True, text=True, check=False)
            expect(run.returncode == (1 if bad else 0), f"exit {run.returncode}: {run.stderr}")
            expect(bad or run.stdout.split() == items, run.stdout)


def unknown_verb():
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    run = subprocess.run(["make", "-C", ROOT, "nosuchverb"], env=clean, timeout=60,
                         capture_output=True, text=True, check=False)
    expect(run.returncode == 2, f"exit {run.returncode}, not 2: {run.stderr}")
    expect("nosuchverb" in run.stderr and "make help" in run.stderr, run.stderr)
