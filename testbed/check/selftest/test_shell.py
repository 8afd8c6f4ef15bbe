# SPDX-License-Identifier: GPL-2.0
"""Tests of what the scripts share (testbed/lib)."""

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
    run = spawn("dash", "-c", f". {TESTBED}/lib/ktap.sh; ktap_plan 1; ktap_bail_out no disk; echo x")
    assert run.returncode == 1 and ktap.parse(run.stdout).errors[0] == "Bail out! no disk"
