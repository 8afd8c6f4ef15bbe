# SPDX-License-Identifier: GPL-2.0
"""Tests of the test bed itself, with pytest; testbed/suites/harness reports the results."""

import os
import subprocess


def spawn(*command, timeout=60, **environment):
    """A finished process with its output; a failed assertion about it shows all of the output."""
    return subprocess.run(command, env={**os.environ, **environment}, timeout=timeout,
                          capture_output=True, text=True, check=False)
