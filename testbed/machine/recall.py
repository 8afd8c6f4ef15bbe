# SPDX-License-Identifier: GPL-2.0
"""Recalls the results of an earlier run if nothing that the run depends on has changed.

A run depends on QEMU, on its command line, and on the files named there. A text that
identifies the three is saved as the file "inputs" beside the logs. If an earlier run
with the same text passed, its logs are copied instead of new ones being made. They are
judged again like new ones, so changes to the judging code take effect.

The load of the host and the time of day are not inputs: a repeated run has to be
requested (AGAIN=1).
"""

import hashlib
import json
import shlex
import shutil
import subprocess
from pathlib import Path

from machine.paths import Problem

NAME = "inputs"


def inputs(line):
    """The inputs of a run with this command line, before it starts."""
    files = {shutil.which(line[0]), *named_files(line)}
    return "".join(f"{digest(path)}  {path}\n" for path in sorted(files)) + shlex.join(line) + "\n"


def named_files(line):
    """The files in a command line, as words of their own and as values of options."""
    for word in line:
        for part in word.replace(",,", "\0").split(","):
            value = part if part.startswith("/") else part.partition("=")[2]
            path = Path(value.replace("\0", ","))
            if path.is_absolute() and path.is_file():
                yield str(path)


def digest(path):
    """The checksum of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take(record, log, wanted):
    """Copy the logs of the run in directory `record` to `log`, if it passed with these
    inputs; returns its result.json, or None."""
    try:
        result = json.loads((record / "result.json").read_text())
        good = result["status"] == "pass" and (record / NAME).read_text() == wanted
    except (OSError, ValueError, KeyError):
        return None
    if not good:
        return None
    copy(record, log)
    return result


def keep(log, record):
    """Replace `record` with a copy of `log`, atomically."""
    draft = record.with_name(record.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    copy(log, draft)
    shutil.rmtree(record, ignore_errors=True)
    draft.rename(record)


def copy(source, target):
    """Copy the content of a directory to another, preserving sparse files."""
    run = subprocess.run(["cp", "-a", "--", f"{source}/.", target], capture_output=True, text=True,
                         check=False)
    if run.returncode:
        raise Problem(f"the logs of {source} cannot be copied: {run.stderr.strip()}")
