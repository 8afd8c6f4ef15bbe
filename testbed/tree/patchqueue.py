#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reads patches/: the steps of the series, the mail of each step, and the overlay
files that it adds. Checks that the queue is consistent before a tree is
assembled. Used by assemble, refresh and series, and by the series suite.

Usage: patchqueue.py steps [N]           the patches' names, in order
       patchqueue.py fixes               the names of those that are fixes alone:
                                         before the line "# Fixes" in patches/series
       patchqueue.py overlay N           overlay files of the first N steps
       patchqueue.py overlay-of N        overlay files of step N
       patchqueue.py touched N           upstream files that the first N change
       patchqueue.py touched-of N        upstream files that step N changes
       patchqueue.py message N           subject and text of step N
       patchqueue.py content N           a checksum of what the first N steps
                                         bring to the kernel proper
       patchqueue.py check TREE          exit 1 with one line if it cannot be
                                         assembled over the pristine TREE
"""

import hashlib
import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
# New kernel files are below these; the two names beside them are parts of
# upstream files, which are added as a file of their own and by a script.
OVERLAY_DIRS = ("arch", "drivers", "include", "kernel", "tools", "Documentation")
SPECIAL = ("Kconfig", "MAINTAINERS")
# The end of a mail's text: the first line of git's, quilt's or diff's output.
DIFF_START = re.compile(r"^(diff --git |Index: \S+$|--- (a/|/dev/null))", re.MULTILINE)
LEFTOVERS = re.compile(r"(~|\.sw[a-z]|\.orig|\.rej|\.pyc)$")


class QueueError(Exception):
    """The queue or the overlay is inconsistent; the text says what to do."""


class Patch:
    """One mail of the queue: header, message, diff."""

    def __init__(self, directory, name):
        self.name = name
        self.path = os.path.join(directory, name)
        try:
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise QueueError(f"patches/series names {name}: {error.strerror}") from error
        start = DIFF_START.search(text)
        cut = start.start() if start else len(text)
        self.preamble, self.diff = text[:cut], text[cut:]
        head, _, body = self.preamble.partition("\n\n")
        self.header = re.sub(r"\n[ \t]+", " ", head)
        # The line "---" ends the message, as for git am.
        self.body = re.split(r"^---\s*$", body, flags=re.MULTILINE)[0].strip("\n")

    def field(self, name):
        """All values of a header field, folded lines joined."""
        return re.findall(rf"^{name}:[ \t]*(.*)$", self.header, re.MULTILINE)

    @property
    def subject(self):
        """The subject without its [PATCH] tag."""
        values = self.field("Subject")
        if not values:
            raise QueueError(f"{self.name} has no Subject: header")
        return re.sub(r"^\[[^]]*\]\s*", "", values[0]).strip()

    @property
    def overlay(self):
        """The overlay files that this step adds."""
        return [path for value in self.field("X-Overlay") for path in value.split()]

    @property
    def touched(self):
        """The upstream files that the diff changes."""
        return sorted(set(re.findall(r"^--- a/(\S+)", self.diff, re.MULTILINE)))

    @property
    def created(self):
        """The files that the diff creates: there should be none."""
        return re.findall(r"^--- /dev/null.*\n\+\+\+ b/(\S+)", self.diff, re.MULTILINE)


class Queue:
    """The whole series, in order, with its overlay files."""

    def __init__(self, root=ROOT):
        self.root = root
        self.directory = os.path.join(root, "patches")
        self.patches = [Patch(self.directory, name) for name in self._names(self._lines())]

    def _lines(self):
        try:
            with open(os.path.join(self.directory, "series"), encoding="utf-8") as file:
                return file.read().split("\n")
        except FileNotFoundError:
            return []

    @staticmethod
    def _names(lines):
        names = [line.split("#")[0].strip() for line in lines]
        return [name for name in names if name]

    def fixes(self):
        """Names of the steps that do not need the others."""
        lines = self._lines()
        ends = [number for number, line in enumerate(lines) if line.startswith("# Fixes")]
        if not ends:
            raise QueueError('patches/series has no line "# Fixes" that says where they end')
        return self._names(lines[:ends[0]])

    def overlay(self, upto):
        """Overlay files of the first `upto` steps."""
        return [path for patch in self.patches[:upto] for path in patch.overlay]

    def content(self, upto):
        """A checksum of what the first `upto` steps add to the kernel proper, without
        the text of the mails, documentation and tools."""
        total = hashlib.sha256()
        for patch in self.patches[:upto]:
            for part in re.split(r"^(?=diff --git )", patch.diff, flags=re.MULTILINE):
                if not re.match(r"diff --git a/(Documentation|tools)/", part):
                    total.update(part.encode())
            for path in patch.overlay:
                if path != "MAINTAINERS" and not path.startswith(("Documentation/", "tools/")):
                    with open(os.path.join(self.root, path), "rb") as file:
                        total.update(path.encode() + b"\0" + file.read())
        return total.hexdigest()

    def overlay_on_disk(self):
        """All files in the overlay's directories."""
        found = [name for name in SPECIAL if os.path.isfile(os.path.join(self.root, name))]
        for top in OVERLAY_DIRS:
            for directory, _, names in os.walk(os.path.join(self.root, top)):
                relative = os.path.relpath(directory, self.root)
                found += [os.path.join(relative, name) for name in names
                          if not LEFTOVERS.search(name)]
        return sorted(found)

    def check(self, tree):
        """Raises QueueError if assembling over the tree would go wrong."""
        owner = {}
        for patch in self.patches:
            patch.subject  # pylint: disable=pointless-statement
            for path in patch.overlay:
                self._check_listed(patch, path)
                if path in owner:
                    raise QueueError(f"overlay file {path} is listed by two patches: "
                                     f"{owner[path]} and {patch.name}")
                owner[path] = patch.name
        for path in self.overlay_on_disk():
            if path not in SPECIAL and os.path.lexists(os.path.join(tree, path)):
                raise QueueError(f"overlay file {path} would overwrite an upstream file: "
                                 "change that one by a patch")
            if path not in owner:
                raise QueueError(f"overlay file {path} is listed by no patch: add it to the "
                                 "X-Overlay header of the step it belongs to")
        for patch in self.patches:
            self._check_diff(patch, tree)

    def _check_listed(self, patch, path):
        if path not in SPECIAL and path.split("/")[0] not in OVERLAY_DIRS:
            raise QueueError(f"{patch.name} lists {path}, which is not below "
                             f"{', '.join(OVERLAY_DIRS)}")
        if not os.path.isfile(os.path.join(self.root, path)):
            raise QueueError(f"{patch.name} lists overlay file {path}, which does not exist")

    @staticmethod
    def _check_diff(patch, tree):
        for path in patch.created:
            raise QueueError(f"{patch.name} creates {path}: a new file belongs to the overlay")
        for path in patch.touched:
            if not os.path.isfile(os.path.join(tree, path)):
                raise QueueError(f"{patch.name} does not apply: {path} is not in the source tree")


def main(arguments):
    """Dispatches the verbs named in the file's top comment."""
    queue = Queue()
    match arguments:
        case ["steps"]:
            lines = [patch.name for patch in queue.patches]
        case ["steps", number]:
            lines = [patch.name for patch in queue.patches[:int(number)]]
        case ["fixes"]:
            lines = queue.fixes()
        case ["overlay", number]:
            lines = queue.overlay(int(number))
        case ["overlay-of", number]:
            lines = queue.patches[int(number) - 1].overlay
        case ["touched", number]:
            lines = sorted({path for patch in queue.patches[:int(number)]
                            for path in patch.touched})
        case ["touched-of", number]:
            lines = queue.patches[int(number) - 1].touched
        case ["message", number]:
            patch = queue.patches[int(number) - 1]
            lines = [patch.subject, "", patch.body]
        case ["content", number]:
            lines = [queue.content(int(number))]
        case ["check", tree]:
            queue.check(tree)
            lines = []
        case ["--help"]:
            lines = [__doc__.strip()]
        case _:
            print("error: bad usage (try --help)", file=sys.stderr)
            return 2
    # In one write, since the reader may exit after the first line.
    sys.stdout.write("".join(line + "\n" for line in lines))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except QueueError as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(1)
