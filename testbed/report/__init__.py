# SPDX-License-Identifier: GPL-2.0
"""make report: the newest runs as one HTML page, and for KernelCI's database."""
