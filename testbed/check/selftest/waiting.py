# SPDX-License-Identifier: GPL-2.0
"""Tests of what is said to those who wait for kernels: before they are built, and between."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import re
import subprocess
import tempfile
from pathlib import Path

from check.selftest import expect
from machine.paths import TESTBED


def cases():
    return [("make bench says what it builds before it does", announced),
            ("the patched kernel's half of make run is shown alone", half)]


def load(name, path):
    """A script as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def announced():
    bench = load("bench_script", TESTBED / "bench/bench")
    with tempfile.TemporaryDirectory() as out:
        bench.OUT = Path(out)
        for kernel in ("arm64", "bench/out/arm64-pristine"):
            (bench.OUT / kernel).mkdir(parents=True)
            (bench.OUT / kernel / ".built-from").touch()
        for names, wanted in ((["patched", "pristine-bench"], ""),
                              (["pristine", "patched", "patched-bench"],
                               "2 kernels .*pristine, patched-bench.* minutes")):
            said = io.StringIO()
            with contextlib.redirect_stderr(said):
                bench.announce(names)
            expect(re.match(wanted, said.getvalue()) and bool(wanted) == bool(said.getvalue()),
                   f"{names}: {said.getvalue()}")


def half():
    """A guest that told of one interrupt too few: shown, and an error."""
    lines = [{"kernel": "6.12.1", "device": "0000:00:01.0"}, {"scene": "attach first, then map"},
             {"step": "attach", "result": "ok"}, {"interrupts": 3, "received": 2}]
    with tempfile.TemporaryDirectory() as log:
        (Path(log) / "result.json").write_text("{}")
        (Path(log) / "trace.log").touch()
        (Path(log) / "verdict.ktap").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        run = subprocess.run([TESTBED / "demo/report.py", log], capture_output=True, text=True,
                             timeout=60, check=False)
        expect(list(Path(log).glob("*.json")) == [Path(log) / "result.json"], "something was saved")
    expect(run.returncode == 1 and "2 of 3" in run.stderr, f"{run.returncode}: {run.stderr}")
    expect("on 6.12.1 with the series" in run.stdout and re.search("attach +ok\n", run.stdout),
           run.stdout)
    expect("unpatched" not in run.stdout, run.stdout)
