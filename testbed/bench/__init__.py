# SPDX-License-Identifier: GPL-2.0
"""`make bench`: exact instruction counts, the patched kernel beside the pristine one.

A new figure is a program of testbed/guest that calls report() of bench.h, with its
line in programs.py and its call in guest/bench-run, in one of the machines of runs.py.
One that the pristine kernel does not have is shown without a ratio. What the series
promises of the figures stands in goals.py. What only code in the kernel can count is
in kernel/, which is built into kernels of its own.
"""
