# SPDX-License-Identifier: GPL-2.0
"""Finds the kernel's complaints in a console log.

A splat is any text by which a kernel checker reports a bug; one in the log fails
the run regardless of its tests. PATTERNS is the whole list. There are exactly two
exceptions: the stack dump that fault injection prints for a requested failure (see
InjectedTraces), and that of a control group that runs out of memory in a test of
this (see MemoryTraces). golden/failslab* and golden/memory* prove how narrow the
exceptions are.
"""

import re
from dataclasses import dataclass, field

PATTERNS = [
    ("panic", r"Kernel panic - not syncing"),
    ("oops", r"Unable to handle kernel|Internal error:|\bOops\b|Unhandled fault|SError Interrupt"),
    ("kasan", r"\bKASAN: |\bKFENCE: |\bKCSAN: "),
    ("ubsan", r"\bUBSAN: "),
    ("lockdep", r"possible circular locking|possible recursive locking|inconsistent lock state"
                r"|held lock freed|bad unlock balance|lock held when returning to user space"
                r"|possible irq lock inversion|IRQ-safe -> |DEBUG_LOCKS_WARN_ON"
                r"|Invalid wait context|nested lock was not taken"),
    ("rcu", r"suspicious RCU usage|\brcu\w*: INFO: .*stall|Voluntary context switch within RCU"),
    ("sleep", r"sleeping function called from invalid context|scheduling while atomic"),
    ("refcount", r"refcount_t:"),
    ("odebug", r"\bODEBUG:"),
    ("leak", r"kmemleak: \d+ new suspected|unreferenced object 0x"),
    # Without a scan area kmemleak scans the whole object, and continues.
    ("checker-off", r"kmemleak: (?!Cannot allocate a scan area).*(?:disabled|Cannot)|"
                    r"turning off the locking"),
    ("corruption", r"list_(?:add|del) corruption|Bad page state|\[Poison overwritten\]"
                   r"|Redzone overwritten|Object already free|stack-protector:"),
    ("hung", r"INFO: task .* blocked for more than|soft lockup|hard LOCKUP|workqueue lockup"),
    ("bug", r"\bBUG:|kernel BUG at"),
    ("irq", r"irq \d+: nobody cared"),
    # KUnit's SMMU simulated in memory, soft-smmu, hangs on purpose
    ("smmu", r"(?<!soft-smmu: )(?:CMD_SYNC timeout|CMDQ error)"),
    ("warning", r"\bWARNING: |\[ cut here \]"),
    ("trace", r"Call trace:"),
]
COMPILED = [(kind, re.compile(text)) for kind, text in PATTERNS]
# printk's timestamp, and the caller that CONFIG_PRINTK_CALLER adds.
STAMP = re.compile(r"^\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])? ")
FRAME = re.compile(r" \S+\+0x[0-9a-f]+/0x[0-9a-f]+")
ANNOUNCE = "[ cut here ]"
# The distance from a complaint's first line to its stack and its other lines.
STACK_REACH = 60
REPORT_REACH = 12


@dataclass
class Splat:
    """One complaint: its kind, the line that matched, that line and the stack."""
    kind: str
    line: int
    text: str
    context: list = field(default_factory=list)

    def summary(self):
        return {"kind": self.kind, "line": self.line, "text": self.text}


class ExpectedTraces:
    """Distinguishes the stack dumps that a test provokes from all others.

    The kernel announces such a dump, and the frames of the dump name its source. A
    "Call trace:" is accepted only if an announcement without a dump so far came shortly
    before, and only if the source is among the frames.
    """
    ANNOUNCED = SOURCE = None
    ANNOUNCE_REACH = 12     # lines from the announcement to its stack
    FRAMES_REACH = 12       # frames down to the source, including inlined ones

    def __init__(self, lines):
        self.lines = lines
        self.announced = []

    def notice(self, number):
        if self.ANNOUNCED in self.lines[number]:
            self.announced.append(number)

    def owns(self, number):
        """Whether the "Call trace:" in this line was announced."""
        self.announced = [n for n in self.announced if number - n <= self.ANNOUNCE_REACH]
        frames = self.lines[number + 1:number + 1 + self.FRAMES_REACH]
        if not self.announced or not any(self.SOURCE.search(f) for f in frames):
            return False
        self.announced.pop(0)
        return True


class InjectedTraces(ExpectedTraces):
    """Dumps of fault injection: fail_dump() announces a forced failure, and then dumps its own
    stack, whose frames name should_fail_ex."""
    ANNOUNCED = "FAULT_INJECTION: forcing a failure."
    SOURCE = re.compile(r" (?:should_fail_ex|fail_dump)\+0x")


class MemoryTraces(ExpectedTraces):
    """Dumps of a control group that is out of memory, if a test announces that it expects this
    (cgroup_expect_oom() of selftests/passthrough). If the machine itself is out of memory,
    mem_cgroup_out_of_memory() is not among the frames."""
    BEGIN = "passthrough: a control group runs out of memory on purpose"
    END = "passthrough: no control group runs out of memory on purpose"
    ANNOUNCED = " invoked oom-killer: "
    SOURCE = re.compile(r" mem_cgroup_out_of_memory\+0x")

    def __init__(self, lines):
        super().__init__(lines)
        self.on_purpose = False

    def notice(self, number):
        line = self.lines[number]
        self.on_purpose = self.BEGIN in line or (self.on_purpose and self.END not in line)
        if self.on_purpose:
            super().notice(number)


def scan(console):
    """The splats of a console log, in order."""
    lines = [line.rstrip("\r") for line in console.split("\n")]
    expected = [InjectedTraces(lines), MemoryTraces(lines)]
    splats = []
    for number, line in enumerate(lines):
        for traces in expected:
            traces.notice(number)
        kind = classify(line)
        if kind is None:
            continue
        if kind == "trace" and any(traces.owns(number) for traces in expected):
            continue
        text = STAMP.sub("", line).strip()
        if not continues(splats, kind, number):
            splats.append(Splat(kind, number + 1, text))
        elif ANNOUNCE in splats[-1].text:
            # The line after the announcement says what happened.
            splats[-1].kind, splats[-1].text = kind, text
    for splat in splats:
        splat.context = context(lines, splat.line - 1)
    return splats


def classify(line):
    """The kind of complaint in a line, or None."""
    return next((kind for kind, text in COMPILED if text.search(line)), None)


def continues(splats, kind, number):
    """Whether this line belongs to the last splat rather than starting one: its stack,
    the report below a "cut here" line, or a second line of the same report."""
    if not splats:
        return False
    distance = number + 1 - splats[-1].line
    if kind == "trace" or ANNOUNCE in splats[-1].text:
        return distance <= STACK_REACH
    return kind == splats[-1].kind and distance <= REPORT_REACH


def context(lines, start):
    """The lines of a splat: up to the end of its first stack, at most STACK_REACH of them."""
    taken, in_stack = [], False
    for line in lines[start:start + STACK_REACH]:
        if in_stack and not FRAME.search(line):
            break
        taken.append(STAMP.sub("", line))
        in_stack = in_stack or "Call trace:" in line
    return taken if in_stack else taken[:8]
