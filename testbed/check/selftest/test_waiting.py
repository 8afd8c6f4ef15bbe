# SPDX-License-Identifier: GPL-2.0
"""Tests of the messages shown before kernels are built, and between the builds."""

import importlib.machinery
import importlib.util
import json
import re

import pytest

from check.selftest import spawn
from machine.paths import TESTBED


def load(name, path):
    """Load a script as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("names, wanted", [
    (["patched", "pristine-bench"], ""),
    (["pristine", "patched", "patched-bench"],
     "2 kernels .*pristine, patched-bench.* minutes")], ids=("nothing", "two kernels"))
def test_make_bench_says_what_it_builds_before_it_does(log, capsys, names, wanted):
    bench = load("bench_script", TESTBED / "bench/bench")
    bench.OUT = log
    for kernel in ("arm64", "bench/out/arm64-pristine"):
        (log / kernel).mkdir(parents=True)
        (log / kernel / ".built-from").touch()
    bench.announce(names)
    said = capsys.readouterr().err
    assert re.match(wanted, said) and bool(wanted) == bool(said)


def test_the_half_of_make_run_with_the_patched_kernel_is_shown_alone(log):
    """The guest reported one interrupt too few: this is shown, and is an error."""
    lines = [{"kernel": "6.12.1", "device": "0000:00:01.0"}, {"scene": "attach first, then map"},
             {"step": "attach", "result": "ok"}, {"interrupts": 3, "received": 2}]
    (log / "result.json").write_text("{}")
    (log / "trace.log").touch()
    (log / "verdict.ktap").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = spawn(TESTBED / "demo/report.py", log)
    assert list(log.glob("*.json")) == [log / "result.json"], "something was saved"
    assert run.returncode == 1 and "2 of 3" in run.stderr
    assert "on 6.12.1 with the series" in run.stdout and re.search("attach +ok\n", run.stdout)
    assert "unpatched" not in run.stdout
