# SPDX-License-Identifier: GPL-2.0
"""The virtual machine of the test bed: how it is started, and how its run is judged."""
