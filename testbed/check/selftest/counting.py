# SPDX-License-Identifier: GPL-2.0
"""Tests of make bench, which takes too long to be run as a test."""

from bench import programs
from check.selftest import expect


def cases(log):
    return [("the programs that make bench runs compile, each with all that it calls",
             lambda: compiled(log / "counting"))]


def compiled(directory):
    """It raises Problem if one does not."""
    files = programs.compile_all(directory)
    expect(files and all(path.is_file() for path in files.values()), f"not there: {files}")
