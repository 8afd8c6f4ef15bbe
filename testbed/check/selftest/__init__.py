# SPDX-License-Identifier: GPL-2.0
"""The test bed tested by itself, with pytest; testbed/suites/harness reports what it finds."""

import os
import subprocess


def spawn(*command, timeout=60, **environment):
    """A finished process, with what it said; a failed assertion about it shows all of that."""
    return subprocess.run(command, env={**os.environ, **environment}, timeout=timeout,
                          capture_output=True, text=True, check=False)
