# SPDX-License-Identifier: GPL-2.0
"""Tests of tools/iommu/msi-doorbell-check: on machines that really boot, whose facts follow from
their options, and on mock files of other machines.
"""

import gzip
import json
import os
import struct

import pytest

from check.passthrough import EDU, PORT
from check.selftest import spawn
from machine.paths import ROOT, TESTBED

CHECK = ROOT / "tools/iommu/msi-doorbell-check"
BIND = ROOT / "tools/testing/selftests/passthrough/bind.sh"
# Run by the guest's busybox; one of the two edu shares the group of a root port.
SCRIPT = """sh /data/bind.sh 1234:11e8 >&2
sh /data/check >&2 || exit
sh /data/check --json
"""
WINDOW = "0x0000000008000000 0x00000000080fffff msi\n"
OVER = "0x0000000007f00000 0x0000000008000000 reserved\n"
ABOVE = "0x0000000008100000 0xffffffffffffffff direct\n"
SMMU_V2 = """[    1.0] arm-smmu 2b400000.iommu: \tstage 1 translation
[    1.0] arm-smmu 2b400000.iommu: \tstage 2 translation
[    1.0] arm-smmu 2b400000.iommu: \tnested translation
[    1.0] arm-smmu 2b400000.iommu: \t%scoherent table walk
"""
SMMU_V3 = "[    1.0] arm-smmu-v3 arm-smmu-v3.0.auto: ias 44-bit, oas 44-bit (features 0x%08x)\n"
BOTH_STAGES, FWB = 3 << 9, 1 << 23
OVER_WINDOW = "memory can be mapped over 0x8000000..0x80fffff"
CLEAR = "doorbells keep clear of other reserved regions"
V3, V2 = "a guest can own stage 1 of an SMMUv3", "a guest can own stage 1 of an SMMUv2"
PORTS = "interrupts of a port follow the group that it shares"


@pytest.mark.parametrize("options, controller", [
    ([], {"kind": "ITS", "isolated": "yes"}), (["--canwbs"], {"kind": "ITS", "isolated": "yes"}),
    (["--gic", "2", "--stage", "1"], {"kind": "GICv2m", "isolated": "no"})],
    ids=("ITS and device tree", "ACPI and a coherent root complex", "GICv2m and stage 1"))
def test_doorbell_check_tells_what_a_machine_has(log, options, controller):
    """The facts of a machine, reported from inside it."""
    (log / "script").write_text(SCRIPT)
    line = [TESTBED / "machine/vm", "--log", log, "--image", os.environ["IMAGE"], "--data",
            "--append", "kunit.enable=0", *options, "--file", f"{CHECK}:/data/check",
            "--file", f"{BIND}:/data/bind.sh"]
    line += [word for device in (EDU, *PORT) for word in ("--device", device)]
    assert spawn(*line, log / "script", timeout=240).returncode == 0
    console = (log / "console.log").read_text(errors="replace")
    assert "IOMMU smmu3.0x0000000009050000: SMMUv3" in console
    assert "awk:" not in console and "sed:" not in console, "complaints on the console"
    text = (log / "verdict.ktap").read_text()
    hold(json.loads(text[text.index("\n{"):text.index("\n}") + 2]), options, controller)


def hold(facts, options, controller):
    """Compare the reported facts with the options of the machine."""
    acpi, second = "--canwbs" in options, "1" not in options
    assert facts["kernel"][0]["firmware"] == ("ACPI" if acpi else "device tree")
    smmu = next(s for s in facts["smmu"] if s["name"].startswith("smmu3."))
    assert smmu == {"name": "smmu3.0x0000000009050000", "kind": "SMMUv3", "stage1": "yes",
                    "stage2": "yes" if second else "no", "coherent_walk": "yes", "fwb": "no",
                    "nested": "yes" if second else "no"}
    assert [{k: m[k] for k in controller} for m in facts["msi"]] == [controller]
    assert facts["root"] == ([{"segment": "0", "canwbs": "yes"}] if acpi else [])
    option = {o["name"]: o["value"] for o in facts["option"]}
    assert option["CONFIG_IOMMUFD"] == option["CONFIG_IOMMU_MSI_SPACE"] == "y"
    drivers = {d["name"]: (d["driver"], d["group"]) for d in facts["device"]}
    edu, below, port = (drivers[f"0000:{name}"] for name in ("00:01.0", "01:00.0", "00:02.0"))
    assert (edu[0], below[0], port[0]) == ("vfio-pci", "vfio-pci", "pcieport")
    assert below[1] == port[1] != edu[1]
    assert {r["over_window"] for r in facts["region"]} == {"own"}
    assert verdicts(facts) == {OVER_WINDOW: "already", CLEAR: "no", V2: "no", PORTS: "already",
                               V3: "already" if acpi else "no"}
    refused = any("allow_unsafe_interrupts" in note["text"] for note in facts["note"])
    assert refused == (controller["isolated"] == "no")


