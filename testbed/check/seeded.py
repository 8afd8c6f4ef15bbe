# SPDX-License-Identifier: GPL-2.0
"""Proves that the comparison of log and journal detects errors: each true log must be accepted,
and each log with one seeded error must be rejected. The journals are text, so that parsing
errors are detected as well."""

from dataclasses import dataclass

from check.journal import read_journal, unreported
from check.replay import mismatch, of_others, strays, without_host_driver, wrong_accesses
from check.smmu_log import Fault, Record, Translation

DOORBELL, MEMORY = 0x8090040, 0x42000000


def went(iova, physical=MEMORY, stage=1, sid=8):
    """A Translation, by default to memory and by stage 1."""
    return Translation(sid, iova, physical, stage)


# The possible entries of a log. The doorbell is at 0xfc000000, and is relocated to 0x9000000.
SEEN = {
    "first": went(0x8000000), "second": went(0x8001000), "third": went(0x8002000),
    "amid": went(0x8001800), "unasked": went(0xa000000), "stray": went(0x8000fff, 0x8090fff),
    "first-to-page": went(0x8000000, 0x8090000), "second-to-page": went(0x8001000, 0x8090000),
    "first-blocked": Fault(8, 0x8000000, "abort"),
    "msi": went(0xfc000040, DOORBELL), "msi-of-other": went(0xfc000040, DOORBELL, sid=16),
    "msi-moved": went(0x9000040, DOORBELL), "msi-elsewhere": went(0x8000040, DOORBELL),
    "msi-beside": went(0xfc000042, DOORBELL), "msi-to-page": went(0xfc000040, 0x8090000),
    "msi-to-memory": went(0xfc000040), "msi-blocked": Fault(8, 0xfc000040, "F_TRANSLATION"),
    "msi-2": went(0xfc000040, DOORBELL, 2), "msi-3": went(0xfc000040, DOORBELL, 3),
    "msi-3-moved": went(0x9000040, DOORBELL, 3), "msi-3-elsewhere": went(0x40, DOORBELL, 3),
    "msi-3-to-memory": went(0xfc000040, stage=3), "dma-to-doorbell": went(0x10000000, DOORBELL, 3),
    "dma-1": went(0x10000000), "dma-2": went(0x10000000, stage=2),
    "dma-3": went(0x10000000, stage=3),
    "fault": Fault(8, 0x10000000, "F_TRANSLATION"), "aborted": Fault(8, 0x10000000, "abort"),
    "fault-later": Fault(8, 0x10000004, "F_TRANSLATION"),
    "fault-of-access": Fault(8, 0x10000000, "F_ACCESS"),
}


@dataclass
class Story:
    """A journal, logs that match it, and logs that do not, by their error."""
    journal: str
    true: list
    spoilt: dict


STEADY = Story("""# doorbell device=0000:00:01.0 iova=0xfc000000 length=0x1000 vectors=1 phase=map
    # dma device=0000:00:01.0 iova=0x8000000 length=0x2000 access=write
# msi device=0000:00:01.0 iova=0xfc000000 raised=2 received=2
# dma device=0000:00:01.0 iova=0x8000000 length=0x1000 access=read
""", ["first second msi msi first", "first msi msi first"], {
    "an MSI is lost": "first second msi first",
    "an MSI comes twice": "first second msi msi msi first",
    "an MSI goes by an IOVA that is not its doorbell's": "first second msi msi-elsewhere first",
    "an MSI is written beside the doorbell's register": "first second msi msi-beside first",
    "an MSI goes to memory": "first second msi msi-to-memory first",
    "an MSI goes to another register": "first second msi msi-to-page first",
    "another device sends it": "first second msi msi-of-other first",
    "DMA goes to the doorbell's page": "first-to-page second msi msi first",
    "DMA goes on to the doorbell's page": "first second-to-page msi msi first",
    "DMA goes nowhere": "first second msi msi",
    "DMA goes elsewhere": "unasked second msi msi first",
    "DMA begins with its second page": "second msi msi first",
    "DMA begins amid a page": "amid msi msi first",
    "DMA begins twice": "first first second msi msi first",
    "DMA goes on amid a page": "first amid msi msi first",
    "DMA goes on after its end": "first second third msi msi first",
    "DMA is blocked, and no route says so": "first-blocked msi msi first",
    "DMA comes unasked": "first second msi msi first unasked"})
