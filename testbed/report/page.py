# SPDX-License-Identifier: GPL-2.0
"""The page: one file, without scripts or external resources."""

from collections import Counter
from html import escape

from report import drawings, plots

MAPS = 40       # cases that are drawn, those with a relocated doorbell first
STYLE = """
body { font: 15px/1.45 sans-serif; margin: 2em auto; max-width: 1120px; color: #222; }
table { border-collapse: collapse; } td, th { padding: 2px 12px 2px 0; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.fail, .unmet { color: #b00020; font-weight: bold; }
svg text { font: 11px monospace; fill: #222; } svg line { stroke: #ccc; }
svg .window { fill: #f4e2c0; } svg .memory { fill: #9cc3e4; } svg .doorbell { fill: #b00020; }
svg .move { stroke: #b00020; stroke-width: 1.5; } svg .on { fill: #000; }
svg .stage1 { stroke: #8fbf8f; stroke-width: 8; } svg .stage2 { stroke: #e0b070; stroke-width: 8; }
svg .stage3 { stroke: #b9a5d8; stroke-width: 8; }
.plots { display: flex; flex-wrap: wrap; gap: 12px; }
"""
TIP = ('<svg width="0" height="0"><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
       'markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto"><path d="M0 0 8 4 0 8z" fill="#666"/>'
       "</marker></defs></svg>")


def table(head, rows):
    """Rows of cells, numbers right-aligned."""
    def cell(value):
        kind = ' class="n"' if isinstance(value, (int, float)) else ""
        return f"<td{kind}>{value if isinstance(value, (int, float)) else escape(value)}</td>"
    return ("<table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + "</tr>"
            + "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows) + "</table>")


def results(name, report):
    """One run of make check: its suites, and its cases folded."""
    rows = [(suite["suite"], suite["pass"], suite["fail"], suite["skip"], round(suite["seconds"]),
             len(suite["machines"])) for suite in report["suites"]]
    bad = [case for case in report["cases"] if case["result"] != "pass"]
    parts = [f"<h3>{escape(name)}: {escape(report['summary'])}</h3>",
             f"<p><code>{escape(report['command'])}</code>, Linux {escape(report['kernel'])}, "
             f"Debian source {escape(report['debian_source'])}, {round(report['seconds'])} s</p>",
             table(("suite", "passed", "failed", "skipped", "seconds", "machines"), rows)]
    parts += [f'<p class="fail">{escape(case["suite"])}: {escape(case["case"])}: {case["result"]} '
              f"{escape(case['note'])}</p>" for case in bad]
    parts += [f"<details><summary>the {len(report['cases'])} cases</summary>"
              + table(("suite", "case", "result"), [(case["suite"], case["case"], case["result"])
                                                    for case in report["cases"]]) + "</details>"]
    return parts


def maps(places):
    """The doorbells' IOVAs in the passthrough suite, relocated doorbells first."""
    if not places:
        return ["<p>No run of suite <code>passthrough</code>: <code>make check "
                "SUITE=passthrough</code></p>"]
    drawn = sorted(places, key=lambda entry: not entry.moved())[:MAPS]
    left = len(places) - len(drawn)
    return [f"<p>{len(drawn)} of {len(places)} cases with a doorbell, by the journal of the device's "
            f"user{f'; {left} are not drawn' if left else ''}. Blue: memory that the device "
            "accessed. Red: the doorbell, and where it went. Shaded: the window of 6.12. The axis is "
            "logarithmic.</p>", drawings.address_map(drawn)]


def nested(routes):
    """What the emulated SMMU translated for guests' devices."""
    parts = []
    for machine, counted in routes.items():
        stages = Counter()
        for (_, _, _, stage), times in counted.items():
            stages[drawings.STAGES.get(stage, str(stage))] += times
        told = ", ".join(f"{times} by {name}" for name, times in sorted(stages.items()))
        left = max(0, len(counted) - drawings.SHOWN)
        parts += [f"<h3>machine {escape(machine)}</h3><p>{told or 'nothing'}"
                  f"{f'; {left} pages are left out' if left else ''}</p>",
                  drawings.route_map(counted)]
    return parts or ["<p>No run of suite <code>nested</code>: <code>make check SUITE=nested</code></p>"]


def costs(bench):
    """Plots and goals of make bench."""
    if not bench:
        return ["<p>No counts: <code>make bench</code></p>"]
    goals = [(goal["goal"], round(goal["value"], 3), f"{'below' if goal['below'] else 'at most'} "
              f"{goal['limit']:g}", "met" if goal["met"] else "NOT MET") for goal in bench["goals"]]
    return [f"<p>Instructions under icount, QEMU {escape(bench['qemu'])}.</p><div class='plots'>",
            *[plots.draw(name, lines) for name, lines in plots.curves(bench).items()], "</div>",
            table(("goal", "value", "wanted", ""), goals)]


def whole(facts, reports, places, routes, bench):
    """The document."""
    parts = [f"<!doctype html><html lang='en'><meta charset='utf-8'><title>MSI doorbells and nesting: "
             f"report</title><style>{STYLE}</style><body>{TIP}",
             "<h1>MSI doorbells and nesting: what the newest runs showed</h1>",
             table(("", ""), facts), "<h2>Tests</h2>"]
    for name, report in reports.items():
        parts += results(name, report)
    parts += ["<h2>I/O addresses of devices that were passed through</h2>", *maps(places),
              "<h2>Nested translation, by QEMU's log of its SMMU</h2>", *nested(routes),
              "<h2>Cost against size</h2>", *costs(bench), "</body></html>\n"]
    return "\n".join(parts)
