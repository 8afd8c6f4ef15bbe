// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rule by which an MSI doorbell is given an IOVA.
 *
 * The result depends on nothing but struct msi_placement and the answers of the
 * owner to it, never on time or chance. Candidates are tried in this order, and
 * the first one that is a hole is taken:
 *
 *  1. each slot of the software MSI window that the IOMMU driver reports
 *     (0x8000000..0x80fffff), lowest first, since user space has relied on
 *     that window for as long as there are SMMU drivers;
 *  2. 4 GiB - k * 64 MiB, for k = 1..63: any device can send an MSI there;
 *  3. if all devices can send 64-bit addresses, the last slot of the
 *     aperture minus 1, 2, 4, 8 and so on slots, so that a user who packs his
 *     mappings from the top, however much he maps, leaves a candidate.
 *
 * A candidate that the user claimed for himself (IOMMU_IOAS_ALLOW_IOVAS) is
 * taken only if there is no other. Each probe is O(log n), and their number is
 * bounded. Only when all of them fail, every hole is looked at, O(n), and the
 * highest slot that fits is taken.
 *
 * IOVA 0 is never used: too much software takes it for "no address".
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "placement.h"

#define MSI_PLACEMENT_LOW_END SZ_4G
#define MSI_PLACEMENT_LOW_STEP SZ_64M

/* State of one search: the best place so far */
struct msi_search {
	const struct msi_placement *placement;
	unsigned long first;
	unsigned long last;
	unsigned long iova;
	bool found;
};

/**
 * msi_placement_first_taken - Find a doorbell's place in a range
 * @placement: What a place has to satisfy; its @also is not looked at
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * Context: Process context, the owner's lock and the space's lock held.
 * O(log n).
 * Return: The lowest place of a doorbell, or else one that a doorbell is about
 * to leave, or NULL.
 */
struct interval_tree_node *
msi_placement_first_taken(const struct msi_placement *placement,
			  unsigned long start, unsigned long last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(placement->places, start, last);
	if (node)
		return node;
	return interval_tree_iter_first(placement->old_places, start, last);
}

static bool msi_placement_overlaps(const struct msi_placement *p,
				   unsigned long start, unsigned long last,
				   unsigned long *conflict)
{
	struct interval_tree_node *node;

	if (p->also && msi_placement_overlaps(p->also, start, last, conflict))
		return true;
	if (p->avoid_start <= last && start <= p->avoid_last) {
		*conflict = p->avoid_start;
		return true;
	}
	node = msi_placement_first_taken(p, start, last);
	if (!node)
		return false;
	*conflict = node->start;
	return true;
}

static bool msi_placement_is_hole(const struct msi_placement *p,
				  unsigned long start, unsigned long last)
{
	return p->ops->is_hole(p->owner, start, last) &&
	       (!p->also || msi_placement_is_hole(p->also, start, last));
}

/*
 * Try the slot at @iova. Return true if the search is over. A slot that the
 * user has claimed is remembered, but does not end it.
 */
static bool msi_search_probe(struct msi_search *search, unsigned long iova)
{
	const struct msi_placement *p = search->placement;
	unsigned long last = iova + p->slot_size - 1;
	unsigned long conflict;

	if (iova < search->first || last > search->last || last < iova)
		return false;
	if (msi_placement_overlaps(p, iova, last, &conflict) ||
	    !msi_placement_is_hole(p, iova, last))
		return false;

	if (p->ops->is_claimed && p->ops->is_claimed(p->owner, iova, last)) {
		if (!search->found)
			search->iova = iova;
		search->found = true;
		return false;
	}
	search->iova = iova;
	search->found = true;
	return true;
}

static bool msi_search_window(struct msi_search *search)
{
	const struct msi_placement *p = search->placement;
	unsigned long iova = ALIGN(p->window.start, p->slot_size);

	for (;
	     iova < p->window.last && p->window.last - iova >= p->slot_size - 1;
	     iova += p->slot_size)
		if (msi_search_probe(search, iova))
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

/* Find the highest free slot of one hole. Later holes are higher, and win. */
static void msi_search_hole(unsigned long start, unsigned long last, void *data)
{
	struct msi_search *search = data;
	const struct msi_placement *p = search->placement;
	unsigned long mask = p->slot_size - 1;
	unsigned long conflict, iova;

	start = max(start, search->first);
	last = min(last, search->last);
	while (last >= start && last - start >= mask) {
		iova = ALIGN_DOWN(last - mask, p->slot_size);
		if (iova < start)
			return;
		if (!msi_placement_overlaps(p, iova, iova + mask, &conflict)) {
			search->iova = iova;
			search->found = true;
			return;
		}
		if (!conflict)
			return;
		last = conflict - 1;
	}
}

/* Look at what a hole of one space leaves of the other one's holes */
static void msi_search_common_hole(unsigned long start, unsigned long last,
				   void *data)
{
	struct msi_search *search = data;
	const struct msi_placement *also = search->placement->also;

	start = max(start, search->first);
	last = min(last, search->last);
	if (start <= last)
		also->ops->walk_holes(also->owner, start, last, msi_search_hole,
				      search);
}

static void msi_search_all(struct msi_search *search)
{
	const struct msi_placement *p = search->placement;

	p->ops->walk_holes(p->owner, search->first, search->last,
			   p->also ? msi_search_common_hole : msi_search_hole,
			   search);
}

static void msi_search_limit(struct msi_search *search,
			     const struct msi_placement *p)
{
	/* A slot below the second one would be IOVA 0 */
	search->first = max3(search->first, p->first, p->slot_size);
	search->last = min(search->last, p->last);
	if (p->below_4g)
		search->last = min_t(u64, search->last, SZ_4G - 1);
}

/**
 * msi_placement_find - Find a place for a doorbell
 * @placement: What the place has to satisfy
 * @iova: Set to the first IOVA of the place
 *
 * Context: Process context, the owner's lock and the space's lock held.
 * Return: 0 on success, -ENOSPC if there is no hole of a slot's size.
 */
int msi_placement_find(const struct msi_placement *placement,
		       unsigned long *iova)
{
	struct msi_search search = {
		.placement = placement,
		.last = ULONG_MAX,
	};

	msi_search_limit(&search, placement);
	if (placement->also)
		msi_search_limit(&search, placement->also);
	if (search.last < search.first)
		return -ENOSPC;

	if (msi_search_window(&search) || msi_search_low(&search) ||
	    (!placement->below_4g && msi_search_high(&search)))
		goto out_found;
	if (!search.found)
		msi_search_all(&search);
	if (!search.found)
		return -ENOSPC;
out_found:
	*iova = search.iova;
	return 0;
}
