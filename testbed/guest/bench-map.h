/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An IOVA space with a device attached, as bench-map.c wants to have it. Both
 * owners of such spaces implement it: bench-iommufd.c, bench-type1.c.
 */
#ifndef GUEST_BENCH_MAP_H
#define GUEST_BENCH_MAP_H

#include <linux/types.h>

#define PAGE 4096

struct space {
	const char *name;
	/* An empty space, and the PCI device @bdf attached; ends the program on failure */
	void (*open)(const char *bdf);
	/* One mapping, readable and writable for the device. Return 0 or a negative errno */
	int (*map)(void *va, __u64 iova, __u64 length);
	int (*unmap)(__u64 iova, __u64 length);
};

extern const struct space iommufd_space;
extern const struct space type1_space;

#endif
