#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints the mails of make series as one mbox, a thread below the cover letter.

b4 needs message IDs, which the mails of git format-patch lack. Here they are derived from the
mails' text, so the same series always has the same IDs.

Usage: mbox.py DIRECTORY
"""

import hashlib
import re
import sys
from pathlib import Path

SEPARATOR = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"
FIRST_LINE = re.compile(rb"\AFrom [0-9a-f]{40} [^\n]*\n")
# b4 0.12 does not accept a folded From header.
FOLD = re.compile(rb"\n[ \t]+")
# Lines that would look like the start of the next mail in an mbox, quoted as in mboxrd.
QUOTED = re.compile(rb"^(>*From )", re.MULTILINE)


def named(text, identity, above):
    """One mail of the mbox, as a reply to the mail with the ID `above`, if there is one."""
    head, empty, body = FIRST_LINE.sub(b"", text).partition(b"\n\n")
    head = FOLD.sub(b" ", head)
    head += b"\nMessage-Id: <" + identity + b">"
    if above:
        head += b"\nIn-Reply-To: <" + above + b">\nReferences: <" + above + b">"
    return SEPARATOR + head + empty + QUOTED.sub(rb">\1", body).rstrip(b"\n") + b"\n\n"


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        sys.exit(__doc__)
    mails = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("[0-9]*.patch"))]
    if not mails:
        sys.exit(f"error: no mails in {sys.argv[1]}")
    series = hashlib.sha256(b"".join(mails)).hexdigest()[:16].encode()
    for number, text in enumerate(mails):
        identity = b"%04d.%s@msi-doorbells" % (number, series)
        above = b"0000.%s@msi-doorbells" % series if number else b""
        sys.stdout.buffer.write(named(text, identity, above))


if __name__ == "__main__":
    main()
