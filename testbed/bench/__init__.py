# SPDX-License-Identifier: GPL-2.0
"""`make bench`: exact instruction counts, the patched kernel beside the pristine one.

A new figure needs a program of testbed/guest that calls report() of bench.h, a line in
programs.py and a call in guest/bench-run, in one of the machines of runs.py. A figure
that the pristine kernel does not have is shown without a ratio. The series' goals for
the figures are in goals.py. Code that has to count in the kernel is in kernel/, which
is built into separate kernels.
"""
