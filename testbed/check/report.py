# SPDX-License-Identifier: GPL-2.0
"""The output at the end of a run: the failures, one table, report.json, one last line."""

import json
import os

from check.variant import source_version
from machine.paths import OUT

RESULTS = ("pass", "fail", "skip")
SHOWN = 25      # lines of diagnostics per failure; the log has the rest
DETAILED = 20   # failures of a suite shown with diagnostics; others by name
NAMED = 100     # failures shown by name; the report has the others


def show_failure(suite, case, detailed):
    """Print one failed case, with the end of its diagnostics."""
    print(f"FAILED {suite}: {case.name}" + (f": {case.note}" if case.note else ""))
    if not detailed:
        return
    hidden = max(0, len(case.diagnostics) - SHOWN)
    for text in case.diagnostics[hidden:]:
        print(f"   | {text}")
    if hidden:
        print(f"   | ({hidden} earlier lines in the log)")


def show_failures(outcomes):
    """Print the failed cases with their diagnostics and the path of the log."""
    for outcome in outcomes:
        bad = [case for case in outcome.cases if case.result == "fail"]
        if not bad:
            continue
        print()
        for number, case in enumerate(bad[:NAMED]):
            show_failure(outcome.name, case, number < DETAILED)
        if len(bad) > NAMED:
            print(f"   and {len(bad) - NAMED} more, which the report lists")
        if outcome.log:
            print(f"   logs: {outcome.log}.log {outcome.log}.ktap {outcome.log}/")


def show_skips(outcomes):
    """Print each skip with its reason, so that none goes unnoticed."""
    skips = [(o.name, c) for o in outcomes for c in o.cases if c.result == "skip"]
    if skips:
        print()
    for name, case in skips:
        print(f"skipped {name}: {case.name}: {case.note}")


def show_table(outcomes):
    """Print one row per suite."""
    width = max([len("suite"), *(len(o.name) for o in outcomes)])
    print(f"\n{'suite':{width}}  passed  failed  skipped  seconds")
    for outcome in outcomes:
        passed, bad, skipped = (outcome.count(r) for r in RESULTS)
        print(f"{outcome.name:{width}}  {passed:6}  {bad:6}  {skipped:7}  {outcome.seconds:7.1f}")


def show_recalled(outcomes):
    """Print how many machines were recalled rather than booted, if any."""
    machines = [machine for outcome in outcomes for machine in outcome.machines]
    recalled = sum(machine["recalled"] for machine in machines)
    if recalled:
        print(f"{recalled} of {len(machines)} machines were not started: they passed before, and nothing "
              "has changed\nthat their runs depend on; AGAIN=1 starts them all the same")


def last_line(outcomes):
    passed, bad, skipped = (sum(o.count(r) for o in outcomes) for r in RESULTS)
    return f"{passed} passed, {bad} failed, {skipped} skipped"


def write(outcomes, variant, seconds, selection):
    """Write the report of this variant atomically; returns its path. The report of a part of a
    suite has a path of its own."""
    target = OUT / (f"one{variant.suffix}/report.json" if selection else
                    f"report{variant.suffix}.json")
    target.parent.mkdir(exist_ok=True)
    source = source_version()
    report = {
        "variant": variant.name,
        "debian_source": source.get("debian", ""),
        "kernel": variant.kernel(),
        "command": rerun(variant, outcomes[0].name if selection else None, selection),
        "seconds": round(seconds, 1),
        "summary": last_line(outcomes),
        "suites": [{"suite": o.name, "seconds": o.seconds, "machines": o.machines,
                    **{r: o.count(r) for r in RESULTS}} for o in outcomes],
        "cases": [entry(o, case, variant, source, selection) for o in outcomes for case in o.cases],
    }
    draft = target.with_suffix(f".new-{os.getpid()}")
    draft.write_text(json.dumps(report, indent=1) + "\n")
    draft.rename(target)
    return target


def entry(outcome, case, variant, source, selection):
    """One entry of the report; command is the command that runs this case again."""
    return {"suite": outcome.name, "case": case.name, "result": case.result, "note": case.note,
            "seconds": case.seconds, "kernel": outcome.kernel or variant.kernel(),
            "debian_source": source.get("debian", ""), "command": rerun(variant, outcome.name, selection)}


def rerun(variant, suite, selection):
    return ("make check" + (f" SUITE={suite}" if suite else "") + selection.flags() +
            variant.flags())
