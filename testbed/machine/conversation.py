# SPDX-License-Identifier: GPL-2.0
"""Answers a guest's questions while it runs, for machines whose IOMMU is simulated in memory.

A line that begins with "? " is a question. The machine is stopped by QMP, its memory is
read, and the answer is sent on the same channel: "yes", or what is wrong. Memory is written,
and interrupts are raised, by QEMU's qtest socket.
"""

import json
import shlex
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

from machine import verdict
from machine.paths import Problem

CONNECT_SECONDS = 20
ANSWER = 250        # characters, to fit into the guest's buffer


def connect(path):
    """Connect to a socket that QEMU creates when it starts."""
    end = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            channel = socket.socket(socket.AF_UNIX)
            channel.connect(str(path))
            return channel
        except OSError as error:
            channel.close()
            if time.monotonic() > end:
                raise Problem(f"QEMU makes no socket {path}") from error
            time.sleep(0.05)


def options(sockets):
    """The part of QEMU's command line for its sockets, except for the channel's."""
    return ["-qmp", f"unix:{sockets}/monitor,server=on,wait=off", "-monitor", "none",
            "-qtest", f"unix:{sockets}/writer,server=on,wait=off", "-qtest-log", "none"]


class Monitor:
    """QEMU's control socket."""

    def __init__(self, path):
        self.socket = connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Run a command and return QEMU's result."""
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        for line in self.lines:
            reply = json.loads(line)
            if "error" in reply:
                raise Problem(f"QEMU refuses {name}: {reply['error']}")
            if "return" in reply:
                return reply["return"]
        raise Problem("QEMU closed its control socket")


class Writer:
    """QEMU's qtest socket, which can write to physical addresses."""

    def __init__(self, path):
        self.socket = connect(path)
        self.lines = self.socket.makefile("r")

    def write(self, address, data):
        self.command(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    def command(self, text):
        self.socket.sendall(f"{text}\n".encode())
        reply = self.lines.readline()
        if reply.strip() != "OK":
            raise Problem(f"QEMU does not do {text}: {reply!r}")


class Memory:
    """The physical memory of a stopped machine."""

    def __init__(self, monitor, writer, scratch):
        self.monitor, self.writer, self.scratch = monitor, writer, scratch

    def __call__(self, address, size):
        self.monitor.command("pmemsave", val=address, size=size, filename=str(self.scratch))
        return self.scratch.read_bytes()

    def write(self, address, data):
        self.writer.write(address, data)


class Conversation(threading.Thread):
    """Records the guest's output and answers its questions: answer(memory, question)
    returns the empty string or what is wrong."""

    def __init__(self, sockets, log, record, answer, memory=Memory):
        super().__init__(daemon=True)
        self.sockets, self.log, self.record = sockets, log, record
        self.answer, self.memory = answer, memory
        self.questions = 0
        self.trouble = ""

    def run(self):
        try:
            self.talk()
        except (Problem, OSError) as problem:
            self.trouble = str(problem)

    def talk(self):
        channel = connect(self.sockets / "port")
        monitor = Monitor(self.sockets / "monitor")
        memory = self.memory(monitor, Writer(self.sockets / "writer"), self.log / "memory")
        with open(self.log / self.record, "w", encoding="utf-8") as copy:
            for line in channel.makefile("r", errors="replace"):
                if not line.startswith("? "):
                    copy.write(line)
                    continue
                self.questions += 1
                reply = self.reply(monitor, memory, line[2:].strip())
                copy.write(f"# {line.strip()}: {reply}\n")
                copy.flush()
                channel.sendall(f"{reply}\n".encode())

    def reply(self, monitor, memory, question):
        monitor.command("stop")
        problem = self.answer(memory, question)
        monitor.command("cont")
        return f"no: {problem}"[:ANSWER] if problem else "yes"


def execute(line, log, talk, timeout):
    """Run QEMU during the conversation, its own output in qemu.log; returns its exit code and
    whether it timed out."""
    with open(log / "qemu.log", "wb") as output, subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT) as machine:
        talk.start()
        try:
            return machine.wait(timeout), False
        except subprocess.TimeoutExpired:
            return None, True
        finally:
            if machine.poll() is None:
                machine.kill()
            talk.join(CONNECT_SECONDS)


@dataclass
class Result:
    """The results of a run."""
    verdict: verdict.Verdict
    channel: str
    questions: int


def run(line, log, talk, timeout):
    """Run QEMU during the conversation, judge the run and write result.json; an aborted
    conversation is a failure of the machine, too."""
    start = time.monotonic()
    (log / "command").write_text(shlex.join(line) + "\n")
    code, timed_out = execute(line, log, talk, timeout)
    channel = verdict.read(log / "verdict.ktap")
    found = verdict.judge(verdict.read(log / "console.log"), channel, code, timed_out)
    if talk.trouble and found.status in ("pass", "fail"):
        found.status, found.reason = "truncated", talk.trouble
    (log / "result.json").write_text(json.dumps({
        "status": found.status, "reason": found.reason, "exit": found.exit,
        "seconds": round(time.monotonic() - start, 2), "kernel": found.kernel,
        "command": shlex.join(line), "recalled": False, "questions": talk.questions,
        "splats": [s.summary() for s in found.splats]}) + "\n")
    return Result(found, channel, talk.questions)
