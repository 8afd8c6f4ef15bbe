# SPDX-License-Identifier: GPL-2.0
"""Tests of the machine runner on machines that really boot.

Each possible failure of a run is provoked in a guest, and must be reported as
exactly that failure. Needs IMAGE, VMLINUX, TREE and LOG.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from check.selftest import spawn
from machine import recall, verdict
from machine.paths import TESTBED

VM = TESTBED / "machine/vm"
HEAD = "echo KTAP version 1; echo 1..1\n"
OK = "echo ok 1 a\n"
HANG_LIMIT = 20
QUICK = "kunit.enable=0"    # the kernel's own tests take longer than the rest of a boot
# Name, script, the status that vm must report, a text that its message must contain.
SCRIPTS = [
    ("a script that exits 1", HEAD + OK + "exit 1", "fail", "exit code is 1"),
    ("a script that reports nothing", "true", "no-tests", "no test"),
    ("a machine that goes off early", HEAD + OK + "poweroff -f; sleep 9", "truncated",
     "without an end marker"),
    ("a complaint on the console", HEAD + OK + "echo 'BUG: made here' >/dev/kmsg", "splat",
     "BUG: made here"),
    ("a complaint that the console does not show",
     HEAD + OK + "echo 512 >/proc/sys/kernel/tainted", "splat", "tainted \\(warned\\)"),
    ("results on the console only", f"({HEAD}{OK}echo '# testbed end: exit 0') >&2", "no-tests",
     "no test"),
]
# Run out of memory on purpose: this panic is possible with any kernel configuration.
PANIC = HEAD + """
echo 1 >/proc/sys/vm/panic_on_oom
mkdir /fill
mount -t tmpfs -o size=100% fill /fill
dd if=/dev/zero of=/fill/file bs=1M
"""
# The driver's feature bits for the two stages, as printed at boot.
STAGE_1, STAGE_2 = 1 << 9, 1 << 10
STAGES = {"1": STAGE_1, "2": STAGE_2, "nested": STAGE_1 | STAGE_2}
GUEST_VIEW = HEAD + """
set -e
[ "$PWD" = /test ] || { echo "# in $PWD"; exit 1; }
[ "$(cat /data/words)" = 'some words' ]
[ "$(/data/tool)" = ran ]
grep -q ' tests.parameter=1' /proc/cmdline
[ "$(nproc)" = 1 ]
[ -d /sys/class/iommu/smmu3.0x0000000009050000 ]
for place in /proc /sys /dev /dev/pts /sys/kernel/debug /tmp; do
	grep -q " $place " /proc/mounts || { echo "# $place is not mounted"; exit 1; }
