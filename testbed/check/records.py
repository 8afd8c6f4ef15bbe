# SPDX-License-Identifier: GPL-2.0
"""The records of machines that passed, from which later runs of a suite recall them.

machine/recall.py says what a record is good for. A suite's records are kept when all
of it passed, and dropped when it failed: the next run starts each machine again.
AGAIN=1 drops them beforehand, and what the suites themselves remember.
"""

import os
import shutil

from machine import recall
from machine.paths import CACHE, OUT


def again():
    """Whether to start from nothing; raise ValueError for a value that has no meaning."""
    value = os.environ.get("AGAIN", "")
    if value not in ("", "0", "1"):
        raise ValueError(f"AGAIN={value}: only AGAIN=1 is known")
    return value == "1"


def place(suite, variant):
    """Where the suite's records are."""
    return OUT / "passed" / variant.name / suite.name


def drop(suite, variant):
    """Nothing that the suite ever found is known any more."""
    for directory in (place(suite, variant), CACHE / suite.name):
        shutil.rmtree(directory, ignore_errors=True)


def settle(outcome, directory):
    """Keep what the suite's machines left, if all is well, and else nothing."""
    if outcome.count("fail"):
        shutil.rmtree(directory, ignore_errors=True)
        return
    for machine in outcome.machines:
        log = outcome.log / machine["log"]
        if (log / recall.NAME).is_file() and not machine["recalled"]:
            recall.keep(log, directory / machine["log"])
