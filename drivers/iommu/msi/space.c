// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI spaces and the doorbells in them; see include/linux/iommu-msi.h for their
 * life, their locks, and what happens when they race.
 *
 * A doorbell is a page of an interrupt controller that MSIs are written to. It
 * is found by its physical address, and owns a place, a range of IOVAs of the
 * space's slot size. It lives as long as a device that may use it is attached
 * (a reservation) or a vector does use it, and it is mapped while there is a
 * vector, into each domain that needs it.
 *
 * A doorbell that lost its last vector after its last reservation cannot be
 * taken from the tree of places there and then, as that wants the owner's lock.
 * It stays as an idle one, which the next change under that lock reaps.
 *
 * Where the owner gives doorbells their places himself (the DMA API), one comes
 * with its first vector, and stays mapped until the domain goes.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/msi.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "placement.h"
#include "space.h"

void msi_space_free(struct kref *ref)
{
	struct iommu_msi_space *space =
		container_of(ref, struct iommu_msi_space, ref);

	xa_destroy(&space->fixed);
	mutex_destroy(&space->lock);
	kfree(space);
}

void msi_space_assert_owner(struct iommu_msi_space *space)
{
	if (space->ops->assert_locked)
		space->ops->assert_locked(space->owner);
	lockdep_assert_held(&space->lock);
}

/* Doorbells */

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

struct iommu_doorbell *doorbell_find(struct iommu_msi_space *space,
				     phys_addr_t phys)
{
	struct rb_node *node;

	lockdep_assert_held(&space->lock);
	node = rb_find(&phys, &space->by_phys, doorbell_cmp);
	return node ? rb_entry(node, struct iommu_doorbell, phys_node) : NULL;
}

void doorbell_bind(struct iommu_doorbell *doorbell, phys_addr_t phys)
{
	lockdep_assert_held(&doorbell->space->lock);
	doorbell->phys = phys;
	rb_add(&doorbell->phys_node, &doorbell->space->by_phys, doorbell_less);
}

void doorbell_free(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;

	lockdep_assert_held(&space->lock);
	if (doorbell->phys != IOMMU_DOORBELL_UNBOUND)
		rb_erase(&doorbell->phys_node, &space->by_phys);
	interval_tree_remove(&doorbell->place, &space->places);
	xa_erase(&space->doorbells, doorbell->index);
	if (msi_space_keeps(space) && !doorbell->untranslated)
		space->ops->free_place(space->owner, doorbell->place.start);
	kfree(doorbell);
}

bool doorbell_idle(const struct iommu_doorbell *doorbell)
{
	return !doorbell->vectors && !doorbell->reservations && !doorbell->pins;
}

/* It has vectors, or will be given some */
bool doorbell_is_wanted(const struct iommu_doorbell *doorbell)
{
	return doorbell->vectors || doorbell->pins;
}

void msi_space_reap(struct iommu_msi_space *space)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;

	msi_space_assert_owner(space);
	xa_for_each(&space->doorbells, index, doorbell)
		if (doorbell_idle(doorbell))
			doorbell_free(doorbell);
}

/* Places */

/* The IOVAs that every domain of the space translates */
void msi_space_aperture(struct iommu_msi_space *space,
			struct iommu_msi_window *aperture)
{
	struct iommu_msi_domain *member;

	lockdep_assert_held(&space->lock);
	*aperture = (struct iommu_msi_window){ .last = ULONG_MAX };
	list_for_each_entry(member, &space->domains, item) {
		const struct iommu_domain_geometry *geometry =
			&member->domain->geometry;

		/* Drivers that finish a domain at attach know none before */
		if (!geometry->aperture_end)
			continue;
		aperture->start = max_t(unsigned long, aperture->start,
					geometry->aperture_start);
		aperture->last = min_t(unsigned long, aperture->last,
				       geometry->aperture_end);
	}
}

static bool msi_space_first_taken(void *data, unsigned long *start,
				  unsigned long *last)
{
	struct iommu_msi_space *space = data;

	return space->ops->first_taken(space->owner, start, last);
}

