// SPDX-License-Identifier: GPL-2.0-only
/*
 * Letting the owner of an MSI space choose where doorbells are: in a window, or
 * one of them at a certain IOVA. What he has not chosen the rule of
 * placement.c decides.
 *
 * A choice is kept by the index of the doorbell, not in the doorbell, so that it
 * can be made before a device brings the doorbell, and outlives it.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/msi.h>

#include "space.h"

/* The space's lock is held */
bool doorbell_fixed_place(struct iommu_doorbell *doorbell, unsigned long *iova)
{
	void *entry = xa_load(&doorbell->space->fixed, doorbell->index);

	if (!entry)
		return false;
	*iova = xa_to_value(entry) * IOMMU_DOORBELL_PAGE;
	return true;
}

/* How @doorbell got its place */
enum iommu_msi_placement_kind doorbell_placement_kind(struct iommu_doorbell *d)
{
	unsigned long iova;

	if (doorbell_fixed_place(d, &iova))
		return IOMMU_MSI_PLACED_FIXED;
	return d->space->only_window ? IOMMU_MSI_PLACED_WINDOW :
				       IOMMU_MSI_PLACED_AUTO;
}

/* Fixed placement */

/* Replace what is chosen for @index, NULL for nothing; returns what was before */
static void *msi_fix(struct iommu_msi_space *space, u32 index, void *entry)
{
	guard(mutex)(&space->lock);
	return xa_store(&space->fixed, index, entry, GFP_KERNEL_ACCOUNT);
}

/* Begin to move the doorbell with @index, if there is one, to @iova */
static int msi_fix_begin(struct iommu_msi_space *space, u32 index,
			 unsigned long iova, struct list_head *moves)
{
	struct iommu_doorbell *doorbell;
	int rc;

	guard(mutex)(&space->lock);
	msi_space_reap(space);
	doorbell = xa_load(&space->doorbells, index);

	if (!doorbell)
		return 0;
	rc = msi_space_check_place(doorbell, iova);
	if (rc || iova == doorbell->place.start)
		return rc;
	if (!doorbell_can_move(doorbell))
		return -EBUSY;
	return msi_move_begin_to(doorbell, iova, moves);
}

/**
 * iommu_msi_place_fixed - Put a doorbell at a certain IOVA
 * @space: MSI space
 * @index: Index of the doorbell. If no device has brought that one yet, it is put
 *	there when a device does.
 * @iova: First IOVA of its place, in bytes
 *
 * The doorbell is pinned: the owner's maps do not move it. It stays chosen until
 * iommu_msi_place_auto().
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and
 * none that comes later in the order that iommu-msi.h states.
 * Return: 0 on success. -EINVAL if @iova is not aligned to the slot size, or 0,
 * or @index is not below %IOMMU_MSI_FIXED_DOORBELLS. -ERANGE if the place is outside
 * of the aperture, or messages of vectors in use cannot hold it. -EADDRINUSE if it is reserved,
 * -EEXIST if the owner has a mapping there or another doorbell is. -EBUSY if
 * vectors use the doorbell and a driver cannot rewrite their messages, or the
 * doorbell is pinned for another reason. -ENOMEM. On failure nothing has changed.
 */
int iommu_msi_place_fixed(struct iommu_msi_space *space, u32 index,
			  unsigned long iova)
{
	void *entry = xa_mk_value(iova / IOMMU_DOORBELL_PAGE);
	LIST_HEAD(moves);
	void *old;
	int rc;

	if (!iova || !IS_ALIGNED(iova, space->slot_size) ||
	    index >= IOMMU_MSI_FIXED_DOORBELLS)
		return -EINVAL;

	old = msi_fix(space, index, entry);
	if (xa_is_err(old))
		return xa_err(old);
	rc = msi_fix_begin(space, index, iova, &moves);
	if (!rc)
		rc = msi_moves_commit(space, &moves);
	if (rc)
		/* Needs no memory: the entry is there */
		msi_fix(space, index, old);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_place_fixed);

/**
 * iommu_msi_place_auto - Leave the place of a doorbell to the kernel again
 * @space: MSI space
 * @index: Index of the doorbell
 *
 * It stays where it is until it has to move.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_place_auto(struct iommu_msi_space *space, u32 index)
{
	guard(mutex)(&space->lock);
	xa_erase(&space->fixed, index);
}
EXPORT_SYMBOL_GPL(iommu_msi_place_auto);

/**
 * iommu_msi_place_all_auto - Leave all places to the kernel again
 * @space: MSI space
 *
 * Doorbells stay where they are until they have to move.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_place_all_auto(struct iommu_msi_space *space)
{
	guard(mutex)(&space->lock);
	xa_destroy(&space->fixed);
	space->only_window = false;
	space->window = space->driver_window;
}
EXPORT_SYMBOL_GPL(iommu_msi_place_all_auto);

/* Windows */

static bool msi_in_window(const struct iommu_msi_window *window,
			  const struct iommu_doorbell *doorbell)
{
	return doorbell->place.start >= window->start &&
	       doorbell->place.last <= window->last;
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
	guard(mutex)(&space->lock);
	space->window = *window;
	space->only_window = only;
}

/* Begin to move all doorbells into the space's window that are not there */
static int msi_window_begin(struct iommu_msi_space *space,
			    struct list_head *moves)
{
	struct iommu_doorbell *doorbell;
	unsigned long index, iova;
	int rc;

	guard(mutex)(&space->lock);
	msi_space_reap(space);
	xa_for_each(&space->doorbells, index, doorbell) {
		if (doorbell_fixed_place(doorbell, &iova) ||
		    msi_in_window(&space->window, doorbell))
			continue;
		rc = msi_move_begin(doorbell, NULL, moves);
		if (rc) {
			msi_moves_cancel(moves);
			return rc == -EEXIST ? -EBUSY : rc;
		}
	}
	return 0;
}

/**
 * iommu_msi_place_window - Confine doorbells to a window
 * @space: MSI space
 * @window: All doorbells but those with a fixed place are in it, now and later
 *
 * The window is not kept free of the owner's mappings.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and
 * none that comes later in the order that iommu-msi.h states.
 * Return: 0 on success. -EINVAL if the window does not hold one aligned slot,
 * -ENOSPC if there are not enough holes in it for the doorbells that there are,
 * -EBUSY if one that lies outside is pinned, -ENOMEM. On failure nothing has
 * changed.
 */
int iommu_msi_place_window(struct iommu_msi_space *space,
			   const struct iommu_msi_window *window)
{
	const struct iommu_msi_window old = space->window;
	const bool old_only = space->only_window;
	LIST_HEAD(moves);
	int rc;

	if (!msi_window_holds_slot(window, space->slot_size))
		return -EINVAL;

	msi_set_window(space, window, true);
	rc = msi_window_begin(space, &moves);
	if (!rc)
		rc = msi_moves_commit(space, &moves);
	if (rc)
		msi_set_window(space, &old, old_only);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_place_window);
