// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rule by which an MSI doorbell is given an IOVA.
 *
 * The result depends only on struct msi_placement and the answers of the owner to it,
 * never on time or chance. Candidates are tried in this order, and the first free one
 * is taken:
 *
 *  1. the first 256 slots of the window, lowest first. Unless the user chose it, that
 *     is the one that the IOMMU driver reports (0x8000000..0x80fffff), since user
 *     space has relied on it for as long as there are SMMU drivers;
 *  2. 4 GiB - k * 64 MiB, for k = 1..63: any device can send an MSI there;
 *  3. if all devices can send to 64-bit addresses, the last slot of the aperture
 *     minus 1, 2, 4, 8 and so on slots: however many mappings a user packs from the
 *     top, one candidate is left.
 *
 * If each slot of the aperture maps one range only (msi_placement::from_top), a
 * doorbell costs the user a whole slot. Then the candidates are the last 256 slots
 * instead, highest first: what is mapped from 0 up does not meet them.
 *
 * A candidate that the user claimed (IOMMU_IOAS_ALLOW_IOVAS) is taken only if there
 * is no other. Only when all are taken is the whole aperture walked, and the highest
 * free slot used.
 *
 * Ranges that a device's bus does not carry to the IOMMU are avoided: the search is
 * done without them first, and with them if that finds nothing. A user for whom a
 * device works in spite of its firmware does not lose it by this.
 *
 * IOVA 0 is never used: too much software takes it for "no address".
 *
 * Cost: what a slot may collide with (the owner's mappings, doorbells, unreachable
 * ranges) is found in O(log n). The candidates are at most 256 + 63 + 64, whatever
 * the user maps and however long the window is. A walk takes a step for each thing
 * that it collides with, O(n log n), and checks before each step whether it is
 * interrupted. The caller holds the owner's lock and needs no other.
 *
 * tools/testing/iommu-msi/ builds this file as a user-space program: of the kernel it
 * needs nothing but interval trees and arithmetic.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "placement.h"

#define MSI_PLACEMENT_LOW_END SZ_4G
#define MSI_PLACEMENT_LOW_STEP SZ_64M

/* State of one search: where it looks, and the best place so far */
struct msi_search {
	const struct msi_placement *placement;
	unsigned long first;
	unsigned long last;
	bool only_reachable;
	unsigned long iova;
	bool found;
};

/* The lowest thing in a range that a doorbell must not overlap */
struct msi_obstacle {
	unsigned long from; /* Start of the range */
	unsigned long start; /* Last IOVA of the range, until found */
	unsigned long last;
	bool found;
};

/* Obstacles */

static void msi_obstacle_lower(struct msi_obstacle *obstacle,
			       unsigned long start, unsigned long last)
{
	if (start > last || start > obstacle->start || last < obstacle->from)
		return;
	start = max(start, obstacle->from);
	/* Of two with the same start, the longer one: none is met twice */
	if (obstacle->found && start == obstacle->start)
		last = max(last, obstacle->last);
	obstacle->start = start;
	obstacle->last = last;
	obstacle->found = true;
}

static void msi_obstacle_in_tree(struct msi_obstacle *obstacle,
				 struct rb_root_cached *tree)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(tree, obstacle->from, obstacle->start);
	if (node)
		msi_obstacle_lower(obstacle, node->start, node->last);
}

static void msi_obstacle_of_owner(struct msi_obstacle *obstacle,
				  const struct msi_placement *p)
{
	unsigned long start = obstacle->from, last = obstacle->start;

	if (p->ops->first_taken(p->owner, &start, &last))
		msi_obstacle_lower(obstacle, start, last);
}

/* Find the lowest obstacle in @start..@last. O(log n). */
static struct msi_obstacle msi_search_obstacle(const struct msi_search *search,
					       unsigned long start,
					       unsigned long last)
{
	struct msi_obstacle obstacle = { .from = start, .start = last };
	const struct msi_placement *p;

	for (p = search->placement; p; p = p->also) {
		msi_obstacle_lower(&obstacle, p->avoid_start, p->avoid_last);
		msi_obstacle_in_tree(&obstacle, p->places);
		if (search->only_reachable && p->unreachable)
			msi_obstacle_in_tree(&obstacle, p->unreachable);
		msi_obstacle_of_owner(&obstacle, p);
	}
	return obstacle;
}

/* Candidates */

/*
 * Try the slot at @iova. Return true if the search is over. A slot that the
 * user has claimed is remembered, but does not end it.
 */
static bool msi_search_probe(struct msi_search *search, unsigned long iova)
{
	const struct msi_placement *p = search->placement;
	unsigned long last = iova + p->slot_size - 1;
	bool claimed;

	if (iova < search->first || last > search->last || last < iova ||
	    !IS_ALIGNED(iova, p->slot_size))
		return false;
	if (msi_search_obstacle(search, iova, last).found)
		return false;

	claimed = p->ops->is_claimed(p->owner, iova, last);
	if (!claimed || !search->found)
		search->iova = iova;
	search->found = true;
	return !claimed;
}

