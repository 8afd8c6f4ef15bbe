# SPDX-License-Identifier: GPL-2.0
"""Tests of the scripts' shared code (testbed/lib)."""

import pytest

from check import ktap
from check.selftest import spawn
from machine.paths import TESTBED

REPORT = f""". {TESTBED}/lib/ktap.sh
says() {{ echo KTAP version 1; echo 1..1; echo "ok 1 a * b"; return "$1"; }}
ktap_plan 5
ktap_result 0 'plain  words'
ktap_result 0 'left out # SKIP no device'
ktap_test 'a command' false
ktap_subtests good says 0
ktap_subtests bad says 3
ktap_end"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_what_a_script_reports_is_read_as_it_was_meant(shell):
    run = spawn(shell, "-c", REPORT)
    report = ktap.parse(run.stdout)
    assert run.returncode == 1 and not report.errors
    assert [(c.name, c.result, c.note) for c in report.cases] == [
        ("plain  words", "pass", ""), ("left out", "skip", "no device"), ("a command", "fail", ""),
        ("good/a * b", "pass", ""), ("bad/a * b", "pass", ""),
        ("bad", "fail", "failed although each of its subtests passed")]


def test_a_script_that_gives_up_says_so():
    script = f". {TESTBED}/lib/ktap.sh; ktap_plan 1; ktap_bail_out no disk; echo x"
    run = spawn("dash", "-c", script)
    assert run.returncode == 1 and ktap.parse(run.stdout).errors[0] == "Bail out! no disk"


MEMORY = f"""set -euo pipefail; OUT=$1 MEMORY=test; . {TESTBED}/lib/memory.sh
work() {{ echo done; echo again >&2; [ "$1" = good ]; echo more; }}
remember "$2 $3" work "$3"; echo "last line" """


def test_what_a_command_printed_is_remembered_by_its_key_unless_it_failed(log):
    whole, work = "done\nmore\nlast line\n", "again\n"
    for key, verb, out, err in [("a", "good", whole, work), ("a", "good", whole, ""),
                                ("b", "good", whole, work),
                                ("a", "bad", "done\n", work), ("a", "bad", "done\n", work)]:
        run = spawn("bash", "-c", MEMORY, "test", log, key, verb)
        assert (run.stdout, run.stderr, run.returncode) == (out, err, int(verb == "bad"))
