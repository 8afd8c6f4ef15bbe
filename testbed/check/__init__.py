# SPDX-License-Identifier: GPL-2.0
"""The driver of `make check`: KTAP in, one table and one report out."""
