/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOVAs that the buses of attached devices do not carry to the IOMMU, see bus.c.
 *
 * Includes nothing of the other files of drivers/iommu/msi.
 */
#ifndef __IOMMU_MSI_BUS_H
#define __IOMMU_MSI_BUS_H

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct device;
struct msi_bus;

/**
 * struct msi_bus_limits - What the buses of the devices of an IOVA space do not carry
 * @unreachable: Interval tree of ranges of IOVAs in bytes. Those of several buses may
 *	overlap.
 * @buses: List of struct msi_bus
 *
 * Changes under the owner's lock of the IOVA space, which is enough to read it.
 */
struct msi_bus_limits {
	struct rb_root_cached unreachable;
	struct list_head buses;
};

void msi_bus_limits_init(struct msi_bus_limits *limits);
void msi_bus_limits_destroy(struct msi_bus_limits *limits);
struct msi_bus *msi_bus_get(struct msi_bus_limits *limits, struct device *dev);
void msi_bus_put(struct msi_bus_limits *limits, struct msi_bus *bus);

/**
 * msi_bus_reaches - Check whether all devices can write to a range
 * @limits: The limits of their buses
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * Context: The owner's lock is held. O(log n).
 * Return: true if no bus is known to keep such writes from the IOMMU.
 */
static inline bool msi_bus_reaches(struct msi_bus_limits *limits,
				   unsigned long start, unsigned long last)
{
	return !interval_tree_iter_first(&limits->unreachable, start, last);
}

#endif
