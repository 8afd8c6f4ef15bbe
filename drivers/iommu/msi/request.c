// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's interface: placement requests. The owner may confine doorbells to a
 * window, or fix the IOVA of one of them. The rule of placement.c decides the rest.
 *
 * A request is kept by the index of the doorbell, not in the doorbell, so it can be
 * made before a device brings the doorbell, and outlives it.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>

#include "doorbell.h"
#include "relocate.h"
#include "user.h"

/*
 * End what a request began, unless it returned @rc. To users -EEXIST is something else
 * in the place, not a device whose messages were not rewritten.
 */
static int msi_request_commit(struct list_head *list, int rc)
{
	int error = msi_relocations_commit(list, rc);

	return !rc && error == -EEXIST ? -EBUSY : error;
}

/* Fixed placement */

/* A request has changed; the doorbell that it is for need not exist */
static void msi_requests_changed(struct iommu_msi_space *space)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;

	for (index = 0; (doorbell = msi_next_doorbell(space, &index)); index++)
		doorbell->placement = doorbell_requested_placement(doorbell);
}

/* Begin to relocate the doorbell with @index, if there is one, to @iova */
static int msi_fix_begin(struct iommu_msi_space *space, u32 index,
			 unsigned long iova, struct list_head *list)
{
	struct iommu_doorbell *doorbell;
	int rc;

	msi_space_reap(space);
	doorbell = space->doorbells[index];
	if (!doorbell)
		return 0;
	rc = doorbell_check_place(doorbell, iova);
	if (rc || iova == doorbell_start(doorbell))
		return rc;
	if (!doorbell_can_move(doorbell))
		return -EBUSY;
	rc = msi_relocate_to(doorbell, iova, list);
	return rc == -EEXIST ? -EBUSY : rc;
}

/**
 * iommu_msi_place_fixed - Place a doorbell at a given IOVA
 * @space: MSI space
 * @index: Index of the doorbell. If no device has brought that one yet, it is put
 *	there when a device does.
 * @iova: First IOVA in bytes
 *
 * The doorbell is pinned: the owner's maps do not relocate it. The request stands
 * until iommu_msi_place_auto().
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and no
 * lock that comes later in the order that iommu-msi.h states.
 * Return: 0 on success. -EINVAL if @iova is not aligned to the granule, or 0, or
 * @index is not below %IOMMU_MSI_SPACE_DOORBELLS. -ERANGE if @iova is outside of
 * the aperture, or messages of vectors in use cannot hold it. -EADDRINUSE if it is
 * reserved, -EEXIST if a mapping of the owner or another doorbell is there. -EBUSY
 * if vectors use the doorbell whose messages cannot be rewritten, or the doorbell
 * is pinned for another reason. -EINTR if a fatal signal ended it. -ENOMEM. On
 * failure nothing has changed, but see msi_relocations_cancel().
 */
int iommu_msi_place_fixed(struct iommu_msi_space *space, u32 index,
			  unsigned long iova)
{
	void *entry = xa_mk_value(iova / IOMMU_DOORBELL_PAGE);
	LIST_HEAD(list);
	void *old;
	int rc;

	if (!iova || !IS_ALIGNED(iova, space->granule) ||
	    index >= IOMMU_MSI_SPACE_DOORBELLS)
		return -EINVAL;

	old = xa_store(&space->fixed, index, entry, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old))
		return xa_err(old);
	msi_requests_changed(space);
	rc = msi_fix_begin(space, index, iova, &list);
	rc = msi_request_commit(&list, rc);
	if (!rc)
		return 0;
	/* Needs no memory: the entry exists */
	xa_store(&space->fixed, index, old, GFP_KERNEL_ACCOUNT);
	msi_requests_changed(space);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_place_fixed);

/**
 * iommu_msi_place_auto - Leave the IOVA of a doorbell to the kernel again
 * @space: MSI space
 * @index: Index of the doorbell
 *
 * It stays where it is until it has to be relocated.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_place_auto(struct iommu_msi_space *space, u32 index)
{
	if (index >= IOMMU_MSI_SPACE_DOORBELLS)
		return;
	xa_erase(&space->fixed, index);
	msi_requests_changed(space);
}
EXPORT_SYMBOL_GPL(iommu_msi_place_auto);

/**
 * iommu_msi_place_all_auto - Leave all doorbells to the kernel again
 * @space: MSI space
 *
 * They stay where they are until they have to be relocated.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_place_all_auto(struct iommu_msi_space *space)
{
	xa_destroy(&space->fixed);
	space->only_window = false;
	space->window = space->driver_window;
	msi_requests_changed(space);
}
EXPORT_SYMBOL_GPL(iommu_msi_place_all_auto);

/* Windows */

static bool msi_in_window(const struct iommu_msi_window *window,
			  const struct iommu_doorbell *doorbell)
{
	return doorbell_start(doorbell) >= window->start &&
	       doorbell_last(doorbell) <= window->last;
}

static bool msi_window_holds_slot(const struct iommu_msi_window *window,
				  unsigned long slot_size)
{
	unsigned long start = ALIGN(window->start, slot_size);

	return start >= window->start && start <= window->last &&
	       window->last - start >= slot_size - 1;
}

static void msi_set_window(struct iommu_msi_space *space,
			   const struct iommu_msi_window *window, bool only)
{
	space->window = *window;
	space->only_window = only;
	msi_requests_changed(space);
}

/* Begin to relocate all doorbells that are elsewhere into the space's window */
static int msi_window_begin(struct iommu_msi_space *space,
			    struct list_head *list)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;
	int rc;

	msi_space_reap(space);
	for (index = 0; (doorbell = msi_next_doorbell(space, &index));
	     index++) {
		if (doorbell->placement == IOMMU_MSI_PLACED_FIXED ||
		    msi_in_window(&space->window, doorbell))
			continue;
		rc = msi_relocate(doorbell, NULL, list);
		if (rc)
			return rc == -EEXIST ? -EBUSY : rc;
	}
	return 0;
}

/**
 * iommu_msi_place_window - Confine doorbells to a window
 * @space: MSI space
 * @window: All doorbells but those with a fixed IOVA are in it, now and later
 *
 * The window is not kept free of the owner's mappings.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and no
 * lock that comes later in the order that iommu-msi.h states.
 * Return: 0 on success. -EINVAL if the window does not hold one aligned slot,
 * -ENOSPC if there are not enough holes in it for all doorbells, -EBUSY if one that
 * lies outside is pinned, -EINTR if a fatal signal ended the search, -ENOMEM. On
 * failure nothing has changed.
 */
int iommu_msi_place_window(struct iommu_msi_space *space,
			   const struct iommu_msi_window *window)
{
	const struct iommu_msi_window old = space->window;
	const bool old_only = space->only_window;
	LIST_HEAD(list);
	int rc;

	if (!msi_window_holds_slot(window, space->granule))
		return -EINVAL;

	msi_set_window(space, window, true);
	rc = msi_window_begin(space, &list);
	rc = msi_request_commit(&list, rc);
	if (rc)
		msi_set_window(space, &old, old_only);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_place_window);