IDLE = Story("# doorbell device=0000:00:01.0 iova=unreported phase=attached",
             ["", "msi-of-other"], {
    "a device that only has a doorbell does something": "msi"})
BLIND = Story("# msi device=0000:00:01.0 iova=unreported raised=2 received=2",
              ["msi msi", "msi msi-moved"], {
    "an MSI by an unreported IOVA is lost": "msi",
    "an MSI by an unreported IOVA comes twice": "msi msi msi",
    "an MSI by an unreported IOVA goes to memory": "msi msi-to-memory",
    "an MSI by an unreported IOVA is blocked": "msi msi-blocked"})
TWO = Story(STEADY.journal + "# msi device=0000:00:02.0 iova=0xfc000000 raised=1 received=1",
            ["msi-of-other first second msi msi first"], {
    "an MSI of one device of two is lost": "first second msi msi first"})
# The second of three interrupts is raised while the doorbell is relocated.
MOVE = Story("    # msi device=0000:00:01.0 iova=0xfc000000*1,0xfc000000|0x9000000*1,0x9000000*1 "
             "raised=3 received=3", ["msi msi msi-moved", "msi msi-moved msi-moved"], {
    "an MSI goes by the old place after the move": "msi msi-moved msi",
    "an MSI goes by the new place before the move": "msi-moved msi-moved msi-moved",
    "an MSI goes by neither place": "msi msi-elsewhere msi-moved",
    "an MSI is lost in the move": "msi msi-moved",
    "an MSI comes twice in the move": "msi msi msi-moved msi-moved",
    "an MSI goes to what the user mapped over the old place": "msi msi-moved msi-to-memory"})
# Routes that change, as a guest's tables do; the last access may be missing.
ROUTED = Story("""# route device=0000:00:01.0 iova=0x10000000 stage=3
    # dma device=0000:00:01.0 iova=0x10000000 length=0x1000 access=write
# route device=0000:00:01.0 iova=0x10000000 stage=none event=F_TRANSLATION
# dma device=0000:00:01.0 iova=0x10000000 length=0x8 access=read
# route device=0000:00:01.0 iova=0xfc000000 stage=2|3
# msi device=0000:00:01.0 iova=0xfc000000 raised=2 received=2
# route device=0000:00:01.0 iova=0x10000000 stage=3
# dma device=0000:00:01.0 iova=0x10000000 length=0x1000 access=write
# msi device=0000:00:01.0 iova=0xfc000000|0x9000000*1 raised=1 received=1
# route device=0000:00:01.0 iova=0x10000000 stage=1|never
# dma device=0000:00:01.0 iova=0x10000000 length=0x1000 access=write
""", ["dma-3 fault fault-later msi-2 msi-3 dma-3 msi-3-moved",
      "dma-3 fault fault-later msi-3 msi-2 dma-3 msi-3 dma-1"], {
    "a DMA takes stage 2 alone": "dma-2 fault fault-later msi-2 msi-3 dma-3 msi-3-moved",
    "a DMA goes to the doorbell": "dma-to-doorbell fault fault-later msi-2 msi-3 dma-3 msi-3-moved",
    "a DMA that is to be blocked is not": "dma-3 dma-3 msi-2 msi-3 dma-3 msi-3-moved",
    "a DMA that is to be recorded is not": "dma-3 msi-2 msi-3 dma-3 msi-3-moved",
    "it is aborted in silence": "dma-3 aborted msi-2 msi-3 dma-3 msi-3-moved",
    "it is recorded as something else": "dma-3 fault-of-access msi-2 msi-3 dma-3 msi-3-moved",
    "its first part is refused twice": "dma-3 fault fault msi-2 msi-3 dma-3 msi-3-moved",
    "a DMA is blocked": "fault fault fault-later msi-2 msi-3 dma-3 msi-3-moved",
    "an interrupt is lost": "dma-3 fault fault-later msi-2 dma-3 msi-3-moved",
    "an interrupt comes twice": "dma-3 fault fault-later msi-2 msi-3 msi-2 dma-3 msi-3-moved",
    "an interrupt takes stage 1 alone": "dma-3 fault fault-later msi-2 msi dma-3 msi-3-moved",
    "an interrupt goes to memory":
        "dma-3 fault fault-later msi-2 msi-3-to-memory dma-3 msi-3-moved",
    "an interrupt goes by the new place before its time":
        "dma-3 fault fault-later msi-2 msi-3-moved dma-3 msi-3-moved",
    "an interrupt goes by a third place":
        "dma-3 fault fault-later msi-2 msi-3 dma-3 msi-3-elsewhere",
    "an interrupt is blocked": "dma-3 fault fault-later msi-2 msi-3 dma-3 msi-blocked",
    "a fault is of no access": "dma-3 fault fault-later msi-2 msi-3 dma-3 msi-3-moved fault",
    "a DMA that may be left out takes another stage":
        "dma-3 fault fault-later msi-2 msi-3 dma-3 msi-3-moved dma-3",
    "a DMA comes unasked": "dma-3 fault fault-later msi-2 msi-3 dma-3 msi-3-moved dma-1 dma-1"})

