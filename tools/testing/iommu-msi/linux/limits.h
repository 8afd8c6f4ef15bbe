/* SPDX-License-Identifier: GPL-2.0-only */
/* Definitions of the kernel's header that the one for user space lacks. */
#include_next <linux/limits.h>

#ifndef ULONG_MAX
#define ULONG_MAX (~0UL)
#endif
