# SPDX-License-Identifier: GPL-2.0
"""Reads KTAP strictly: anything that is not clearly a pass is a failure.

parse() returns the leaf cases of a stream, nested subtests flattened to
"parent/child" names, and the errors of the stream itself: a plan that does not
match, no plan, results out of order, subtests without their parent's result
line, no test at all. Only subtests may lack a plan (as KUnit's parameters
do): the parent's result line shows that they completed. Text that is not
KTAP is kept as diagnostics.
"""

import re
from dataclasses import dataclass, field

VERSION = re.compile(r"K?TAP version \d+$")
PLAN = re.compile(r"1\.\.(\d+)(?:\s+#\s*SKIP\s*(.*))?$", re.IGNORECASE)
RESULT = re.compile(r"(ok|not ok)\b\s*(\d+)?\s*(?:-\s+)?(.*)$")
DIRECTIVE = re.compile(r"(?:^|\s)#\s*(SKIP|XFAIL|TODO|TIMEOUT|ERROR)\b:?\s*(.*)$", re.IGNORECASE)
SECONDS = re.compile(r"#\s*seconds:\s*([0-9.]+)$")
BAIL_OUT = "Bail out!"


@dataclass
class Case:
    """One leaf: result is pass, fail or skip; note is the reason if it is not a plain pass."""
    name: str
    result: str
    note: str = ""
    diagnostics: list = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Report:
    """The content of a stream; good() only if all of it is."""
    cases: list = field(default_factory=list)
    errors: list = field(default_factory=list)

    def count(self, result):
        return sum(case.result == result for case in self.cases)

    def good(self):
        return not self.errors and self.count("fail") == 0 and bool(self.cases)


class Level:
    """The results seen at one indentation, until the parent's result line ends it."""

    def __init__(self, indent):
        self.indent = indent
        self.plan = None
        self.skip_all = None    # the reason given with a plan of 0
        self.results = 0
        self.bare_failure = None    # the last result, if it failed without a reason
        self.cases = []
        self.errors = []
        self.pending = []       # diagnostics since the last result line
        self.children = []      # closed levels waiting for their parent's line

    def close(self):
        """Compare the plan with the results."""
        if self.plan is None:
            if self.results and self.indent == 0:
                self.errors.append("has results but no plan")
        elif self.plan != self.results:
            self.errors.append(f"planned {self.plan} tests, {self.results} reported a result")
        elif self.plan == 0 and self.skip_all is None:
            self.errors.append("planned no tests")


class Parser:
    """Maintains the stack of open levels; the first is the whole stream."""

    def __init__(self):
        self.levels = [Level(0)]
        self.clock = 0.0        # arrival time of the last result line

    def line(self, text, when=None):
        """Parse one line; when is its arrival time in seconds, if known."""
        text = text.rstrip()
        body = text.lstrip(" \t")
        indent = len(text) - len(body)
        plan, result = PLAN.match(body), RESULT.match(body)
        if VERSION.match(body):
            self.at(indent)
        elif plan:
            self.plan(self.at(indent), plan)
        elif result:
            self.result(self.at(indent), result, when)
        elif body.startswith(BAIL_OUT):
            self.levels[0].errors.append(body)
        elif body:
            self.remark(indent, body)

    def at(self, indent):
        """The level of this indentation. A deeper one is opened; it stays open until its
        parent's result line closes it."""
        level = self.levels[-1]
        if indent > level.indent:
            level = Level(indent)
            self.levels.append(level)
            return level
        while len(self.levels) > 1 and indent < self.levels[-1].indent:
            self.adopt()
        return self.levels[-1]

    def adopt(self):
        """Close the deepest level; its cases wait in the parent for the parent's name."""
        child = self.levels.pop()
        child.close()
        self.levels[-1].children.append(child)

    def plan(self, level, found):
        if level.plan is not None:
            level.errors.append("has a second plan")
        level.plan = int(found[1])
        level.skip_all = found[2]
        if level.plan == 0 and level.skip_all is not None:
            level.cases.append(skipped("all", level.skip_all))

    def result(self, level, found, when):
        word, number, name = found.groups()
        level.results += 1
        if number and int(number) != level.results:
            level.errors.append(f"result {level.results} is numbered {number}")
        directive = DIRECTIVE.search(name)
        if directive:
            name = name[:directive.start()]
        case = judge(word, name.strip() or str(level.results), directive)
        case.seconds = self.elapsed(level.pending, when)
        case.diagnostics = [text for text in level.pending if not SECONDS.match(text)]
        level.cases += merge(case, level.children)
        level.bare_failure = case if case.result == "fail" and not case.diagnostics else None
        level.children, level.pending = [], []

    def elapsed(self, diagnostics, when):
        """A '# seconds: N' diagnostic is the case's own figure; else time since the last one."""
        since, self.clock = self.clock, self.clock if when is None else when
        for text in diagnostics:
            stated = SECONDS.match(text)
            if stated:
                return float(stated[1])
        return round(self.clock - since, 3)

    def remark(self, indent, body):
        """Diagnostics belong to the next result; those after a failure that had none
        before it are attributed to that failure as well."""
        level = next((l for l in reversed(self.levels) if l.indent <= indent), self.levels[0])
        level.pending.append(body)
        if level.bare_failure is not None:
            level.bare_failure.diagnostics.append(body)

    def finish(self):
        """The Report; levels that are still open were cut off."""
        while len(self.levels) > 1:
            self.adopt()
        top = self.levels[0]
        top.close()
        for child in top.children:
            top.cases += child.cases
            top.errors += child.errors
            top.errors.append("subtests end without their parent's result line")
        if not top.cases and not top.errors:
            top.errors.append("no tests")
        return Report(top.cases, top.errors)


def judge(word, name, directive):
    """Turn a result line into a Case; a skip needs a reason, and never excuses 'not ok'."""
    kind, reason = (directive[1].upper(), directive[2].strip()) if directive else ("", "")
    if word == "not ok":
        return Case(name, "fail", f"{kind} {reason}".strip())
    if kind == "SKIP":
        return skipped(name, reason)
    if kind in ("TIMEOUT", "ERROR"):
        return Case(name, "fail", f"{kind} {reason}".strip())
    return Case(name, "pass", f"{kind} {reason}".strip())


def skipped(name, reason):
    if not reason:
        return Case(name, "fail", "skipped without a reason")
    return Case(name, "skip", reason)


def merge(parent, children):
    """A parent with subtests counts as a case only if it disagrees with them."""
    if not children:
        return [parent]
    cases = [case for child in children for case in child.cases]
    errors = [error for child in children for error in child.errors]
    for case in cases:
        case.name = f"{parent.name}/{case.name}"
    if errors:
        parent.diagnostics += errors
        parent.result, parent.note = "fail", "; ".join(errors)
        return cases + [parent]
    failed = any(case.result == "fail" for case in cases)
    if parent.result == "fail" and not failed:
        parent.note = parent.note or "failed although each of its subtests passed"
        return cases + [parent]
    return cases if cases else [parent]


def parse(text):
    """Report of a whole stream."""
    return parse_lines(text.splitlines())


def parse_lines(lines, times=None):
    """Report of a stream's lines; times are their arrival times in seconds, if known."""
    parser = Parser()
    for number, line in enumerate(lines):
        parser.line(line, times[number] if times else None)
    return parser.finish()
