# SPDX-License-Identifier: GPL-2.0
"""Imports what it does not use and uses what it does not define."""
import os


def seeded():
    return undefined_name
