# SPDX-License-Identifier: GPL-2.0
"""make report: the newest runs as one page to look at, and for KernelCI's database."""