def verdicts(facts):
    return {gain["what"]: gain["verdict"] for gain in facts["gain"]}


def ask(root, log="", *more):
    """The facts of a mock machine; log is its kernel log."""
    (root / "log").write_text(log)
    line = ["dash", CHECK, "--root", root, "--dmesg", root / "log", *more]
    for form in ([], ["--json"]):
        run = spawn(*line, *form)
        assert run.returncode == 0 and not run.stderr
    return json.loads(run.stdout)


def machine(root, smmu, device, config):
    """Create an SMMU, and a kernel with a configuration."""
    for path in ("sys/class/iommu", "sys/kernel/iommu_groups", "proc/sys/kernel"):
        (root / path).mkdir(parents=True)
    (root / "sys/class/iommu" / smmu).mkdir()
    (root / "sys/class/iommu" / smmu / "device").symlink_to(f"../../../devices/{device}")
    (root / "proc/sys/kernel/osrelease").write_text("6.12.0-made-up\n")
    configure(root, config)


def configure(root, config):
    (root / "proc/config.gz").write_bytes(gzip.compress(
        "".join(f"CONFIG_{name}=y\n" for name in config).encode()))


def group(root, number, regions, devices):
    """Create an IOMMU group with the drivers of its devices."""
    place = root / f"sys/kernel/iommu_groups/{number}"
    (place / "devices").mkdir(parents=True)
    (place / "type").write_text("DMA-FQ\n")
    (place / "reserved_regions").write_text(regions)
    for name, driver in devices.items():
        (place / "devices" / name).mkdir()
        if driver:
            (place / "devices" / name / "driver").symlink_to(f"/sys/bus/pci/drivers/{driver}")


def test_doorbell_check_tells_what_a_kernel_without_the_series_would_gain(log):
    machine(log, "smmu3.0x1", "arm-smmu-v3.0.auto", ["IOMMUFD"])
    group(log, 0, WINDOW + ABOVE, {'0000:00:01.0 "\\': None})
    group(log, 1, WINDOW + OVER, {"0000:00:02.0": "pcieport", "0000:01:00.0": "vfio-pci"})
    group(log, 2, WINDOW, {"0000:02:00.0": "nvme", "0000:02:00.1": None})
    facts = ask(log, SMMU_V3 % (BOTH_STAGES | FWB))
    assert verdicts(facts) == {OVER_WINDOW: "yes", CLEAR: "yes", V3: "yes", V2: "no",
                               PORTS: "yes"}
    assert [r["over_window"] for r in facts["region"]] == ["own", "no", "own", "yes", "own"]
    assert facts["device"][0]["name"] == '0000:00:01.0 "\\'
    notes = " ".join(note["text"] for note in facts["note"])
    assert "group 2: 0000:02:00.0 (nvme)" in notes and "group 1" not in notes
    configure(log, ["IOMMUFD", "ARM_SMMU_V3_IOMMUFD"])      # mainline's option
    facts = ask(log, SMMU_V3 % (BOTH_STAGES | FWB))
    assert verdicts(facts)[V3] == "already" and verdicts(facts)[OVER_WINDOW] == "yes"
    facts = ask(log, SMMU_V3 % BOTH_STAGES)
    assert verdicts(facts)[V3] == "no" and facts["smmu"][0]["fwb"] == "no"
    facts = ask(log, SMMU_V3 % (1 << 9 | FWB))
    assert verdicts(facts)[V3] == "no" and facts["smmu"][0]["stage2"] == "no"


def test_doorbell_check_tells_the_stages_and_table_walk_of_an_SMMUv2(log):
    machine(log, "smmu.0x000000002b400000", "2b400000.iommu", ["ARM_SMMU"])
    for prefix, walk, verdict in (("", "yes", "yes"), ("non-", "no", "no")):
        facts = ask(log, SMMU_V2 % prefix)
        smmu, = facts["smmu"]
        assert (smmu["stage1"], smmu["stage2"], smmu["coherent_walk"]) == ("yes", "yes", walk)
        assert verdicts(facts)[V2] == verdict and verdicts(facts)[V3] == "no"
    for options, verdict in ((["IOMMU_MSI_SPACE"], "yes"), (["ARM_SMMU_NESTED"], "already")):
        configure(log, options)
        assert verdicts(ask(log, SMMU_V2 % ""))[V2] == verdict
    (log / "proc/config.gz").unlink()
    assert verdicts(ask(log, SMMU_V2 % ""))[V2] == "unknown"
    for field, words in (("stage2", "stage 2"), ("nested", "nested")):
        facts = ask(log, SMMU_V2.replace(words, "other") % "")
        assert facts["smmu"][0][field] == "no" and verdicts(facts)[V2] == "no"


