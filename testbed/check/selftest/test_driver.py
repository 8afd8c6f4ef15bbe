# SPDX-License-Identifier: GPL-2.0
"""Tests of the driver of `make check`, on suites written for the purpose.

The suites are small shell scripts in a directory of their own, with an output
directory of their own; the driver is the real one.
"""

import json
import os
import re
import time
from pathlib import Path

import pytest

from check.selftest import spawn
from machine.paths import ROOT, TESTBED

GOOD = "echo KTAP version 1; echo 1..2; echo ok 1 a; echo 'ok 2 b # SKIP no such device'\n"
# The files that a machine would leave; seen is what the suite remembers of an earlier one.
MACHINE = """
ls "$RECORDS/m" >"$LOG/seen"
mkdir "$LOG/m"
echo some >"$LOG/m/inputs"
echo '{"status": "pass", "seconds": 1, "kernel": "", "command": "", "recalled":' \\
	"${RECALLED:-false}}" >"$LOG/m/result.json"
echo KTAP version 1; echo 1..1; echo "${RESULT:-ok} 1 a"
[ -z "$RESULT" ]
"""
# Name, body of a suite that must fail, what the driver must print about it.
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


def test_the_driver_counts_a_good_suite_and_reports_each_case(bench):
    run = bench.check({"good": ("", GOOD)})
    assert run.returncode == 0
    assert last(run) == "1 passed, 0 failed, 1 skipped"
    assert "no such device" in run.stdout
    report = json.loads((bench.out / "report.json").read_text())
    found = [(c["suite"], c["case"], c["result"]) for c in report["cases"]]
    assert found == [("good", "a", "pass"), ("good", "b", "skip")]
    for key in ("seconds", "kernel", "debian_source", "command"):
        assert key in report["cases"][0], f"report.json has no {key}"


