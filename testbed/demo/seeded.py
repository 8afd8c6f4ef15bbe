# SPDX-License-Identifier: GPL-2.0
"""Proves that the comparison of trace and journal has eyes: each story below is
spoilt in one way, and has to be found out."""

from demo.translations import Action, Translation, mismatch, read_journal, strays

DOORBELL = 0x8090040
PLACE = 0xfc000000
JOURNAL = [Action("dma", 8, 0x8000000, length=0x2000),
           Action("msi", 8, PLACE, count=2, received=2),
           Action("dma", 8, 0x8000000, length=0x1000)]
MSI = Translation(8, PLACE + 0x40, DOORBELL, 1)
FIRST = Translation(8, 0x8000000, 0x42000000, 1)
SECOND = Translation(8, 0x8001000, 0x42345000, 1)
TRUE = [FIRST, SECOND, MSI, MSI, FIRST]
SPOILT = {
    "an MSI is lost": [FIRST, SECOND, MSI, FIRST],
    "an MSI comes twice": [FIRST, SECOND, MSI, MSI, MSI, FIRST],
    "an MSI goes by the old place":
        [FIRST, SECOND, MSI, Translation(8, 0x8000040, DOORBELL, 1), FIRST],
    "an MSI goes to memory":
        [FIRST, SECOND, MSI, Translation(8, PLACE + 0x40, 0x42000040, 1), FIRST],
    "another device sends it": [FIRST, SECOND, MSI, Translation(16, PLACE + 0x40, DOORBELL, 1),
                                FIRST],
    "DMA goes to the doorbell":
        [FIRST, Translation(8, 0x8001000, 0x8090000, 1), MSI, MSI, FIRST],
    "DMA goes nowhere": [FIRST, SECOND, MSI, MSI],
    "DMA goes elsewhere": [Translation(8, 0x9000000, 0x42000000, 1), SECOND, MSI, MSI, FIRST],
    "DMA comes unasked": [*TRUE, Translation(8, 0x9000000, 0x42000000, 1)],
}
# A doorbell that is moved while its device sends: the second interrupt may go by either.
MOVED = 0x8001000
MOVES = [Action("msi", 8, PLACE, count=1, received=1),
         Action("msi", 8, PLACE, count=1, received=1, moved=MOVED),
         Action("msi", 8, MOVED, count=1, received=1)]
LINE = f"    # msi device=0000:00:01.0 iova={PLACE:#x}*1,{PLACE:#x}|{MOVED:#x}*1,{MOVED:#x}*1 " \
       "raised=3 received=3"
NEW = Translation(8, MOVED + 0x40, DOORBELL, 1)
SPOILT_MOVES = {
    "an MSI goes by the old place after the move": [MSI, NEW, MSI],
    "an MSI goes by the new place before the move": [NEW, NEW, NEW],
    "an MSI goes by neither place": [MSI, Translation(8, 0x8002040, DOORBELL, 1), NEW],
    "an MSI is lost in the move": [MSI, NEW],
    "an MSI comes twice in the move": [MSI, MSI, NEW, NEW],
    "an MSI goes to what the user mapped over the old place":
        [MSI, NEW, Translation(8, PLACE + 0x40, 0x42000040, 1)],
}
STRAY = Translation(8, 0x8000fff, 0x8090fff, 1)


def overlooked():
    """What the comparison gets wrong, one line each; empty if it can be relied on."""
    wrong = [story for story, trace in SPOILT.items() if not mismatch(trace, JOURNAL, DOORBELL)]
    if mismatch(TRUE, JOURNAL, DOORBELL) or strays(TRUE, JOURNAL, DOORBELL):
        wrong.append("a true story is not believed")
    wrong += [story for story, trace in SPOILT_MOVES.items()
              if not mismatch(trace, MOVES, DOORBELL)]
    if any(mismatch([MSI, middle, NEW], MOVES, DOORBELL) for middle in (MSI, NEW)):
        wrong.append("a true story of a move is not believed")
    if read_journal(LINE) != MOVES:
        wrong.append("a journal of moves is misread")
    if mismatch([Translation(16, PLACE + 0x40, DOORBELL, 1), *TRUE],
                [*JOURNAL, Action("msi", 16, PLACE, count=1, received=1)], DOORBELL):
        wrong.append("two devices at work at the same time are not believed")
    if not mismatch(TRUE, [*JOURNAL, Action("msi", 16, PLACE, count=1, received=1)], DOORBELL):
        wrong.append("an MSI of one device of two is lost")
    if strays([*TRUE, STRAY], JOURNAL, DOORBELL) != [STRAY]:
        wrong.append("another IOVA leads to the doorbell")
    return "\n".join(wrong)
