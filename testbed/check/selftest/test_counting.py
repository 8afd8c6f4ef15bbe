# SPDX-License-Identifier: GPL-2.0
"""Tests of parts of make bench, which as a whole takes too long for a test."""

from bench import programs


def test_the_programs_that_make_bench_runs_compile_each_with_all_that_it_calls(log):
    """compile_all() raises Problem if one does not."""
    files = programs.compile_all(log)
    assert files and all(path.is_file() for path in files.values())
