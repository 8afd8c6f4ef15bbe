/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rule by which an MSI doorbell is given an IOVA, see placement.c.
 *
 * This is the lowest layer of drivers/iommu/msi: it includes none of the others.
 */
#ifndef __IOMMU_MSI_PLACEMENT_H
#define __IOMMU_MSI_PLACEMENT_H

#include <linux/interval_tree.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/* How many slots of the window are candidates: all 4 KiB slots of the legacy one */
#define MSI_PLACEMENT_WINDOW_SLOTS 256

/**
 * struct msi_placement_ops - Queries to the owner of an IOVA space
 * @first_taken: Find the lowest range that the owner mapped or reserved in
 *	*@start..*@last, and set both to it; it may extend beyond what was asked for.
 *	Return false if there is none. O(log n). Doorbells must be ignored.
 * @is_claimed: Check whether the user said that it will map within @start..@last.
 *	O(log n).
 * @interrupted: Check whether to give up. Called before each step of a walk over
 *	holes, not while candidates are probed.
 *
 * None of these is optional. IOVAs are in bytes, ranges include their last byte and
 * are not empty.
 *
 * Guarantees: all calls of one search come from its thread, and the answers of the
 * first two do not change until msi_placement_find() returns, nor do the interval
 * trees of struct msi_placement.
 */
struct msi_placement_ops {
	bool (*first_taken)(void *owner, unsigned long *start,
			    unsigned long *last);
	bool (*is_claimed)(void *owner, unsigned long start,
			   unsigned long last);
	bool (*interrupted)(void *owner);
};

/**
 * struct msi_placement - What a place for a doorbell has to satisfy
 * @ops: Queries to the owner of the IOVA space
 * @owner: Argument of @ops
 * @places: Interval tree of the places of all doorbells, also of those that they are
 *	about to leave
 * @unreachable: Interval tree of ranges that a device's bus does not carry to the
 *	IOMMU, or NULL
 * @slot_size: Size and alignment of a place in bytes, a power of two
 * @window_start: First IOVA of the window that is tried first, lowest slot first
 * @window_last: Its last IOVA; below @window_start if there is no window
 * @first: Lowest IOVA that every page table of the space translates
 * @last: Highest such IOVA, @first..@last is the aperture
 * @below_4g: A device of the space has MSI addresses of 32 bits only
 * @from_top: Candidates are the last slots of the aperture, highest first, and no others
 * @only_reachable: Fail rather than use IOVAs in @unreachable
 * @avoid_start: First IOVA of a range that is about to be mapped
 * @avoid_last: Its last IOVA; below @avoid_start if there is no such range
 * @also: What the place has to satisfy in another space, too, or NULL; its window,
 *	@from_top, @only_reachable and what its owner claimed are ignored
 */
struct msi_placement {
	const struct msi_placement_ops *ops;
	void *owner;
	struct rb_root_cached *places;
	struct rb_root_cached *unreachable;
	unsigned long slot_size;
	unsigned long window_start;
	unsigned long window_last;
	unsigned long first;
	unsigned long last;
	bool below_4g;
	bool from_top;
	bool only_reachable;
	unsigned long avoid_start;
	unsigned long avoid_last;
	const struct msi_placement *also;
};

int msi_placement_find(const struct msi_placement *placement,
		       unsigned long *iova);

#endif
