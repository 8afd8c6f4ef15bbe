# SPDX-License-Identifier: GPL-2.0
"""Assigns what it never reads."""


def seeded():
    never_read = 1
