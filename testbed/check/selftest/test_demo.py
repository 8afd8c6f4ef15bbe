# SPDX-License-Identifier: GPL-2.0
"""Tests of the demonstration that need no machine."""

import os
import subprocess

import pytest

from machine.paths import TESTBED


@pytest.mark.skipif(os.environ.get("BASE") == "pristine",
                    reason="the headers of the unpatched kernel lack what it calls")
def test_the_program_of_the_demonstration_compiles(tmp_path):
    """It uses all of the selftests' library, including new files."""
    line = [TESTBED / "demo/compile", os.environ["HEADERS"], tmp_path / "demo"]
    ran = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
