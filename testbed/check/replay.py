# SPDX-License-Identifier: GPL-2.0
"""Walks what QEMU's SMMU did for one device along the journal that the device's user kept.

Both are in order, so each entry of the one must have its place in the other. What an entry of
the journal may look like in the log is for a subclass to say: demo/translations.py knows
translations alone, check/routes.py stages and faults as well.
"""


class Mismatch(Exception):
    """Log and journal tell different stories; the text says where they part."""


class Replay:
    """One device's log and how far it has been walked; raises Mismatch where they differ."""

    # What the log has more of than the journal tells.
    UNASKED = "accesses that nobody asked for"

    def __init__(self, seen, doorbell):
        self.seen = seen
        self.doorbell = doorbell
        self.next = 0

    def run(self, entries):
        """All of the journal, and nothing but."""
        for entry in entries:
            self.one(entry)
        if self.next < len(self.seen):
            raise Mismatch(f"{len(self.seen) - self.next} {self.UNASKED}, first: {self.upcoming()}")

    def one(self, entry):
        """Take what belongs to one entry of the journal."""
        raise NotImplementedError

    def upcoming(self):
        """What the log has next, or None at its end."""
        return self.seen[self.next] if self.next < len(self.seen) else None


def mismatch(replay, seen, entries, doorbell):
    """Where the log and the journal part, by this kind of Replay; empty if nowhere."""
    for sid in sorted({entry.sid for entry in entries}):
        try:
            replay([s for s in seen if s.sid == sid],
                   doorbell).run([entry for entry in entries if entry.sid == sid])
        except Mismatch as difference:
            return str(difference)
    return ""
