/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface of bench-map.c to an IOVA space with a device attached.
 * bench-iommufd.c and bench-type1.c implement it.
 */
#ifndef GUEST_BENCH_MAP_H
#define GUEST_BENCH_MAP_H

#include <linux/types.h>

#define PAGE 4096

struct space {
	const char *name;
	/* Create an empty space and attach the PCI device @bdf; exits on failure */
	void (*open)(const char *bdf);
	/* One mapping, readable and writable by the device. Return 0 or a negative errno */
	int (*map)(void *va, __u64 iova, __u64 length);
	int (*unmap)(__u64 iova, __u64 length);
};

extern const struct space iommufd_space;
extern const struct space type1_space;

#endif
