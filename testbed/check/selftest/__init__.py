# SPDX-License-Identifier: GPL-2.0
"""The test bed tested by itself; testbed/suites/harness runs what is here.

Each module gives cases(): a list of (name, function); a function that raises
AssertionError has failed, with that text.
"""


def expect(condition, text):
    """assert, without the option to switch it off."""
    if not condition:
        raise AssertionError(text)
