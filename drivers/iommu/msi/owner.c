// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's interface: destruction of a space, and what the owner may ask of
 * it. See include/linux/iommu-msi.h.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu-msi.h>

#include "doorbell.h"
#include "user.h"

/**
 * iommu_msi_space_destroy - Destroy an MSI space
 * @space: The space. No device has a reservation in it, no domain is part of it.
 *
 * Vectors of devices that were detached while they were live may still use
 * doorbells. These outlive the call, mapped nowhere, until the vectors go.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_space_destroy(struct iommu_msi_space *space)
{
	struct msi_user *user, *next;

	msi_space_reap(space);
	msi_bus_limits_destroy(&space->limits);
	mutex_lock(&space->lock);
	WARN_ON(!list_empty(&space->domains));
	/* Vectors free what they use from now on, but those that went meanwhile did not */
	space->owner = NULL;
	list_for_each_entry_safe(user, next, &space->idle, idle_item)
		msi_user_release(user);
	mutex_unlock(&space->lock);
	kref_put(&space->ref, msi_space_free);
}
EXPORT_SYMBOL_GPL(iommu_msi_space_destroy);

/**
 * iommu_msi_first_place - Find the lowest doorbell in a range
 * @space: MSI space
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * Context: The owner's lock is held. O(log n).
 * Return: Its IOVAs, or those that it keeps (struct iommu_msi_state), valid while the
 * lock is held; or NULL.
 */
struct interval_tree_node *iommu_msi_first_place(struct iommu_msi_space *space,
						 unsigned long start,
						 unsigned long last)
{
	return interval_tree_iter_first(&space->places, start, last);
}
EXPORT_SYMBOL_GPL(iommu_msi_first_place);

static struct iommu_msi_window
doorbell_kept(const struct iommu_doorbell *doorbell)
{
	const struct interval_tree_node *old =
		&doorbell->places[!doorbell->at].node;

	if (!doorbell->moving)
		return (struct iommu_msi_window){ .start = 1 };
	return (struct iommu_msi_window){ old->start, old->last };
}

/**
 * iommu_msi_next_state - Iterate over the doorbells of a space
 * @space: MSI space
 * @index: In: lowest index of interest. Out: index that was found
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
	/* No more than IOMMU_MSI_SPACE_DOORBELLS */
	for (; (doorbell = msi_next_doorbell(space, index)); ++*index) {
		if (doorbell_is_idle(doorbell))
			continue;
		*state = (struct iommu_msi_state){
			.iova = doorbell_start(doorbell),
			.length = doorbell_length(doorbell),
			.vectors = doorbell->vectors,
			.mapped = doorbell->mappings,
			.pinned = doorbell_stays(doorbell),
			.placement = doorbell->placement,
			.kept = doorbell_kept(doorbell),
		};
		return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(iommu_msi_next_state);

/**
 * iommu_msi_get_geometry - Report which IOVAs an MSI space can use
 * @space: MSI space
 * @geometry: Filled
 *
 * Context: Process context, may sleep. The owner's lock is held.
 */
void iommu_msi_get_geometry(struct iommu_msi_space *space,
			    struct iommu_msi_geometry *geometry)
{
	struct iommu_msi_window aperture;

	msi_space_aperture(space, &aperture);
	*geometry = (struct iommu_msi_geometry){
		.aperture_start = aperture.start,
		.aperture_last = aperture.last,
		.granule = space->granule,
	};
}
EXPORT_SYMBOL_GPL(iommu_msi_get_geometry);
