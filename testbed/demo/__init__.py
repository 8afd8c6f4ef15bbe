# SPDX-License-Identifier: GPL-2.0
"""The demonstration of `make run`, and the record of what the SMMU actually translated."""