static bool msi_space_is_claimed(void *data, unsigned long start,
				 unsigned long last)
{
	struct iommu_msi_space *space = data;

	return space->ops->is_claimed &&
	       space->ops->is_claimed(space->owner, start, last);
}

/* The walk over a user's mappings may be long */
static bool msi_space_interrupted(void *data)
{
	cond_resched();
	return fatal_signal_pending(current);
}

static const struct msi_placement_ops msi_space_placement_ops = {
	.first_taken = msi_space_first_taken,
	.is_claimed = msi_space_is_claimed,
	.interrupted = msi_space_interrupted,
};

/* Where messages of live vectors allow @doorbell to be */
static void doorbell_reach(struct iommu_doorbell *doorbell,
			   struct msi_placement *placement)
{
	unsigned long block = ALIGN_DOWN(doorbell->place.start, SZ_4G);
	struct msi_desc *desc;

	list_for_each_entry(desc, &doorbell->descs, iommu_doorbell_item) {
		if (!msi_desc_keeps_address_hi(desc))
			continue;
		placement->first = max(placement->first, block);
		placement->last = min(placement->last, block + SZ_4G - 1);
		return;
	}
}

static void doorbell_placement(struct iommu_doorbell *doorbell,
			       struct msi_placement *placement)
{
	struct iommu_msi_space *space = doorbell->space;
	struct iommu_msi_window aperture;
	unsigned long iova;

	msi_space_assert_owner(space);
	msi_space_aperture(space, &aperture);
	*placement = (struct msi_placement){
		.ops = &msi_space_placement_ops,
		.owner = space,
		.places = &space->places,
		.old_places = &space->old_places,
		.unreachable = &space->limits.unreachable,
		.slot_size = space->slot_size,
		.window_start = space->window.start,
		.window_last = space->window.last,
		.first = aperture.start,
		.last = aperture.last,
		.below_4g = space->below_4g,
		/* An empty range */
		.avoid_start = 1,
	};
	doorbell_reach(doorbell, placement);
	if (space->only_window && !doorbell_fixed_place(doorbell, &iova)) {
		placement->first = max(placement->first, space->window.start);
		placement->last = min(placement->last, space->window.last);
	}
}

