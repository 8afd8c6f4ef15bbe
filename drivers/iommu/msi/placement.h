/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rule by which an MSI doorbell is given an IOVA.
 *
 * Private to drivers/iommu: space.c calls it, placement-test.c tests it.
 */
#ifndef __IOMMU_MSI_PLACEMENT_H
#define __IOMMU_MSI_PLACEMENT_H

#include <linux/interval_tree.h>
#include <linux/iommu-msi.h>
#include <linux/rbtree.h>

/**
 * struct msi_placement - What a place for a doorbell has to satisfy
 * @ops: Questions to the owner of the IOVA space
 * @owner: Argument of @ops
 * @places: Interval tree of the places of all doorbells
 * @old_places: Interval tree of the places that doorbells are about to leave
 * @slot_size: Size and alignment of a place in bytes, a power of two
 * @window: Window that is tried first, lowest slot first
 * @first: Lowest IOVA that every page table of the space translates
 * @last: Highest such IOVA, @first..@last is the aperture
 * @below_4g: A device of the space has MSI addresses of 32 bits only
 * @avoid_start: First IOVA of a range that is about to be mapped
 * @avoid_last: Its last IOVA; below @avoid_start if there is no such range
 * @also: What the place has to satisfy in another space, too, or NULL; its @window
 *	is not looked at
 */
struct msi_placement {
	const struct iommu_msi_owner_ops *ops;
	void *owner;
	struct rb_root_cached *places;
	struct rb_root_cached *old_places;
	unsigned long slot_size;
	struct iommu_msi_window window;
	unsigned long first;
	unsigned long last;
	bool below_4g;
	unsigned long avoid_start;
	unsigned long avoid_last;
	const struct msi_placement *also;
};

struct interval_tree_node *
msi_placement_first_taken(const struct msi_placement *placement,
			  unsigned long start, unsigned long last);
int msi_placement_find(const struct msi_placement *placement,
		       unsigned long *iova);

#endif
