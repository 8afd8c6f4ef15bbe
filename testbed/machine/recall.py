# SPDX-License-Identifier: GPL-2.0
"""Runs that are not made again, as nothing that they depend on has changed.

A run depends on QEMU, on its command line, and on the files that this names. The
three are a text, which a run leaves as the file "inputs" beside its logs. A run with
the same text that passed has logs that are as good as new ones. They are copied, and
then judged as new ones are, so what judges may change and have its say.

How busy the host is, and what time it is, are no inputs: who wants to know whether a
run passes once more has to ask for that.
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
    """What a run of this command line depends on, before it starts."""
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
    """Copy what the run in directory `record` left to `log`, if it passed and had these
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
    """Make `record` what `log` is, at once."""
    draft = record.with_name(record.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    copy(log, draft)
    shutil.rmtree(record, ignore_errors=True)
    draft.rename(record)


def copy(source, target):
    """What is in one directory, sparse files as such, to another."""
    run = subprocess.run(["cp", "-a", "--", f"{source}/.", target], capture_output=True, text=True,
                         check=False)
    if run.returncode:
        raise Problem(f"the logs of {source} cannot be copied: {run.stderr.strip()}")
