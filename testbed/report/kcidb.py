# SPDX-License-Identifier: GPL-2.0
"""The runs in the format of KernelCI's database: KCIDB's I/O schema, version 5.3.

kcidb.schema.json has the part of that schema that is used here, written from its description:
required fields, patterns, status values. The output is validated against it.
"""

import hashlib
import json
import re
from pathlib import Path

import jsonschema

from machine.paths import ROOT

ORIGIN = "iommu_msi_testbed"
STATUS = {"pass": "PASS", "fail": "FAIL", "skip": "SKIP"}
SCHEMA = Path(__file__).with_name("kcidb.schema.json")


def patchset_hash(names):
    """The hash that the schema specifies, over the hashes of the patches, one per line."""
    sums = [hashlib.sha256((ROOT / "patches" / name).read_bytes()).hexdigest() for name in names]
    return hashlib.sha256("".join(f"{one}\n" for one in sums).encode()).hexdigest()


def node(*words):
    """A path in the test tree: words of letters, digits, _ and -, separated by dots."""
    parts = [part for word in words for part in word.split("/")]
    return ".".join(re.sub(r"[^a-zA-Z0-9_-]+", "_", part).strip("_") or "_" for part in parts)


def checkout(names):
    """The source: Debian's, with the series on top."""
    total = patchset_hash(names)
    return {"id": f"{ORIGIN}:{total}", "origin": ORIGIN, "tree_name": "linux-6.12.y",
            "patchset_hash": total, "valid": True}


def build(source, name, report):
    """One kernel. Other configurations, such as ppc64, are suites of the same run."""
    return {"id": f"{source['id']}:{name}", "origin": ORIGIN, "checkout_id": source["id"],
            "architecture": "arm64", "config_name": report["variant"], "status": "PASS",
            "command": report["command"],
            "comment": f"Debian source {report['debian_source']}, Linux {report['kernel']}"}


def tests(made, report):
    """Each case."""
    for number, case in enumerate(report["cases"]):
        entry = {"id": f"{made['id']}:{number}", "origin": ORIGIN, "build_id": made["id"],
                 "path": node(case["suite"], case["case"]), "status": STATUS[case["result"]],
                 "duration": case["seconds"], "misc": {"command": case["command"]},
                 "environment": {"comment": "QEMU on the host that ran the tests"}}
        if case["note"]:
            entry["comment"] = case["note"]
        yield entry


def document(names, reports):
    """All reports of make check, validated."""
    source = checkout(names)
    result = {"version": {"major": 5, "minor": 3}, "checkouts": [source], "builds": [], "tests": []}
    for name, report in reports.items():
        made = build(source, name, report)
        result["builds"].append(made)
        result["tests"] += tests(made, report)
    jsonschema.validate(result, json.loads(SCHEMA.read_text()))
    return result