static bool msi_search_window(struct msi_search *search)
{
	const struct msi_placement *p = search->placement;
	unsigned long first = max(p->window_start, search->first);
	unsigned long last = min(p->window_last, search->last);
	unsigned long iova = ALIGN(first, p->slot_size);
	unsigned long i, slots;

	/* The next slot may begin behind ULONG_MAX, at 0 */
	if (iova < first || iova > last || last - iova < p->slot_size - 1)
		return false;
	/* Slots after that one */
	slots = (last - iova - (p->slot_size - 1)) / p->slot_size;
	slots = min(slots, MSI_PLACEMENT_WINDOW_SLOTS - 1UL);
	for (i = 0; i <= slots; i++)
		if (msi_search_probe(search, iova + i * p->slot_size))
			return true;
	return false;
}

static bool msi_search_low(struct msi_search *search)
{
	u64 iova = MSI_PLACEMENT_LOW_END - MSI_PLACEMENT_LOW_STEP;

	for (; iova; iova -= MSI_PLACEMENT_LOW_STEP)
		if (msi_search_probe(search, iova))
			return true;
	return false;
}

static bool msi_search_high(struct msi_search *search)
{
	unsigned long slot_size = search->placement->slot_size;
	unsigned long distance = slot_size;
	unsigned long top;

	/* The last slot: the aperture's end itself may not fit a long */
	if (search->last < slot_size)
		return false;
	top = ALIGN_DOWN(search->last - slot_size + 1, slot_size);
	for (; distance && distance < top; distance <<= 1)
		if (msi_search_probe(search, top - distance))
			return true;
	return false;
}

static bool msi_search_from_top(struct msi_search *search)
{
	unsigned long slot_size = search->placement->slot_size;
	unsigned long i, top;

	if (search->last < slot_size)
		return false;
	top = ALIGN_DOWN(search->last - slot_size + 1, slot_size);
	for (i = 0; i < MSI_PLACEMENT_WINDOW_SLOTS && top; i++) {
		if (msi_search_probe(search, top))
			return true;
		top -= slot_size;
	}
	return false;
}

static bool msi_search_candidates(struct msi_search *search)
{
	if (search->placement->from_top)
		return msi_search_from_top(search) || search->found;
	return msi_search_window(search) || msi_search_low(search) ||
	       (!search->placement->below_4g && msi_search_high(search)) ||
	       search->found;
}

/* The walk */

/* Remember the highest slot of a hole. Later holes are higher, and win. */
static void msi_search_hole(struct msi_search *search, unsigned long start,
			    unsigned long last)
{
	unsigned long mask = search->placement->slot_size - 1;
	unsigned long iova;

	if (last - start < mask)
		return;
	iova = ALIGN_DOWN(last - mask, search->placement->slot_size);
	if (iova < start)
		return;
	search->iova = iova;
	search->found = true;
}

static int msi_search_all(struct msi_search *search)
{
	const struct msi_placement *p = search->placement;
	unsigned long start = search->first;
	struct msi_obstacle obstacle;

	for (;;) {
		if (p->ops->interrupted(p->owner))
			return -EINTR;
		obstacle = msi_search_obstacle(search, start, search->last);
		if (!obstacle.found) {
			msi_search_hole(search, start, search->last);
			break;
		}
		if (obstacle.start > start)
			msi_search_hole(search, start, obstacle.start - 1);
		if (obstacle.last >= search->last)
			break;
		start = obstacle.last + 1;
	}
	return search->found ? 0 : -ENOSPC;
}

/* The search */

static void msi_search_limit(struct msi_search *search,
			     const struct msi_placement *p)
{
	/* A slot below the second one would be IOVA 0 */
	search->first = max3(search->first, p->first, p->slot_size);
	search->last = min(search->last, p->last);
	if (p->below_4g)
		search->last = min_t(u64, search->last, SZ_4G - 1);
}

static bool msi_placement_all_reachable(const struct msi_placement *placement)
{
	const struct msi_placement *p;

	for (p = placement; p; p = p->also)
		if (p->unreachable && !RB_EMPTY_ROOT(&p->unreachable->rb_root))
			return false;
	return true;
}

/**
 * msi_placement_find - Find a place for a doorbell
 * @placement: What the place has to satisfy
 * @iova: Set to the first IOVA of the place
 *
 * Context: The owner's lock is held. See the top of this file for the cost.
 * Return: 0 on success, -ENOSPC if no slot is free, -EINTR if
 * msi_placement_ops::interrupted ended the walk.
 */
int msi_placement_find(const struct msi_placement *placement,
		       unsigned long *iova)
{
	struct msi_search search = {
		.placement = placement,
		.last = ULONG_MAX,
		.only_reachable = true,
	};
	const struct msi_placement *p;
	int rc = 0;

	for (p = placement; p; p = p->also)
		msi_search_limit(&search, p);
	if (search.last < search.first)
		return -ENOSPC;

	if (!msi_search_candidates(&search))
		rc = msi_search_all(&search);
	if (rc == -ENOSPC && !placement->only_reachable &&
	    !msi_placement_all_reachable(placement)) {
		search.only_reachable = false;
		rc = msi_search_candidates(&search) ? 0 :
						      msi_search_all(&search);
	}
	if (!rc)
		*iova = search.iova;
	return rc;
}
