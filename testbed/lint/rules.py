#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Checks files for the rules of this repository that can be checked in their text.

Usage: rules.py REPOSITORY PLACE PRISTINE [HOST...] < paths

REPOSITORY is the base of the paths, PLACE the directory of the checkout, whose
name must not be in any file, PRISTINE a kernel tree that the overlay must not
overwrite, HOST a server that packages come from. Prints one line per finding.
"""

import os
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tree"))

from patchqueue import Queue, QueueError    # noqa: E402

URI = re.compile(r"\b(https?|ftps?|git|ssh|rsync|svn)://[^\s\"'<>)]*")
SERVER = re.compile(r"\b(deb|security|archive|ports|ftp|snapshot|cdn|mirrors?|packages)[\w.-]*"
                    r"[.](debian|ubuntu|kernel)[.][a-z]+\b")
HOME = re.compile(r"(?<![\w.}])/(home|Users)/\w+")
# Top directories that all machines have do not identify this one.
STANDARD = {"bin", "boot", "data", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root",
            "run", "sbin", "srv", "sys", "tmp", "usr", "var"}
SPDX = re.compile(r"SPDX-License-Identifier: [\w.() -]*GPL-2\.0")
SPDX_LINES = 3
OVERLAY = re.compile(r"(drivers|include|kernel|tools|Documentation)/|Kconfig$")
SOURCE = re.compile(r"(\.(c|h|S|py|sh|cocci|mk)|(^|/)(Makefile|Kbuild|Kconfig))$")
# Data, and files that have no SPDX line upstream either.
NO_SPDX = re.compile(r"(\.(json|txt|patch)|(^|/)\.gitignore|selftests/.*/config)$")
MAIL_NAME = re.compile(r"\d{4}-[\w.-]+\.patch$")
# A reader that exits before its writer sometimes kills the writer by SIGPIPE.
LEAVES_EARLY = re.compile(r"(?<!\|)\|(?!\|)\s*(grep\s+(-\w+\s+)*-\w*q|head\b|sed\s+(-n\s+)?['\"]?\d+q|awk\b.*\bexit\b)")
# make exports an unset variable as an empty string.
UNSET_ALONE = re.compile(r"\benviron\.get\([^()]*,(?!\s*\"\"\))|\$\{(BASE|DEBUG|SUITE|LINUX|CONFIG|V|FORCE|PATCH|AGAIN|"
                         r"ROUNDS|SECONDS|SEED|TEST|MACHINE|GIT)[-=+](?!\})")
FORBIDDEN_HEADERS = ("From", "Date", "Signed-off-by", "Message-Id")


def own_lines(path, text):
    """Yield the numbered lines that the series adds; the rest of a patch is upstream's."""
    in_diff = False
    for number, line in enumerate(text.split("\n"), 1):
        if path.endswith(".patch"):
            in_diff = in_diff or line.startswith("diff --git ")
            if in_diff and not line.startswith("+"):
                continue
        yield number, line


def place_pattern(place):
    """Return a pattern for the checkout's directory, and for its top directory if that is
    specific to this machine."""
    names = [place] if place.count("/") > 1 else []
    top = place.split("/")[1]
    if top not in STANDARD:
        names.append("/" + top)
    return re.compile(r"(?<![\w.})*/-])(" + "|".join(map(re.escape, names)) + r")(?![\w-])") \
        if names else re.compile(r"(?!)")


def places_and_servers(path, text, place, hosts):
    """Yield names of this machine's directories and of servers."""
    rules = [(SERVER, "names the package server"), (URI, "has the URI"),
             (place, "names a directory of this machine:"), (HOME, "names somebody's directory:")]
    if hosts:
        rules.append((re.compile(r"(?<![\w.-])(" + "|".join(map(re.escape, hosts)) + r")(?![\w-])"),
                      "names the package server"))
    for number, line in own_lines(path, text):
        for pattern, what in rules:
            found = pattern.search(line)
            if found:
                yield number, f"{what} {found[0]}"


def is_source(path, text):
    """Does the file need an SPDX line?"""
    if NO_SPDX.search(path):
        return False
    return bool(OVERLAY.match(path) or SOURCE.search(path) or text.startswith("#!"))


