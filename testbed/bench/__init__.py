# SPDX-License-Identifier: GPL-2.0
"""`make bench`: exact instruction counts, the patched kernel beside the pristine one."""
