# SPDX-License-Identifier: GPL-2.0
"""The part of a suite that TEST= and MACHINE= select.

A suite that can be run in part says so in its header ("# choose: TEST MACHINE"). With
--names it prints a line for each machine and test, or nothing if only the machine itself
knows them. A test is a program, or PROGRAM.GROUP, a fixture of it with all of its cases.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from machine.paths import ROOT

PROGRAMS = ROOT / "tools/testing/selftests/passthrough"
FIXTURE = re.compile(r"^FIXTURE\((\w+)\)", re.MULTILINE)
# A machine without a name of its own, or the tests of a suite that cannot be selected.
UNNAMED = "-"
# Kernel parameters are separated by spaces, and lists of files by newlines.
WORD = re.compile(r"[\w.*?\[\]-]*")


@dataclass(frozen=True)
class Selection:
    """The part of a suite to run; false if that is all of it."""
    test: str = ""
    machine: str = ""

    @classmethod
    def of_environment(cls):
        return cls(os.environ.get("TEST") or "", os.environ.get("MACHINE") or "")

    def __bool__(self):
        return bool(self.test or self.machine)

    def flags(self):
        """The selection as arguments of make."""
        return "".join(f" {name}={value}" for name, value in
                       (("TEST", self.test), ("MACHINE", self.machine)) if value)

    def check(self, suite, environment):
        """Raise ValueError, with the available names, unless the suite has this part."""
        for name, value in (("TEST", self.test), ("MACHINE", self.machine)):
            if value and name not in suite.choose:
                has = f"takes {' and '.join(suite.choose)} only" if suite.choose else \
                    "is run whole"
                raise ValueError(f"{name}={value}: the suite {suite.name} {has}")
            if not WORD.fullmatch(value):
                raise ValueError(f"{name}={value} is no name")
        pairs = names_of(suite, environment)
        if pairs:
            self.look_up(suite.name, pairs)

    def look_up(self, suite, pairs):
        """Raise ValueError unless one of the (machine, test) pairs is selected."""
        machines = unique(machine for machine, _ in pairs)
        tests = unique(test for _, test in pairs)
        if self.machine and self.machine not in machines:
            raise ValueError(f"no machine {self.machine} in the suite {suite}; "
                             f"there are: {' '.join(machines)}")
        if self.test and self.test not in tests:
            program = self.test.partition(".")[0]
            near = [test for test in tests if test.startswith(f"{program}.")] or \
                [test for test in tests if "." not in test]
            raise ValueError(f"no test {self.test} in the suite {suite}; "
                             f"there are: {' '.join(near)}")
        having = [machine for machine, test in pairs if self.test in ("", test)]
        if self.machine and self.machine not in having:
            raise ValueError(f"the machine {self.machine} does not run {self.test}; "
                             f"these do: {' '.join(unique(having))}")

    def narrow(self, machines):
        """The selected passthrough.Machine objects, with the tests that they run."""
        program, _, group = self.test.partition(".")
        found = [m for m in machines if self.machine in ("", m.log.name) and
                 (not program or program in m.programs)]
        for machine in found if program else []:
            machine.programs, machine.group, machine.whole = [program], group, False
        return found


def unique(words):
    """The words without duplicates, in the order of their first occurrence."""
    return list(dict.fromkeys(words))


def names_of(suite, environment):
    """(machine, test) of everything that a suite could run."""
    run = subprocess.run([suite.path, "--names"], env=environment, stdout=subprocess.PIPE,
                         text=True, check=False)
    if run.returncode:
        raise ValueError(f"the suite {suite.name} does not tell its names")
    return [tuple(line.split()) for line in run.stdout.splitlines()]


def chosen(machines):
    """The selected ones of a suite's passthrough.Machine objects. With --names, print all names
    instead and exit."""
    if sys.argv[1:] == ["--names"]:
        print_names(machines)
        sys.exit()
    return Selection.of_environment().narrow(machines)


def chosen_names(names):
    """As chosen(), by name, for a suite whose machines always run all of their tests."""
    if sys.argv[1:] == ["--names"]:
        print("\n".join(f"{name} {UNNAMED}" for name in names))
        sys.exit()
    machine = Selection.of_environment().machine
    return [name for name in names if machine in ("", name)]


def print_names(machines):
    """Print a line for each machine and each test that it can run."""
    for machine in machines:
        for program in machine.programs:
            source = (PROGRAMS / f"{program}.c").read_text()
            for test in (program, *(f"{program}.{name}" for name in FIXTURE.findall(source))):
                print(machine.log.name, test)
