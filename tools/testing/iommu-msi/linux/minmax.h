/* SPDX-License-Identifier: GPL-2.0-only */
/* tools/include has most of it elsewhere. */
#ifndef _TEST_LINUX_MINMAX_H
#define _TEST_LINUX_MINMAX_H

#include <linux/kernel.h>

#define max3(x, y, z) max(max(x, y), z)

#endif
