// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells as objects: found by physical address, with a range of IOVAs each. See
 * space.h for the locks.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "doorbell.h"
#include "placement.h"

/* By physical address */

static int doorbell_cmp(const void *key, const struct rb_node *node)
{
	phys_addr_t phys = *(const phys_addr_t *)key;
	const struct iommu_doorbell *doorbell =
		rb_entry(node, struct iommu_doorbell, phys_node);

	if (phys < doorbell->phys)
		return -1;
	return phys > doorbell->phys;
}

static bool doorbell_less(struct rb_node *a, const struct rb_node *b)
{
	const struct iommu_doorbell *doorbell =
		rb_entry(a, struct iommu_doorbell, phys_node);

	return doorbell_cmp(&doorbell->phys, b) < 0;
}

/* Find the doorbell whose page is at @phys. The space's lock is held. */
struct iommu_doorbell *doorbell_lookup(struct iommu_msi_space *space,
				       phys_addr_t phys)
{
	struct rb_node *node;

	lockdep_assert_held(&space->lock);
	node = rb_find(&phys, &space->by_phys, doorbell_cmp);
	return node ? rb_entry(node, struct iommu_doorbell, phys_node) : NULL;
}

/* Record that the page of @doorbell is @phys. The space's lock is held. */
void doorbell_bind(struct iommu_doorbell *doorbell, phys_addr_t phys)
{
	lockdep_assert_held(&doorbell->space->lock);
	doorbell->phys = phys;
	rb_add(&doorbell->phys_node, &doorbell->space->by_phys, doorbell_less);
}

/* Places: all of this under the owner's lock, and not the space's */

static bool doorbell_first_taken(void *data, unsigned long *start,
				 unsigned long *last)
{
	struct iommu_msi_space *space = data;

	return space->ops->first_taken(space->owner, start, last);
}

static bool doorbell_is_claimed(void *data, unsigned long start,
				unsigned long last)
{
	struct iommu_msi_space *space = data;

	return space->ops->is_claimed &&
	       space->ops->is_claimed(space->owner, start, last);
}

/* The walk over a user's mappings may be long */
static bool doorbell_interrupted(void *data)
{
	cond_resched();
	return fatal_signal_pending(current);
}

static const struct msi_placement_ops doorbell_placement_ops = {
	.first_taken = doorbell_first_taken,
	.is_claimed = doorbell_is_claimed,
	.interrupted = doorbell_interrupted,
};

static void doorbell_placement(struct iommu_doorbell *doorbell,
			       struct msi_placement *placement)
{
	struct iommu_msi_space *space = doorbell->space;
	unsigned long block = ALIGN_DOWN(doorbell_start(doorbell), SZ_4G);
	struct iommu_msi_window aperture;

	msi_space_assert_owner(space);
	msi_space_aperture(space, &aperture);
	*placement = (struct msi_placement){
		.ops = &doorbell_placement_ops,
		.owner = space,
		.places = &space->places,
		.unreachable = &space->limits.unreachable,
		.slot_size = space->granule,
		.window_start = space->window.start,
		.window_last = space->window.last,
		.first = aperture.start,
		.last = aperture.last,
		.below_4g = space->below_4g,
		.from_top = space->windows && !space->only_window,
		/* An empty range */
		.avoid_start = 1,
	};
	/* Another vector that keeps it may come now: see doorbell_begin() */
	if (READ_ONCE(doorbell->keeps_hi)) {
		placement->first = max(placement->first, block);
		placement->last = min(placement->last, block + SZ_4G - 1);
	}
	if (space->only_window &&
	    doorbell->placement != IOMMU_MSI_PLACED_FIXED) {
		placement->first = max(placement->first, space->window.start);
		placement->last = min(placement->last, space->window.last);
	}
}

/* Find IOVAs outside of @avoid, which may be NULL */
int doorbell_find_place(struct iommu_doorbell *doorbell,
			const struct iommu_msi_window *avoid,
			unsigned long *iova)
{
	struct msi_placement placement;

	doorbell_placement(doorbell, &placement);
	if (avoid) {
		placement.avoid_start = avoid->start;
		placement.avoid_last = avoid->last;
	}
	return msi_placement_find(&placement, iova);
}

/* Find IOVAs that the buses of all devices carry */
int doorbell_find_reachable_place(struct iommu_doorbell *doorbell,
				  unsigned long *iova)
{
	struct msi_placement placement;

	doorbell_placement(doorbell, &placement);
	placement.only_reachable = true;
	return msi_placement_find(&placement, iova);
}

/* Find IOVAs for two doorbells of different spaces, the same for both */
int doorbell_find_common_place(struct iommu_doorbell *a,
			       struct iommu_doorbell *b, unsigned long *iova)
{
	struct msi_placement placement, other;

	doorbell_placement(a, &other);
	doorbell_placement(b, &placement);
	placement.also = &other;
	placement.slot_size = max(placement.slot_size, other.slot_size);
	return msi_placement_find(&placement, iova);
}

/**
 * doorbell_check_place - Check whether a doorbell can be at a given IOVA
 * @doorbell: The doorbell
 * @iova: First IOVA in bytes
 *
 * Context: The owner's lock is held for write.
 * Return: 0, or -EINVAL if @iova is not aligned to the granule or is 0, -ERANGE if
 * it is out of reach, -EADDRINUSE if it is reserved, -EEXIST if the owner has a
 * mapping there, or another doorbell is there or is just leaving it.
 */
