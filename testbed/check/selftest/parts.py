# SPDX-License-Identifier: GPL-2.0
"""Tests of running a part of a suite, by TEST= and MACHINE=."""

import json
import os
import subprocess
from pathlib import Path

from check.passthrough import Machine
from check.selection import Selection
from check.selftest import driver, expect
from check.suites import discover
from machine.paths import TESTBED

# What it has, and what it was asked for, are what a suite with machines would say.
BODY = """
if [ "$1" = --names ]; then
	printf '%s\\n' 'm one' 'm one.group' 'm two' 'n two'
	exit
fi
echo "$TEST $MACHINE" >"$LOG/asked"
""" + driver.MACHINE.strip()
SUITE = {"a": ("# choose: TEST MACHINE\n", BODY), "b": ("", driver.GOOD)}
# What is asked for, and what the refusal must say.
WRONG = [({"TEST": "on"}, "no test on in the suite a; there are: one two"),
         ({"TEST": "one.x"}, "no test one.x in the suite a; there are: one.group"),
         ({"MACHINE": "o"}, "no machine o in the suite a; there are: m n"),
         ({"TEST": "one", "MACHINE": "n"}, "the machine n does not run one; these do: m"),
         ({"TEST": "one two"}, "TEST=one two is no name")]


def cases(log):
    bench = driver.Bench(log / "parts")
    return [("a part of a suite is run alone, and leaves alone what the whole one left",
             lambda: part(bench)),
            ("a wrong name of a test or machine is refused with exit 2 and the names, before "
             "anything is built", lambda: wrong(bench)),
            ("a test or machine is refused for no suite, and for one that is run whole",
             lambda: whole_only(bench)),
            ("each suite that is run in part tells what there is", names),
            ("of the machines those are left that run the test, and run only that", narrowed)]


def part(bench):
    bench.write(SUITE)
    record, out = bench.out / "passed/arm64/a/m/inputs", bench.out
    first = bench.run()
    expect(first.returncode == 0 and record.is_file(), f"{first.stdout}{first.stderr}")
    kept = [(path, path.read_text()) for path in
            (record, out / "report.json", out / "check/a.ktap", out / "check/a/seen")]
    for setting in ({}, {"RESULT": "not ok"}, {"AGAIN": "1"}):
        run = bench.run("--suite", "a", TEST="one.group", MACHINE="m", **setting)
        text = f"{setting}: {run.stdout}{run.stderr}"
        expect((run.returncode == 0) == ("RESULT" not in setting), text)
        for path, content in kept:
            expect(path.is_file() and path.read_text() == content, f"{path} is another: {text}")
        expect((out / "one/a/asked").read_text() == "one.group m\n", text)
        expect((out / "one/a/seen").read_text() == "", f"the part was shown a record: {text}")
    report = json.loads((out / "one/report.json").read_text())
    again = "make check SUITE=a TEST=one.group MACHINE=m"
    expect([report["command"]] + [c["command"] for c in report["cases"]] == [again] * 2,
           f"commands: {report}")


def wrong(bench):
    """A source tree that does not exist would be complained about if it were looked for."""
    header, body = SUITE["a"]
    bench.write({"a": (header + "# needs: source\n", body)})
    for setting, text in WRONG:
        run = bench.run("--suite", "a", LINUX="/nonexistent", **setting)
        expect(run.returncode == 2 and text in run.stderr.splitlines()[-1],
               f"{setting}: exit {run.returncode}: {run.stdout}{run.stderr}")
        expect(not (bench.out / "one").exists(), f"{setting}: something was run")


def whole_only(bench):
    bench.write(SUITE)
    for arguments, text in (((), "name it by SUITE="), (("--suite", "b"), "is run whole")):
        run = bench.run(*arguments, TEST="one")
        expect(run.returncode == 2 and text in run.stderr, f"{arguments}: {run.stderr}")


def names():
    """Of programs with machines; kunit's names are known to the image alone."""
    wanted = {"passthrough": "its-1 msi_move", "nested": "second nested_replace",
              "resets": "gic2 msi_reset", "iommufd": "- iommufd", "kunit": "",
              "platform": "its-1-own -", "smmuv2": "mmu500 -"}
    suites = {s.name: s for s in discover(TESTBED / "suites") if s.choose}
    expect(set(suites) == set(wanted), f"suites that are run in part: {sorted(suites)}")
    for name, suite in suites.items():
        run = subprocess.run([suite.path, "--names"], capture_output=True, text=True,
                             timeout=60, check=False,
                             env={**os.environ, "TEST": "", "MACHINE": "", "DEBUG": ""})
        expect(run.returncode == 0, f"{name}: {run.stderr}")
        expect(wanted[name] in (run.stdout.splitlines() or [""]), f"{name}: {run.stdout}")


def narrowed():
    def machines():
        return [Machine("", Path("m"), ["one", "two"]), Machine("", Path("n"), ["two"])]

    left = Selection("two.group", "").narrow(machines())
    expect([(m.log.name, m.programs, m.group, m.whole) for m in left] ==
           [(name, ["two"], "group", False) for name in ("m", "n")], str(left))
    left = Selection("", "m").narrow(machines())
    expect([(m.log.name, m.programs, m.group, m.whole) for m in left] ==
           [("m", ["one", "two"], "", True)], str(left))
    expect(len(Selection().narrow(machines())) == 2, "not all of all")
