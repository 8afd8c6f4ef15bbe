/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's header has beyond the one for user space. */
#include_next <linux/limits.h>

#ifndef ULONG_MAX
#define ULONG_MAX (~0UL)
#endif
