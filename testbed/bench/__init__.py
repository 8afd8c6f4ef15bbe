# SPDX-License-Identifier: GPL-2.0
"""`make bench`: exact instruction counts, the patched kernel beside the pristine one.

A new figure is a program of testbed/guest that calls report() of bench.h, with its
line in programs.py and its call in guest/bench-run. One that the pristine kernel does
not have is shown without a ratio. What a figure may be at most stands in figures.py.
"""
