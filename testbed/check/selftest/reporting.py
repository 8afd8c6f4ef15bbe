# SPDX-License-Identifier: GPL-2.0
"""Tests of make report: what it reads of runs, draws of them, and hands to KernelCI."""

import jsonschema

from check.selftest import expect
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


def cases():
    return [("the report finds where a case had memory and doorbells", places),
            ("the report's page shows the newest results and says what there is no run of", whole),
            ("the report's data are what KCIDB's schema wants", valid),
            ("the report's data are refused if they are not", invalid)]


def places():
    moved, none = runs.read_places("its-1", VERDICT)
    expect(moved.case == "memory.mapped_over_the_window.keeps_its_data", f"case {moved.case}")
    expect(moved.memory == [(0x8000000, 0x8000fff)], f"memory {moved.memory}")
    expect([first for first, _ in moved.doorbells] == [0x8000000, 0xfc000000],
           f"doorbells {moved.doorbells}")
    expect(moved.moved() and not none.moved() and not none.doorbells, "the second case has a doorbell")
    drawn = drawings.address_map([moved])
    expect(drawn.count('class="doorbell"') == 2 and drawn.count('class="move"') == 1,
           f"drawn as {drawn}")


def whole():
    text = page.whole([("series", "2 patches")], {"report": REPORT}, [], {}, BENCH)
    for wanted in ("1 passed, 0 failed, 0 skipped", "a case: with &lt;signs&gt;",
                   "make check SUITE=passthrough", "make check SUITE=nested"):
        expect(wanted in text, f"the page does not say {wanted}")
    expect(list(plots.curves(BENCH)) == ["map"], f"plots of {list(plots.curves(BENCH))}")
    expect(text.count("<svg") == 2, "one plot, and the tip of the arrows")


def valid():
    result = kcidb.document(runs.series(), {"report": REPORT})
    test, = result["tests"]
    expect(test["path"] == "nested.first.a_case_with_signs", f"path {test['path']}")
    expect(test["build_id"] == result["builds"][0]["id"], "the test is of no build")
    expect(result["builds"][0]["checkout_id"] == result["checkouts"][0]["id"],
           "the build is of no checkout")


def invalid():
    try:
        kcidb.document(runs.series(), {"report": {**REPORT, "cases": [{**CASE, "seconds": "long"}]}})
    except jsonschema.ValidationError as refused:
        expect("is not of type 'number'" in refused.message, f"refused for {refused.message}")
        return
    expect(False, "a duration that is no number is taken")
