# SPDX-License-Identifier: GPL-2.0
"""Tests of the machine runner on machines that really boot.

Each way in which a run can go wrong is brought about in a guest, and must come
out as that and nothing else. Needs IMAGE, VMLINUX, TREE and LOG.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from check.selftest import expect
from machine import recall
from machine.paths import TESTBED

VM = TESTBED / "machine/vm"
HEAD = "echo KTAP version 1; echo 1..1\n"
OK = "echo ok 1 a\n"
HANG_LIMIT = 20
QUICK = "kunit.enable=0"    # the kernel's own tests take longer than the rest of a boot
# Name, script, the status that vm must find, a text that its message must hold.
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
# Memory runs out on purpose: a panic that any kernel configuration can be brought to.
PANIC = HEAD + """
echo 1 >/proc/sys/vm/panic_on_oom
mkdir /fill
mount -t tmpfs -o size=100% fill /fill
dd if=/dev/zero of=/fill/file bs=1M
"""
# The driver's feature bits for the two stages, as it prints them at boot.
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


def cases(log):
    bench = Bench(log)
    return [("a guest has what the contract promises, and passes", bench.guest_view),
            *[(f"{name} is found out",
               lambda s=script, w=status, t=text: bench.script(s, w, t))
              for name, script, status, text in SCRIPTS],
            ("the kernel finds the stages in the SMMU that were asked for", bench.stages),
            ("data that is no KTAP is judged by exit code and marker only", bench.data),
            ("a run is recalled if it had the same inputs and passed, and judged anew",
             bench.recall),
            ("a hang is ended at the time limit", bench.hang),
            ("a panic is told from a hang, its symbols decoded to the right lines", bench.panic),
            ("QEMU's own refusal is passed on", bench.refused),
            ("a machine ends with the runner that is told to stop", bench.stopped),
            ("a missing QEMU is named with what to do", bench.no_qemu),
            ("a QEMU without stage 2 is named with what to do", bench.old_qemu)]


class Bench:
    """Starts machines, each with a log directory of its own."""

    def __init__(self, log):
        self.place = log / "live"
        self.number = 0

    def prepare(self, script):
        """The start of a vm command line for a script; self.log is its log directory."""
        self.number += 1
        self.log = self.place / str(self.number)
        self.log.mkdir(parents=True)
        (self.log / "script").write_text(script)
        return [VM, "--log", self.log, "--image", os.environ["IMAGE"],
                "--vmlinux", os.environ["VMLINUX"], "--append", QUICK]

    def vm(self, script, *options, **environment):
        """Run a script in a machine; returns the finished process of vm."""
        line = [*self.prepare(script), *options, self.log / "script"]
        return subprocess.run(line, env={**os.environ, **environment}, timeout=120,
                              capture_output=True, text=True, check=False)

    def result(self):
        return json.loads((self.log / "result.json").read_text())

    def read(self, name):
        path = self.log / name
        return path.read_text(errors="replace") if path.exists() else ""

    def script(self, script, status, text):
        run = self.vm(script)
        expect(run.returncode == 1, f"exit {run.returncode}: {run.stderr}")
        expect(re.search(f"vm: {status}: .*{text}", run.stderr), run.stderr)
        expect(self.result()["status"] == status, f"result.json says {self.result()['status']}")

    def guest_view(self):
        self.place.mkdir(parents=True, exist_ok=True)
        words, tool = self.place / "words", self.place / "tool"
        words.write_text("some words\n")
        tool.write_text("#!/bin/sh\necho ran\n")
        tool.chmod(0o755)
        run = self.vm(GUEST_VIEW, "--smp", "1", "--append", f"{QUICK} tests.parameter=1",
                      "--stage", "2", "--file", f"{words}:/data/words",
                      "--file", f"{tool}:/data/tool", "--trace", "smmuv3_cmdq_opcode")
        expect(run.returncode == 0, run.stderr + self.read("verdict.ktap"))
        result = self.result()
        expect(result["status"] == "pass" and result["exit"] == 0, str(result))
        expect(re.match(r"6\.12\.", result["kernel"]), f"kernel {result['kernel']}")
        expect(result["command"] == self.read("command").strip(), "two different command lines")
        expect("arm-smmuv3.stage=2" in result["command"], result["command"])
        expect("for the console" in self.read("console.log"), "stderr is not on the console")
        expect("for the console" not in self.read("verdict.ktap"), "stderr is in the channel")
        expect("SMMU_CMD_SYNC" in self.read("trace.log"), "trace.log lacks the commands")

    def stages(self):
        for stage, bits in STAGES.items():
            run = self.vm("dmesg | grep 'features 0x'", "--data", "--stage", stage)
            expect(run.returncode == 0, run.stderr)
            found = int(re.search(r"features (0x\w+)", self.read("verdict.ktap"))[1], 16)
            expect(found & (STAGE_1 | STAGE_2) == bits, f"--stage {stage}: features {found:#x}")

    def data(self):
        run = self.vm("echo 5 apples", "--data")
        expect(run.returncode == 0, run.stderr)
        expect("5 apples" in self.read("verdict.ktap"), self.read("verdict.ktap"))
        run = self.vm("echo 5 apples; exit 4", "--data")
        expect(run.returncode == 1 and "exit code is 4" in run.stderr, run.stderr)

    def recall(self):
        """Each time the machine has the same log directory, as its path is an input, too."""
        line = self.prepare(HEAD + OK)
        disk, record = self.log / "disk", self.place / "record"
        line += ["--recall", record, "--qemu-arg=-blockdev",
                 f"--qemu-arg=raw,node-name=disk,file.driver=file,file.filename={disk}",
                 self.log / "script"]

        def recalled(content="first"):
            disk.write_text(content)
            self.last = subprocess.run(line, capture_output=True, text=True, check=False,
                                       timeout=120)
            return self.result()["recalled"]

        expect(not recalled(), "recalled without a record")
        recall.keep(self.log, record)
        first = self.result()
        expect(recalled(), "the same run was made again")
        expect(self.last.returncode == 0, self.last.stderr)
        expect(self.result() == {**first, "recalled": True}, f"{first} became {self.result()}")
        expect("ok 1 a" in self.read("verdict.ktap") and self.read("console.log"), "no logs")
        expect(not recalled("other"), "recalled with another file on the command line")
        with open(record / "console.log", "a", encoding="utf-8") as console:
            console.write("[    1.0] BUG: made here\n")
        expect(recalled() and self.result()["status"] == "splat", "the record is not judged")
        (record / "result.json").write_text(json.dumps({**first, "status": "fail"}))
        expect(not recalled(), "recalled although it had failed")
        recall.keep(self.log, record)
        (self.log / "script").write_text(HEAD + OK + "true")
        expect(not recalled(), "recalled with another script")

    def hang(self):
        start = time.monotonic()
        run = self.vm(HEAD + "sleep 1000", "--timeout", str(HANG_LIMIT))
        expect(time.monotonic() - start < HANG_LIMIT + 20, "it took far longer than the limit")
        expect(run.returncode == 1 and "vm: hang: " in run.stderr, run.stderr)
        expect(f"{HANG_LIMIT} s" in run.stderr, run.stderr)
        expect(self.result()["status"] == "hang", str(self.result()))
        expect("testbed begin" in self.read("verdict.ktap"), "it did not even boot")

    def panic(self):
        run = self.vm(PANIC, "--memory", "160M")
        expect(run.returncode == 1 and "vm: crash: the kernel crashed: Kernel panic" in run.stderr,
               run.stderr)
        expect(self.result()["status"] == "crash", str(self.result()))
        place = re.search(r" out_of_memory\+\S+ \(.*\bmm/oom_kill\.c:(\d+)\)", run.stderr)
        expect(place, f"no decoded frame of out_of_memory: {run.stderr}")
        first, last = extent("mm/oom_kill.c", "bool out_of_memory(")
        expect(first < int(place[1]) <= last, f"line {place[1]} is not in {first}..{last}")

    def refused(self):
        run = self.vm(HEAD + OK, "--device", "nosuch")
        expect(run.returncode == 1 and "'nosuch' is not a valid device" in run.stderr, run.stderr)

    def stopped(self):
        line = [*self.prepare(HEAD + "sleep 1000"), self.log / "script"]
        with subprocess.Popen(line, stderr=subprocess.DEVNULL) as runner:
            machine = child_of(runner.pid)
            runner.terminate()
            runner.wait(30)
        expect(machine, "vm started no machine")
        expect(not Path(f"/proc/{machine}").exists(), "QEMU outlived vm")

    def no_qemu(self):
        """A PATH with nothing but the interpreter."""
        run = self.vm(HEAD + OK, PATH=str(self.fake_path(None)))
        expect(run.returncode == 1, f"exit {run.returncode}")
        expect("qemu-system-aarch64 is not installed: run testbed/host/packages" in run.stderr,
               run.stderr)

    def old_qemu(self):
        """Bookworm's own version, by its word."""
        run = self.vm(HEAD + OK, PATH=f"{self.fake_path('7.2.15')}:{os.environ['PATH']}")
        expect(run.returncode == 1, f"exit {run.returncode}")
        expect("7.2 is too old" in run.stderr and "testbed/host/packages" in run.stderr,
               run.stderr)

    def fake_path(self, version):
        """A directory for PATH: python3, and a QEMU that only states its version."""
        place = self.place / f"path-{version}"
        place.mkdir(parents=True)
        (place / "python3").symlink_to(sys.executable)
        if version:
            binary = place / "qemu-system-aarch64"
            binary.write_text(f"#!/bin/sh\necho 'QEMU emulator version {version}'\n")
            binary.chmod(0o755)
        return place


def extent(source, start):
    """First and last line of a function in the kernel tree."""
    lines = (Path(os.environ["TREE"]) / source).read_text().splitlines()
    first = next(n for n, line in enumerate(lines, 1) if line.startswith(start))
    return first, next(n for n in range(first, len(lines) + 1) if lines[n - 1] == "}")


def child_of(pid):
    """The QEMU that a vm process started, once it is there."""
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            name = Path(f"/proc/{child}/comm")
            if name.exists() and name.read_text().startswith("qemu-system"):
                return int(child)
        time.sleep(0.1)
    return None
