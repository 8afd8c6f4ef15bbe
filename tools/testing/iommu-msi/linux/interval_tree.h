/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own: tools/include has what it is made of only. */
#include "../../../../include/linux/interval_tree.h"
