# SPDX-License-Identifier: GPL-2.0
"""Tests of running a part of a suite, by TEST= and MACHINE=."""

import json
from pathlib import Path

import pytest

from check.passthrough import Machine
from check.selection import Selection
from check.selftest import spawn
from check.selftest.test_driver import GOOD, MACHINE
from check.suites import discover
from machine.paths import TESTBED

# Prints its names and its selection as a suite with machines would.
BODY = """
if [ "$1" = --names ]; then
	printf '%s\\n' 'm one' 'm one.group' 'm two' 'n two'
	exit
fi
echo "$TEST $MACHINE" >"$LOG/asked"
""" + MACHINE.strip()
SUITE = {"a": ("# choose: TEST MACHINE\n", BODY), "b": ("", GOOD)}
# The request, and what the error message must contain.
WRONG = [({"TEST": "on"}, "no test on in the suite a; there are: one two"),
         ({"TEST": "one.x"}, "no test one.x in the suite a; there are: one.group"),
         ({"MACHINE": "o"}, "no machine o in the suite a; there are: m n"),
         ({"TEST": "one", "MACHINE": "n"}, "the machine n does not run one; these do: m"),
         ({"TEST": "one two"}, "TEST=one two is no name")]


def test_a_part_of_a_suite_is_run_alone_and_leaves_alone_what_the_whole_one_left(bench):
    bench.write(SUITE)
    record, out = bench.out / "passed/arm64/a/m/inputs", bench.out
    first = bench.again()
    assert first.returncode == 0 and record.is_file()
    kept = [(path, path.read_text()) for path in
            (record, out / "report.json", out / "check/a.ktap", out / "check/a/seen")]
    for setting in ({}, {"RESULT": "not ok"}, {"AGAIN": "1"}):
        run = bench.again("--suite", "a", TEST="one.group", MACHINE="m", **setting)
        text = f"{setting}: {run.stdout}{run.stderr}"
        assert (run.returncode == 0) == ("RESULT" not in setting), text
        for path, content in kept:
            assert path.is_file() and path.read_text() == content, f"{path} is another: {text}"
        assert (out / "one/a/asked").read_text() == "one.group m\n", text
        assert (out / "one/a/seen").read_text() == "", f"the part was shown a record: {text}"
    report = json.loads((out / "one/report.json").read_text())
    again = "make check SUITE=a TEST=one.group MACHINE=m"
    assert [report["command"]] + [c["command"] for c in report["cases"]] == [again] * 2


@pytest.mark.parametrize("setting, text", WRONG, ids=[text for _, text in WRONG])
def test_a_wrong_name_of_a_test_or_machine_is_refused_before_anything_is_built(
        bench, setting, text):
    """The missing source tree would cause an error if anything were built."""
    header, body = SUITE["a"]
    bench.write({"a": (header + "# needs: source\n", body)})
    run = bench.again("--suite", "a", LINUX="/nonexistent", **setting)
    assert run.returncode == 2 and text in run.stderr.splitlines()[-1]
    assert not (bench.out / "one").exists(), "something was run"


def test_a_test_or_machine_is_refused_for_no_suite_and_for_one_that_is_run_whole(bench):
    bench.write(SUITE)
    for arguments, text in (((), "name it by SUITE="), (("--suite", "b"), "is run whole")):
        run = bench.again(*arguments, TEST="one")
        assert run.returncode == 2 and text in run.stderr


def test_each_suite_that_is_run_in_part_tells_what_there_is():
    """Suites with programs and machines; only the image knows the names of kunit."""
    wanted = {"passthrough": "its-1 msi_move", "nested": "second nested_replace",
              "resets": "gic2 msi_reset", "iommufd": "- iommufd", "kunit": "",
              "platform": "its-1-own -", "smmuv2": "mmu500 -"}
    suites = {s.name: s for s in discover(TESTBED / "suites") if s.choose}
    assert set(suites) == set(wanted)
    for name, suite in suites.items():
        run = spawn(suite.path, "--names", TEST="", MACHINE="", DEBUG="")
        assert run.returncode == 0
        assert wanted[name] in (run.stdout.splitlines() or [""])


def test_of_the_machines_those_are_left_that_run_the_test_and_run_only_that():
    def machines():
        return [Machine("", Path("m"), ["one", "two"]), Machine("", Path("n"), ["two"])]

    left = Selection("two.group", "").narrow(machines())
    assert [(m.log.name, m.programs, m.group, m.whole) for m in left] == \
        [(name, ["two"], "group", False) for name in ("m", "n")]
    left = Selection("", "m").narrow(machines())
    assert [(m.log.name, m.programs, m.group, m.whole) for m in left] == \
        [("m", ["one", "two"], "", True)]
    assert len(Selection().narrow(machines())) == 2, "not all of all"
