# SPDX-License-Identifier: GPL-2.0
"""Tests of make report: reading runs, drawing them, and writing them for KernelCI."""

import jsonschema
import pytest

from report import drawings, kcidb, page, plots, runs

VERDICT = """    #  RUN           memory.mapped_over_the_window.keeps_its_data ...
    # dma device=0000:00:01.0 iova=0x8000000 length=0x1000 access=read
    # doorbell device=0000:00:01.0 iova=0x8000000 length=0x1000 vectors=1 phase=interrupts
    # doorbell device=0000:00:01.0 iova=0xfc000000 length=0x1000 vectors=1 phase=interrupts
    # msi device=0000:00:01.0 iova=0xfc000000 raised=2 received=2
    #  RUN           memory.elsewhere.has_no_doorbell ...
    # doorbell device=0000:00:01.0 iova=unreported length=0x1000 vectors=1 phase=interrupts
"""
CASE = {"suite": "nested", "case": "first/a case: with <signs>", "result": "pass", "note": "",
        "seconds": 0.5, "command": "make check SUITE=nested"}
REPORT = {"variant": "arm64", "command": "make check", "debian_source": "6.12.1-1",
          "kernel": "6.12.1", "seconds": 2.0, "summary": "1 passed, 0 failed, 0 skipped",
          "suites": [{"suite": "nested", "pass": 1, "fail": 0, "skip": 0, "seconds": 2.0,
                      "machines": []}],
          "cases": [CASE]}
BENCH = {"qemu": "9", "goals": [], "figures": [
    {"figure": "map", "n": n, "pristine": {"per_call": 5.0 * n}, "patched": {"per_call": 6.0 * n}}
    for n in (10, 100, 1000)] + [
    {"figure": "boot", "n": None, "pristine": {"per_call": 1}, "patched": {"per_call": 1}}]}


def test_the_report_finds_where_a_case_had_memory_and_doorbells():
    moved, none = runs.read_places("its-1", VERDICT)
    assert moved.case == "memory.mapped_over_the_window.keeps_its_data"
    assert moved.memory == [(0x8000000, 0x8000fff)]
    assert [first for first, _ in moved.doorbells] == [0x8000000, 0xfc000000]
    assert moved.moved() and not none.moved() and not none.doorbells
    drawn = drawings.address_map([moved])
    assert drawn.count('class="doorbell"') == 2 and drawn.count('class="move"') == 1


def test_the_page_shows_the_newest_results_and_says_what_there_is_no_run_of():
    text = page.whole([("series", "2 patches")], {"report": REPORT}, [], {}, BENCH)
    for wanted in ("1 passed, 0 failed, 0 skipped", "a case: with &lt;signs&gt;",
                   "make check SUITE=passthrough", "make check SUITE=nested"):
        assert wanted in text
    assert list(plots.curves(BENCH)) == ["map"]
    assert text.count("<svg") == 2, "one plot, and the tip of the arrows"


def test_the_data_are_what_the_schema_of_KCIDB_wants():
    result = kcidb.document(runs.series(), {"report": REPORT})
    test, = result["tests"]
    assert test["path"] == "nested.first.a_case_with_signs"
    assert test["build_id"] == result["builds"][0]["id"]
    assert result["builds"][0]["checkout_id"] == result["checkouts"][0]["id"]


def test_the_data_are_refused_if_they_are_not():
    with pytest.raises(jsonschema.ValidationError, match="is not of type 'number'"):
        kcidb.document(runs.series(),
                       {"report": {**REPORT, "cases": [{**CASE, "seconds": "long"}]}})
