# SPDX-License-Identifier: GPL-2.0
"""Does not compile."""
def seeded(:
    pass