def form(path, full, text):
    """SPDX line and executable bit."""
    if is_source(path, text) and not SPDX.search("\n".join(text.split("\n")[:SPDX_LINES])):
        yield 1, "has no SPDX line for GPL-2.0 at its top"
    executable = os.access(full, os.X_OK)
    if text.startswith("#!") and not executable:
        yield 1, "has a first line #! and is not executable (sourced files have none)"
    if executable and not text.startswith("#!"):
        yield 1, "is executable and has no first line #!"


def pipes(path, text):
    """Yield pipes that fail if the reader exits before the writer."""
    if path.endswith(".py") or not re.search(r"^set -\w* *pipefail|^# Sourced\b|^#.* Sourced\.$", text, re.MULTILINE):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.lstrip().startswith("#") and LEAVES_EARLY.search(line):
            yield number, "leaves the pipe before its writer has ended, which pipefail takes for a failure"


def unset_alone(text):
    """Yield defaults that do not apply to an empty variable."""
    for number, line in enumerate(text.split("\n"), 1):
        if UNSET_ALONE.search(line):
            yield number, "takes an empty variable for a value, as make exports one that is not set"


def mails(repository, pristine):
    """Compare patches/ with the existing files."""
    patches = Queue(repository)
    try:
        patches.check(pristine)
    except QueueError as error:
        yield "patches/series", 1, str(error)
    for patch in patches.patches:
        path = f"patches/{patch.name}"
        if not MAIL_NAME.match(patch.name):
            yield path, 1, "is not named NNNN-subject.patch"
        for header in FORBIDDEN_HEADERS:
            if re.search(rf"^{header}:", patch.preamble, re.MULTILINE):
                yield path, 1, f"has a line {header}:, which make series puts in"
        if not patch.body:
            yield path, 1, "has no message that says why"


def maintained(repository):
    """Return the F: lines of the series' MAINTAINERS entry as one pattern. A directory
    includes all files below it, and wildcards do not match a slash."""
    path = os.path.join(repository, "MAINTAINERS")
    if not os.path.isfile(path):
        return re.compile(r"(?!)")
    with open(path, encoding="utf-8") as file:
        lines = re.findall(r"^F:\t(\S+)$", file.read(), re.MULTILINE)
    parts = [re.escape(line).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
             + (".*" if line.endswith("/") else "") for line in lines]
    return re.compile(f"({'|'.join(parts)})$" if parts else r"(?!)")


def unmaintained(repository):
    """Yield overlay files that get_maintainer.pl would not find."""
    queue = Queue(repository)
    pattern = maintained(repository)
    for path in queue.overlay(len(queue.patches)):
        in_tree = "drivers/iommu/Kconfig.msi" if path == "Kconfig" else path
        if path != "MAINTAINERS" and not pattern.match(in_tree):
            yield path, 1, "is in no F: line of MAINTAINERS"


def unlisted(repository, paths):
    """Yield mails that patches/series does not list."""
    listed = {f"patches/{patch.name}" for patch in Queue(repository).patches}
    for path in paths:
        if path.startswith("patches/") and path.endswith(".patch") and path not in listed:
            yield path, 1, "is not named in patches/series"


def findings(repository, place, pristine, hosts, paths):
    """Yield all findings as (path, line, text)."""
    pattern = place_pattern(place)
    for path in paths:
        full = os.path.join(repository, path)
        if os.path.islink(full) or not os.path.isfile(full):
            yield path, 1, "is no plain file"
            continue
        with open(full, encoding="utf-8", errors="replace") as file:
            text = file.read()
        for line, what in places_and_servers(path, text, pattern, hosts):
            yield path, line, what
        for line, what in (*form(path, full, text), *pipes(path, text), *unset_alone(text)):
            yield path, line, what
    yield from mails(repository, pristine)
    yield from unlisted(repository, paths)
    yield from unmaintained(repository)


def main(arguments):
    """Print the findings."""
    if len(arguments) < 3:
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    repository, place, pristine, *hosts = arguments
    paths = [line.strip() for line in sys.stdin if line.strip()]
    for path, line, what in findings(repository, place, pristine, hosts, paths):
        print(f"{path}:{line}: {what}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except QueueError as problem:
        print(f"patches/series:1: {problem}")
        sys.exit(0)
