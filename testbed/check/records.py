# SPDX-License-Identifier: GPL-2.0
"""Records of machines that passed, from which later runs of a suite recall them.

machine/recall.py describes when a record is valid. A suite's records are kept if all of
it passed, and dropped if it failed: the next run then boots each machine again. AGAIN=1
drops them beforehand, along with what the suites themselves remember.
"""

import os
import shutil

from machine import recall
from machine.paths import CACHE, OUT


def again():
    """Whether to ignore all records; raise ValueError for an invalid value of AGAIN."""
    value = os.environ.get("AGAIN", "")
    if value not in ("", "0", "1"):
        raise ValueError(f"AGAIN={value}: only AGAIN=1 is known")
    return value == "1"


def place(suite, variant):
    """The directory of the suite's records."""
    return OUT / "passed" / variant.name / suite.name


def drop(suite, variant):
    """Remove all of the suite's records."""
    for directory in (place(suite, variant), CACHE / suite.name):
        shutil.rmtree(directory, ignore_errors=True)


def settle(outcome, directory):
    """Keep the records of the suite's machines if all of it passed, drop them otherwise."""
    if outcome.count("fail"):
        shutil.rmtree(directory, ignore_errors=True)
        return
    for machine in outcome.machines:
        log = outcome.log / machine["log"]
        if (log / recall.NAME).is_file() and not machine["recalled"]:
            recall.keep(log, directory / machine["log"])
