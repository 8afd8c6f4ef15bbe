/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own header: tools/include has only those that it includes. */
#include "../../../../include/linux/interval_tree.h"