/* Find a place outside of @avoid, which may be NULL */
int msi_space_find_place(struct iommu_doorbell *doorbell,
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

/* Find a place that all devices' buses carry */
int msi_space_find_reachable_place(struct iommu_doorbell *doorbell,
				   unsigned long *iova)
{
	struct msi_placement placement;

	doorbell_placement(doorbell, &placement);
	placement.only_reachable = true;
	return msi_placement_find(&placement, iova);
}

/* Find a place for two doorbells of different spaces, the same for both */
int msi_space_find_common_place(struct iommu_doorbell *a,
				struct iommu_doorbell *b, unsigned long *iova)
{
	struct msi_placement placement, other;

	doorbell_placement(a, &other);
	doorbell_placement(b, &placement);
	placement.also = &other;
	return msi_placement_find(&placement, iova);
}

/**
 * msi_space_check_place - Tell whether a doorbell can be at a certain IOVA
 * @doorbell: The doorbell
 * @iova: First IOVA of the place
 *
 * Context: The owner's lock is held for write, and the space's lock.
 * Return: 0, or -EINVAL if the place is not aligned to its size or contains IOVA
 * 0, -ERANGE if it is out of reach, -EADDRINUSE if it is reserved, -EEXIST if the
 * owner has a mapping there, or another doorbell is or leaves it just now.
 */
int msi_space_check_place(struct iommu_doorbell *doorbell, unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;
	unsigned long last = iova + space->slot_size - 1;
	unsigned long taken_start = iova, taken_last = last;
	struct interval_tree_node *node;
	struct msi_placement placement;

	if (!iova || !IS_ALIGNED(iova, space->slot_size))
		return -EINVAL;
	doorbell_placement(doorbell, &placement);
	if (iova < placement.first || last > placement.last ||
	    (placement.below_4g && upper_32_bits(last)))
		return -ERANGE;
	node = msi_placement_first_doorbell(&placement, iova, last);
	if (node && node != &doorbell->place)
		return -EEXIST;
	if (!space->ops->first_taken(space->owner, &taken_start, &taken_last))
		return 0;
	if (space->ops->is_reserved &&
	    space->ops->is_reserved(space->owner, iova, last))
		return -EADDRINUSE;
	return -EEXIST;
}

void doorbell_set_place(struct iommu_doorbell *doorbell, unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;

	if (doorbell->place.last)
		interval_tree_remove(&doorbell->place, &space->places);
	doorbell->place.start = iova;
	doorbell->place.last = iova + space->slot_size - 1;
	interval_tree_insert(&doorbell->place, &space->places);
}

/*
 * A place that the owner gives or chose, or else one that the rule finds. Returns 0,
 * IOMMU_MSI_UNTRANSLATED, or an error.
 */
static int doorbell_first_place(struct iommu_doorbell *doorbell,
				struct device *dev, phys_addr_t phys,
				unsigned long *iova)
{
	struct iommu_msi_space *space = doorbell->space;

	if (msi_space_keeps(space))
		return space->ops->alloc_place(space->owner, dev, phys, iova);
	if (!doorbell_fixed_place(doorbell, iova))
		return msi_space_find_place(doorbell, NULL, iova);
	return msi_space_check_place(doorbell, *iova) ? -EADDRINUSE : 0;
}

struct iommu_doorbell *doorbell_create(struct iommu_msi_space *space,
				       struct device *dev, phys_addr_t phys)
{
	struct iommu_doorbell *doorbell;
	unsigned long iova;
	int rc;

	doorbell = kzalloc(sizeof(*doorbell), space->gfp);
	if (!doorbell)
		return ERR_PTR(-ENOMEM);
	doorbell->space = space;
	doorbell->phys = IOMMU_DOORBELL_UNBOUND;
	INIT_LIST_HEAD(&doorbell->mappings);
	INIT_LIST_HEAD(&doorbell->descs);

	rc = xa_alloc(&space->doorbells, &doorbell->index, doorbell,
		      xa_limit_31b, space->gfp);
	if (rc)
		goto out_free;
	rc = doorbell_first_place(doorbell, dev, phys, &iova);
	if (rc < 0)
		goto out_erase;
	doorbell->untranslated = rc == IOMMU_MSI_UNTRANSLATED;
	doorbell_set_place(doorbell, iova);
	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell_bind(doorbell, phys);
	return doorbell;

out_erase:
	xa_erase(&space->doorbells, doorbell->index);
out_free:
	kfree(doorbell);
	return ERR_PTR(rc);
}

/* The space */

/**
 * iommu_msi_space_create - Create the MSI space of an IOVA space
 * @ops: Questions to the owner
 * @owner: Argument of @ops
 * @slot_size: Size and alignment of a doorbell's place in bytes: a power of two,
 *	no less than 4 KiB nor than the smallest page of any domain that joins
 *
 * Context: Process context, may sleep.
 * Return: The space, to be given to iommu_msi_space_destroy(), or ERR_PTR() of
 * -ENOMEM.
 */
struct iommu_msi_space *
iommu_msi_space_create(const struct iommu_msi_owner_ops *ops, void *owner,
		       unsigned long slot_size)
{
	struct iommu_msi_space *space;

	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return ERR_PTR(-ENOMEM);
	kref_init(&space->ref);
	mutex_init(&space->lock);
	space->ops = ops;
	space->owner = owner;
	space->slot_size = slot_size;
	if (ops->alloc_place) {
		space->page_size = slot_size;
		space->gfp = GFP_KERNEL;
	} else {
		space->page_size = IOMMU_DOORBELL_PAGE;
		space->gfp = GFP_KERNEL_ACCOUNT;
	}
	/* No window until a driver reports one */
	space->driver_window.start = 1;
	space->window = space->driver_window;
	xa_init_flags(&space->fixed, XA_FLAGS_ACCOUNT);
	xa_init_flags(&space->doorbells,
		      XA_FLAGS_ALLOC |
			      (ops->alloc_place ? 0 : XA_FLAGS_ACCOUNT));
	space->by_phys = RB_ROOT;
	space->places = RB_ROOT_CACHED;
	space->old_places = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&space->domains);
	INIT_LIST_HEAD(&space->reservations);
	msi_bus_limits_init(&space->limits);
	return space;
}
EXPORT_SYMBOL_GPL(iommu_msi_space_create);