def iort(*nodes):
    """An IORT of nodes: (type, PCI segment, memory access flags)."""
    body = b"".join(struct.pack("<BHBIII7xBIIIII", kind, 44, 1, 0, 0, 0, flags, 0, segment, 0, 0, 0)
                    for kind, segment, flags in nodes)
    return struct.pack("<4sI28x", b"IORT", 48 + len(body)) + \
        struct.pack("<III", len(nodes), 48, 0) + body


def test_doorbell_check_reads_tables_of_ACPI_whole_cut_off_and_not_readable(log):
    machine(log, "smmu3.0x1", "arm-smmu-v3.0.auto", ["ARM_SMMU_V3_NESTED"])
    place = log / "sys/firmware/acpi/tables"
    place.mkdir(parents=True)
    # Of a MADT: a CPU, two v2m frames, an ITS.
    (place / "APIC").write_bytes(bytes(44) + bytes([0xb, 80]) + bytes(78) +
                                 2 * (bytes([0xd, 24]) + bytes(22)) + bytes([0xf, 20]) + bytes(18))
    (place / "IORT").write_bytes(iort((0, 0, 0), (2, 7, 3), (2, 1 << 20, 7), (6, 0, 0)))
    facts = ask(log, SMMU_V3 % BOTH_STAGES)
    assert [m["kind"] for m in facts["msi"]] == ["GICv2m", "GICv2m", "ITS"]
    assert facts["root"] == [{"segment": "7", "canwbs": "no"},
                             {"segment": str(1 << 20), "canwbs": "yes"}]
    assert facts["rmr"] == [{"count": "1"}]
    assert verdicts(facts)[V3] == "already"
    (place / "IORT").write_bytes(iort((2, 7, 3), (2, 8, 7))[:-1])
    (place / "APIC").write_bytes(bytes(44) + bytes([0xd, 0]))   # a length of zero: no end
    facts = ask(log, SMMU_V3 % BOTH_STAGES)
    assert [r["segment"] for r in facts["root"]] == ["7"]
    assert verdicts(facts)[V3] == "no"
    (place / "IORT").write_bytes(b"")       # as without the permission to read it
    facts = ask(log, SMMU_V3 % BOTH_STAGES)
    assert facts["root"] == [{"segment": "unknown", "canwbs": "unknown"}]
    assert verdicts(facts)[V3] == "unknown"


def test_doorbell_check_says_unknown_of_what_it_cannot_read(log):
    machine(log, "smmu3.0x1", "arm-smmu-v3.0.auto", [])
    (log / "proc/config.gz").unlink()
    facts = ask(log)
    assert facts["smmu"][0]["stage1"] == "unknown"
    assert {o["value"] for o in facts["option"]} == {"unknown"}
    assert verdicts(facts)[V3] == "unknown"
    # What there is to gain depends on the configuration.
    group(log, 0, WINDOW + OVER, {"0000:00:02.0": "pcieport", "0000:01:00.0": "vfio-pci"})
    facts = ask(log, SMMU_V3 % (BOTH_STAGES | FWB))
    assert verdicts(facts) == {OVER_WINDOW: "unknown", CLEAR: "unknown", PORTS: "unknown",
                               V3: "unknown", V2: "no"}
    assert any("/proc, /boot or /lib/modules" in note["text"] for note in facts["note"])
    config = log / "lib/modules/6.12.0-made-up/config"
    config.parent.mkdir(parents=True)
    config.write_text("CONFIG_IOMMU_MSI_SPACE=y\nCONFIG_ARM_SMMU_V3_NESTED=y\n")
    facts = ask(log, SMMU_V3 % (BOTH_STAGES | FWB))
    assert verdicts(facts) == {OVER_WINDOW: "already", CLEAR: "already", PORTS: "already",
                               V3: "already", V2: "no"}
    config.unlink()
    # If the kernel may not know the bit, its absence from the log means nothing.
    facts = ask(log, SMMU_V3 % BOTH_STAGES)
    assert facts["smmu"][0]["fwb"] == "unknown" and verdicts(facts)[V3] == "unknown"
    empty = log / "empty"
    empty.mkdir()
    facts = ask(empty)
    assert not facts["smmu"] and set(verdicts(facts).values()) == {"no"}
    assert any("no IOMMU is in use" in note["text"] for note in facts["note"])


def test_doorbell_check_refuses_arguments_that_it_does_not_know_and_has_a_help():
    for line in (["--nosuch"], ["--root"], ["--root", "/nonexistent"]):
        run = spawn("dash", CHECK, *line)
        assert run.returncode == 2 and run.stderr and not run.stdout
    run = spawn("dash", CHECK, "--help")
    assert run.returncode == 0 and "Usage: msi-doorbell-check" in run.stdout