done
echo 'this is for the console' >&2
""" + OK


class Bench:
    """Boots machines, each with a log directory of its own."""

    def __init__(self, log):
        self.place = log
        self.number = 0

    def prepare(self, script):
        """The first arguments of vm for a script; self.log is its log directory."""
        self.number += 1
        self.log = self.place / str(self.number)
        self.log.mkdir()
        (self.log / "script").write_text(script)
        return [VM, "--log", self.log, "--image", os.environ["IMAGE"],
                "--vmlinux", os.environ["VMLINUX"], "--append", QUICK]

    def vm(self, script, *options, **environment):
        """Run a script in a machine; returns the finished process of vm."""
        line = [*self.prepare(script), *options, self.log / "script"]
        return spawn(*line, timeout=120, **environment)

    def result(self):
        return json.loads((self.log / "result.json").read_text())

    def read(self, name):
        return verdict.read(self.log / name)


@pytest.fixture(name="bench")
def make_bench(log):
    return Bench(log)


@pytest.mark.parametrize("script, status, text", [row[1:] for row in SCRIPTS],
                         ids=[row[0] for row in SCRIPTS])
def test_it_is_found_out(bench, script, status, text):
    run = bench.vm(script)
    assert run.returncode == 1
    assert re.search(f"vm: {status}: .*{text}", run.stderr)
    assert bench.result()["status"] == status


def test_a_guest_has_what_the_contract_promises_and_passes(bench):
    words, tool = bench.place / "words", bench.place / "tool"
    words.write_text("some words\n")
    tool.write_text("#!/bin/sh\necho ran\n")
    tool.chmod(0o755)
    run = bench.vm(GUEST_VIEW, "--smp", "1", "--append", f"{QUICK} tests.parameter=1",
                   "--stage", "2", "--file", f"{words}:/data/words",
                   "--file", f"{tool}:/data/tool", "--trace", "smmuv3_cmdq_opcode")
    assert run.returncode == 0
    result = bench.result()
    assert result["status"] == "pass" and result["exit"] == 0
    assert re.match(r"6\.12\.", result["kernel"])
    assert result["command"] == bench.read("command").strip(), "two different command lines"
    assert "arm-smmuv3.stage=2" in result["command"]
    assert "for the console" in bench.read("console.log"), "stderr is not on the console"
    assert "for the console" not in bench.read("verdict.ktap"), "stderr is in the channel"
    assert "SMMU_CMD_SYNC" in bench.read("trace.log"), "trace.log lacks the commands"


@pytest.mark.parametrize("stage, bits", STAGES.items(), ids=STAGES)
def test_the_kernel_finds_the_stages_in_the_SMMU_that_were_asked_for(bench, stage, bits):
    run = bench.vm("dmesg | grep 'features 0x'", "--data", "--stage", stage)
    assert run.returncode == 0
    found = int(re.search(r"features (0x\w+)", bench.read("verdict.ktap"))[1], 16)
    assert found & (STAGE_1 | STAGE_2) == bits


def test_data_that_is_no_KTAP_is_judged_by_exit_code_and_marker_only(bench):
    run = bench.vm("echo 5 apples", "--data")
    assert run.returncode == 0
    assert "5 apples" in bench.read("verdict.ktap")
    run = bench.vm("echo 5 apples; exit 4", "--data")
    assert run.returncode == 1 and "exit code is 4" in run.stderr


def test_a_run_is_recalled_if_it_had_the_same_inputs_and_passed_and_judged_anew(bench):
    """The log directory is the same each time, as its path is an input, too."""
    line = bench.prepare(HEAD + OK)
    disk, record = bench.log / "disk", bench.place / "record"
    line += ["--recall", record, "--qemu-arg=-blockdev",
             f"--qemu-arg=raw,node-name=disk,file.driver=file,file.filename={disk}",
             bench.log / "script"]

    def recalled(content="first"):
        disk.write_text(content)
        bench.last = spawn(*line, timeout=120)
        return bench.result()["recalled"]

    assert not recalled(), "recalled without a record"
    recall.keep(bench.log, record)
    first = bench.result()
    assert recalled(), "the same run was made again"
    assert bench.last.returncode == 0
    assert bench.result() == {**first, "recalled": True}
    assert "ok 1 a" in bench.read("verdict.ktap") and bench.read("console.log"), "no logs"
    assert not recalled("other"), "recalled with another file on the command line"
    with open(record / "console.log", "a", encoding="utf-8") as console:
        console.write("[    1.0] BUG: made here\n")
    assert recalled() and bench.result()["status"] == "splat", "the record is not judged"
    (record / "result.json").write_text(json.dumps({**first, "status": "fail"}))
    assert not recalled(), "recalled although it had failed"
    recall.keep(bench.log, record)
    (bench.log / "script").write_text(HEAD + OK + "true")
    assert not recalled(), "recalled with another script"


def test_a_hang_is_ended_at_the_time_limit(bench):
    start = time.monotonic()
    run = bench.vm(HEAD + "sleep 1000", "--timeout", str(HANG_LIMIT))
    assert time.monotonic() - start < HANG_LIMIT + 20, "it took far longer than the limit"
    assert run.returncode == 1 and "vm: hang: " in run.stderr
    assert f"{HANG_LIMIT} s" in run.stderr
    assert bench.result()["status"] == "hang"
    assert "testbed begin" in bench.read("verdict.ktap"), "it did not even boot"


def test_a_panic_is_told_from_a_hang_its_symbols_decoded_to_the_right_lines(bench):
    run = bench.vm(PANIC, "--memory", "160M")
    assert run.returncode == 1 and "vm: crash: the kernel crashed: Kernel panic" in run.stderr
    assert bench.result()["status"] == "crash"
    place = re.search(r" out_of_memory\+\S+ \(.*\bmm/oom_kill\.c:(\d+)\)", run.stderr)
    assert place, f"no decoded frame of out_of_memory: {run.stderr}"
    first, last = extent("mm/oom_kill.c", "bool out_of_memory(")
    assert first < int(place[1]) <= last


def test_the_refusal_of_QEMU_is_passed_on(bench):
    run = bench.vm(HEAD + OK, "--device", "nosuch")
    assert run.returncode == 1 and "'nosuch' is not a valid device" in run.stderr


def test_a_machine_ends_with_the_runner_that_is_told_to_stop(bench):
    line = [*bench.prepare(HEAD + "sleep 1000"), bench.log / "script"]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as runner:
        machine = child_of(runner.pid)
        runner.terminate()
        runner.wait(30)
    assert machine, "vm started no machine"
    assert not Path(f"/proc/{machine}").exists(), "QEMU outlived vm"


def test_a_missing_QEMU_is_named_with_what_to_do(bench):
    """PATH has nothing but the interpreter."""
    run = bench.vm(HEAD + OK, PATH=str(fake_path(bench.place, None)))
    assert run.returncode == 1
    assert "qemu-system-aarch64 is not installed: run testbed/host/packages" in run.stderr


def test_a_QEMU_without_stage_2_is_named_with_what_to_do(bench):
    """A fake QEMU reports the version of bookworm."""
    run = bench.vm(HEAD + OK, PATH=f"{fake_path(bench.place, '7.2.15')}:{os.environ['PATH']}")
    assert run.returncode == 1
    assert "7.2 is too old" in run.stderr and "testbed/host/packages" in run.stderr


def fake_path(place, version):
    """A directory for PATH: python3, and a QEMU that only prints its version."""
    place = place / "path"
    place.mkdir()
    (place / "python3").symlink_to(sys.executable)
    if version:
        binary = place / "qemu-system-aarch64"
        binary.write_text(f"#!/bin/sh\necho 'QEMU emulator version {version}'\n")
        binary.chmod(0o755)
    return place


def extent(source, start):
    """The first and last line of a function in the kernel tree."""
    lines = (Path(os.environ["TREE"]) / source).read_text().splitlines()
    first = next(n for n, line in enumerate(lines, 1) if line.startswith(start))
    return first, next(n for n in range(first, len(lines) + 1) if lines[n - 1] == "}")


def child_of(pid):
    """The QEMU that a vm process started, once it exists."""
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            name = Path(f"/proc/{child}/comm")
            if name.exists() and name.read_text().startswith("qemu-system"):
                return int(child)
        time.sleep(0.1)
    return None