int doorbell_check_place(struct iommu_doorbell *doorbell, unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;
	unsigned long last = iova + space->granule - 1;
	unsigned long taken_start = iova, taken_last = last;
	struct interval_tree_node *node;
	struct msi_placement placement;

	if (!iova || !IS_ALIGNED(iova, space->granule))
		return -EINVAL;
	doorbell_placement(doorbell, &placement);
	if (iova < placement.first || last > placement.last ||
	    (placement.below_4g && upper_32_bits(last)))
		return -ERANGE;
	node = interval_tree_iter_first(&space->places, iova, last);
	if (node && node != &doorbell->places[doorbell->at].node)
		return -EEXIST;
	if (!space->ops->first_taken(space->owner, &taken_start, &taken_last))
		return 0;
	if (space->ops->is_reserved &&
	    space->ops->is_reserved(space->owner, iova, last))
		return -EADDRINUSE;
	return -EEXIST;
}

/* The owner's lock keeps others from taking the index, too */
static int doorbell_first_index(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;
	u32 index = 0;

	while (space->doorbells[index])
		if (++index == IOMMU_MSI_SPACE_DOORBELLS)
			return -ENOSPC;
	doorbell->index = index;
	return 0;
}

/* Who chooses the IOVA of @doorbell by what the owner has requested */
enum iommu_msi_placement_kind
doorbell_requested_placement(const struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;

	if (xa_load(&space->fixed, doorbell->index))
		return IOMMU_MSI_PLACED_FIXED;
	return space->only_window ? IOMMU_MSI_PLACED_WINDOW :
				    IOMMU_MSI_PLACED_AUTO;
}

/* Find where the owner's request puts @doorbell, or else where the rule does */
static int doorbell_first_place(struct iommu_doorbell *doorbell,
				unsigned long *iova)
{
	void *entry = xa_load(&doorbell->space->fixed, doorbell->index);

	doorbell->placement = doorbell_requested_placement(doorbell);
	if (!entry)
		return doorbell_find_place(doorbell, NULL, iova);
	*iova = xa_to_value(entry) * IOMMU_DOORBELL_PAGE;
	return doorbell_check_place(doorbell, *iova) ? -EADDRINUSE : 0;
}

/* Life */

/* Set the IOVAs of a doorbell that are not in the tree. Both locks are held. */
void doorbell_set_start(struct iommu_doorbell *doorbell, unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;
	struct msi_place *place = &doorbell->places[doorbell->at];

	place->doorbell = doorbell;
	place->node.start = iova;
	place->node.last = iova + space->granule - 1;
	interval_tree_insert(&place->node, &space->places);
	msi_space_update_extent(space);
}

static void doorbell_publish(struct iommu_doorbell *doorbell,
			     unsigned long iova, phys_addr_t phys)
{
	struct iommu_msi_space *space = doorbell->space;

	guard(mutex)(&space->lock);
	doorbell_set_start(doorbell, iova);
	space->doorbells[doorbell->index] = doorbell;
	space->doorbells_end = max(space->doorbells_end, doorbell->index + 1);
	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell_bind(doorbell, phys);
}

/**
 * doorbell_create - Create a doorbell, with IOVAs
 * @space: MSI space
 * @phys: Its page, or %IOMMU_DOORBELL_UNBOUND
 * @is_bank: A struct iommu_msi_provider named it
 *
 * Context: The owner's lock is held for write, the space's is not.
 * Return: The doorbell, which is idle, or ERR_PTR() of the errors of
 * msi_placement_find(), -EADDRINUSE if the IOVA that the owner requested is taken,
 * -ENOSPC if there are %IOMMU_MSI_SPACE_DOORBELLS, or -ENOMEM.
 */
struct iommu_doorbell *doorbell_create(struct iommu_msi_space *space,
				       phys_addr_t phys, bool is_bank)
{
	struct iommu_doorbell *doorbell;
	unsigned long iova;
	int rc;

	doorbell = kzalloc(sizeof(*doorbell), GFP_KERNEL_ACCOUNT);
	if (!doorbell)
		return ERR_PTR(-ENOMEM);
	doorbell->space = space;
	doorbell->phys = IOMMU_DOORBELL_UNBOUND;
	doorbell->is_bank = is_bank;
	INIT_LIST_HEAD(&doorbell->users);

	rc = doorbell_first_index(doorbell);
	if (!rc)
		rc = doorbell_first_place(doorbell, &iova);
	if (rc)
		goto out_free;
	doorbell_publish(doorbell, iova, phys);
	return doorbell;

out_free:
	kfree(doorbell);
	return ERR_PTR(rc);
}

/*
 * Free a doorbell without users. Both locks are held, or the owner is gone and the
 * space's lock is.
 */
void doorbell_free_idle(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;

	lockdep_assert_held(&space->lock);
	if (!list_empty(&doorbell->users))
		return;
	if (doorbell->phys != IOMMU_DOORBELL_UNBOUND)
		rb_erase(&doorbell->phys_node, &space->by_phys);
	interval_tree_remove(&doorbell->places[doorbell->at].node,
			     &space->places);
	if (doorbell->moving)
		interval_tree_remove(&doorbell->places[!doorbell->at].node,
				     &space->places);
	msi_space_update_extent(space);
	space->doorbells[doorbell->index] = NULL;
	kfree(doorbell);
}