@pytest.mark.parametrize("body, text", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_the_driver_fails_a_suite_with(bench, body, text):
    run = bench.check({"bad": ("", body)})
    assert run.returncode == 1
    assert " 0 failed" not in last(run)
    assert "FAILED bad: " in run.stdout and text in run.stdout
    assert "bad.log" in run.stdout


def test_the_driver_stops_a_suite_and_all_it_started_at_its_time_limit(bench):
    body = 'echo $$ >"$LOG/pid"; sleep 300 & echo $! >"$LOG/child"; wait'
    run = bench.check({"slow": ("# timeout: 2\n", body)})
    assert run.returncode == 1 and "time limit of 2 s" in run.stdout
    for name in ("pid", "child"):
        pid = int((bench.out / "check/slow" / name).read_text())
        assert gone(pid), f"process {pid} ({name}) is still there"


def test_the_driver_goes_on_after_a_suite_that_failed(bench):
    run = bench.check({"a": ("", "exit 7"), "b": ("", GOOD)})
    assert run.returncode == 1
    assert last(run) == "1 passed, 1 failed, 1 skipped"


def test_of_very_many_failures_the_driver_shows_some_and_counts_all(bench):
    body = ('echo KTAP version 1; echo 1..400; '
            'for i in $(seq 400); do echo "# why $i"; echo "not ok $i a$i"; done; exit 1')
    run = bench.check({"many": ("", body)})
    assert last(run) == "0 passed, 400 failed, 0 skipped"
    lines = run.stdout.splitlines()
    assert "   | # why 1" in lines and "FAILED many: a100" in lines
    assert len(lines) < 200
    assert any("300 more" in line for line in lines)
    report = json.loads((bench.out / "report.json").read_text())
    assert len(report["cases"]) == 400


def test_a_long_suite_shows_that_it_goes_on_on_its_own_line(bench):
    run = bench.check({"a": ("", "sleep 3; " + GOOD)}, BEAT="1")
    assert re.search(r"^=> suite a \.\.\. (\d\.\d s \.\.\. )+1 passed, .*, \d\.\d s$",
                     run.stdout, re.M)


def test_a_suite_that_cannot_be_prepared_fails_by_name(bench):
    """A missing source tree represents any build that fails."""
    run = bench.check({"a": ("# needs: source\n", GOOD), "b": ("", GOOD)}, LINUX="/nonexistent")
    assert run.returncode == 1
    assert "FAILED a: " in run.stdout and "testbed/tree/source failed" in run.stdout
    assert last(run) == "1 passed, 1 failed, 1 skipped"


def test_suites_that_do_not_depend_on_the_kernel_are_left_out_with_DEBUG(bench):
    suites = {"host": ("# host: yes\n", GOOD), "guest": ("", GOOD)}
    run = bench.check(suites, DEBUG="1")
    assert run.returncode == 0
    assert "not run with DEBUG=1" in run.stdout
    report = json.loads((bench.out / "report-debug.json").read_text())
    assert [s["suite"] for s in report["suites"]] == ["guest"]
    run = bench.check(suites, "--suite", "host", DEBUG="1")
    assert run.returncode == 2


def test_slow_suites_are_left_out_with_DEBUG_unless_named(bench):
    suites = {"slow": ("# slow: yes\n", GOOD), "quick": ("", GOOD)}
    run = bench.check(suites, DEBUG="1")
    assert "not run with DEBUG=1 unless SUITE= names it" in run.stdout
    assert last(run) == "1 passed, 0 failed, 1 skipped"
    run = bench.check(suites, "--suite", "slow", DEBUG="1")
    assert last(run) == "1 passed, 0 failed, 1 skipped"
    run = bench.check(suites)
    assert last(run) == "2 passed, 0 failed, 2 skipped"


def test_an_unknown_suite_is_refused_with_exit_2_and_the_list(bench):
    run = bench.check({"good": ("", GOOD)}, "--suite", "nosuch")
    assert run.returncode == 2
    assert "nosuch" in run.stderr and "good" in run.stderr


def test_records_of_machines_are_kept_for_a_suite_that_passes_and_dropped_for_one_that_fails(bench):
    bench.write({"a": ("", MACHINE)})
    record, seen = bench.out / "passed/arm64/a/m/inputs", bench.out / "check/a/seen"
    again, spoilt = {"AGAIN": "1"}, {"RESULT": "not ok"}
    for setting, before, after in (({}, False, True), ({}, True, True), (again, False, True),
                                   (spoilt, True, False), ({}, False, True)):
        run = bench.again(**setting)
        text = f"{setting}: {run.stdout}{run.stderr}"
        assert (run.returncode == 0) == (setting != spoilt), text
        assert ("inputs" in seen.read_text()) == before, f"{text}record at start: {not before}"
        assert record.is_file() == after, f"{text}record at the end: {not after}"


def test_machines_that_were_not_started_are_counted(bench):
    run = bench.check({"a": ("", MACHINE)}, RECALLED="true")
    assert "\n1 of 1 machines were not started: " in run.stdout
    report = json.loads((bench.out / "report.json").read_text())
    assert report["suites"][0]["machines"][0]["recalled"]
    assert not (bench.out / "passed").exists(), "a record was made of a record"
    run = bench.check({"a": ("", MACHINE)})
    assert "not started" not in run.stdout


@pytest.mark.parametrize("name, value", [("BASE", "nosuch"), ("DEBUG", "2"), ("AGAIN", "yes")])
def test_an_unknown_value_is_refused_with_exit_2(bench, name, value):
    assert bench.check({"good": ("", GOOD)}, **{name: value}).returncode == 2


def last(run):
    """The last line of the driver's output."""
    return (run.stdout.splitlines() or [""])[-1]


def gone(pid):
    """Whether a process has exited; it may take a moment."""
    for _ in range(50):
        state = Path(f"/proc/{pid}/stat")
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def test_a_long_stage_shows_that_it_goes_on_on_its_own_line():
    script = f". {TESTBED}/lib/common.sh; stage sleeping /dev/null sleep 3; echo done"
    run = spawn("bash", "-c", script, BEAT="1", V="")
    assert run.returncode == 0 and run.stdout == "done\n"
    assert re.fullmatch(r"=> sleeping \.\.\. (\d\.\d s \.\.\. )+\d\.\d s\n", run.stderr)


@pytest.mark.parametrize("total, scale, wanted", [
    ("20", 5, r"\d\.\d s, (\d+) %, about \d+ s left \.\.\. "),
    ("5", 20, r"\d\.\d s, (\d+) %(?:, about \d+ s left)? \.\.\. "),
    ("0", 1, r"\d\.\d s, (\d+) done \.\.\. ")], ids=("half", "too few", "unknown"))
def test_a_stage_whose_steps_are_counted_shows_percent_and_an_estimate_or_the_count(
        log, total, scale, wanted):
    """Ten steps in three seconds, with other lines between them."""
    script = f"""set -euo pipefail; . {TESTBED}/lib/common.sh
        work() {{ for n in $(seq 10); do echo "  CC  $n.o"; echo "warning $n"; sleep 0.3; done; }}
        STEPS_TOTAL=$1 stage counting "$2" work; stage silent "$2" sleep 2"""
    run = spawn("bash", "-c", script, "test", total, log / "stage", BEAT="1", V="")
    assert run.returncode == 0
    counted, silent = run.stderr.splitlines()
    assert re.fullmatch(rf"=> counting \.\.\. ({wanted})+\d\.\d s", counted)
    assert "%" not in silent and "done" not in silent, "counts what has no steps"
    seen = [int(number) for number in re.findall(wanted, counted)]
    assert seen == sorted(seen) and scale <= seen[0] and seen[-1] <= min(10 * scale, 99)


@pytest.mark.parametrize("bad", ["", "5", "100"], ids=("none", "slow", "quick"))
def test_of_jobs_in_parallel_none_is_lost_and_one_that_fails_is_told(log, bad):
    """Some jobs end before they are waited for, others do not."""
    script = f"""set -euo pipefail; . {TESTBED}/lint/lib.sh; WORK=$1; shift
        job() {{ [ "$1" -gt 9 ] || sleep "0.$1"; [ "$1" != "$BAD" ] || exit 3; echo "$1"; }}
        printed=$(set -e; in_parallel job "$@"); echo "$printed" """
    items = ["5", "1", *(str(n) for n in range(10, 200)), "2"]
    run = spawn("bash", "-c", script, "test", log, *items, BAD=bad)
    assert run.returncode == (1 if bad else 0)
    assert bad or run.stdout.split() == items


def test_an_unknown_verb_of_make_is_refused_with_exit_2():
    clean = [word for k in os.environ if k.startswith(("MAKE", "MFLAGS")) for word in ("-u", k)]
    run = spawn("env", *clean, "make", "-C", ROOT, "nosuchverb")
    assert run.returncode == 2
    assert "nosuchverb" in run.stderr and "make help" in run.stderr
