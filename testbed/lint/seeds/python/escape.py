# SPDX-License-Identifier: GPL-2.0
"""A bad escape sequence: a warning when the file is compiled."""
PATTERN = "\d+"