# Lines of QEMU's log, one of each kind.
LINES = """smmuv3_translate_success smmuv3-iommu-memory-region-8-2 sid=0x8 iova=0xfc000040 \
translated=0x8090040 perm=0x2 stage=3
smmuv3-iommu-memory-region-8-2 translation failed for iova=0x10000000 (SMMU_EVT_F_TRANSLATION)
smmuv3_translate_abort smmuv3-iommu-memory-region-8-2 sid=0x8 abort on iova:0x10000000 is_write=0
smmuv3_record_event SMMU_EVT_F_TRANSLATION sid=0x8
smmuv3_cmdq_consume_error Error on SMMU_CMD_CFGI_STE command execution: 2
smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC
"""


def log(words):
    """The log of the entries with these names in SEEN."""
    return [SEEN[word] for word in words.split()]


def overlooked_beside():
    """As overlooked(), for the checks of a log other than the comparison itself."""
    entries = read_journal(STEADY.journal)
    true = log(STEADY.true[0])
    if strays(true + log("msi-of-other"), entries, DOORBELL):
        yield "true interrupts are called stray"
    if strays(log(STEADY.true[0] + " stray"), entries, DOORBELL) != log("stray"):
        yield "another IOVA leads to the doorbell"
    if without_host_driver(log("msi unasked msi-of-other") + true, entries, 8) != \
            log("msi-of-other") + true:
        yield "what a driver of the host did is taken for the journal's"
    if of_others(log("msi msi-of-other"), entries) != [str(SEEN["msi-of-other"])]:
        yield "a device that the journal does not name does something"
    record = Record()
    for line in LINES.splitlines(True):
        record.enter(line)
    if record != Record(log("msi-3 fault aborted"), ["SMMU_EVT_F_TRANSLATION sid=0x8"],
                        ["Error on SMMU_CMD_CFGI_STE command execution: 2"]):
        yield "a log is misread"
    blind = read_journal(BLIND.journal)
    if unreported(entries + read_journal(IDLE.journal)) or \
            not wrong_accesses(log("msi msi"), blind, DOORBELL):
        yield "an interrupt's IOVA is not reported"
    if wrong_accesses(true, entries, DOORBELL) or not wrong_accesses([], [], DOORBELL):
        yield "there is no access at all"


def overlooked():
    """What the comparison gets wrong, one line each; empty if it is reliable."""
    wrong = []
    for story in (STEADY, IDLE, BLIND, TWO, MOVE, ROUTED):
        entries = read_journal(story.journal)
        wrong += [f"a true story is not believed: {words}: {difference}" for words in story.true
                  if (difference := mismatch(log(words), entries, DOORBELL))]
        wrong += [how for how, words in story.spoilt.items()
                  if not mismatch(log(words), entries, DOORBELL)]
    return "\n".join([*wrong, *overlooked_beside()])