/**
 * iommu_msi_space_destroy - Destroy an MSI space
 * @space: The space. No device has a reservation in it, no domain is part of it.
 *
 * Vectors of devices that were detached while they were live may still use
 * doorbells. These outlive the call, mapped nowhere, until the vectors go.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, if he
 * has one.
 */
void iommu_msi_space_destroy(struct iommu_msi_space *space)
{
	mutex_lock(&space->lock);
	msi_space_reap(space);
	WARN_ON(!list_empty(&space->domains) ||
		!list_empty(&space->reservations));
	space->owner = NULL;
	mutex_unlock(&space->lock);
	kref_put(&space->ref, msi_space_free);
}
EXPORT_SYMBOL_GPL(iommu_msi_space_destroy);

/* The owner's mappings */

/**
 * iommu_msi_first_place - Find the lowest place of a doorbell in a range
 * @space: MSI space
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * Context: The owner's lock is held. O(log n).
 * Return: The place, valid while the lock is held, or NULL.
 */
struct interval_tree_node *iommu_msi_first_place(struct iommu_msi_space *space,
						 unsigned long start,
						 unsigned long last)
{
	return interval_tree_iter_first(&space->places, start, last);
}
EXPORT_SYMBOL_GPL(iommu_msi_first_place);

/**
 * iommu_msi_next_state - Iterate over the doorbells of a space
 * @space: MSI space
 * @index: In: lowest index that is wanted. Out: index that was found
 * @state: Filled with the state of that doorbell
 *
 * Context: Process context, may sleep. The owner's lock is held.
 * Return: true if there is a doorbell with an index of at least @index.
 */
bool iommu_msi_next_state(struct iommu_msi_space *space, unsigned long *index,
			  struct iommu_msi_state *state)
{
	struct iommu_doorbell *doorbell;

	guard(mutex)(&space->lock);
	xa_for_each_start(&space->doorbells, *index, doorbell, *index) {
		if (doorbell_idle(doorbell))
			continue;
		state->iova = doorbell->place.start;
		state->length = space->slot_size;
		state->vectors = doorbell->vectors;
		state->mapped = !list_empty(&doorbell->mappings);
		state->pinned = doorbell_is_pinned(doorbell);
		state->placement = doorbell_placement_kind(doorbell);
		return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(iommu_msi_next_state);

/**
 * iommu_msi_get_geometry - Tell what an MSI space has room for
 * @space: MSI space
 * @geometry: Filled
 *
 * Context: Process context, may sleep. The owner's lock is held.
 */
void iommu_msi_get_geometry(struct iommu_msi_space *space,
			    struct iommu_msi_geometry *geometry)
{
	struct iommu_msi_window aperture;
	struct iommu_doorbell *doorbell;
	unsigned long index;

	guard(mutex)(&space->lock);
	msi_space_aperture(space, &aperture);
	*geometry = (struct iommu_msi_geometry){
		.aperture_start = aperture.start,
		.aperture_last = aperture.last,
		.granule = space->slot_size,
	};
	xa_for_each(&space->doorbells, index, doorbell)
		geometry->doorbells += !doorbell_idle(doorbell);
}
EXPORT_SYMBOL_GPL(iommu_msi_get_geometry);
