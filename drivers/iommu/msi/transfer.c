// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a device with live vectors from one MSI space to another one.
 *
 * The messages of the device hold IOVAs of the space that it leaves, so each of
 * its doorbells is brought to one IOVA in both spaces first, by moving it in one
 * of them, or in both. Both doorbells are pinned there until the device has
 * changed its domain. Then its vectors are handed over; no message changes any
 * more. If the device stays where it is, so do its vectors.
 *
 * A vector that comes meanwhile uses the old space or the new one, whichever the
 * device is attached to, and the IOVA is the same. A doorbell without vectors need
 * not be at one IOVA: if it cannot be, none comes in the old space until the device
 * has left that, or stays.
 */
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/msi.h>

#include "space.h"

/* Two spaces are locked in the order of their addresses */
static void msi_spaces_lock(struct iommu_msi_space *a,
			    struct iommu_msi_space *b)
{
	if (a > b)
		swap(a, b);
	mutex_lock(&a->lock);
	mutex_lock_nested(&b->lock, SINGLE_DEPTH_NESTING);
}

static void msi_spaces_unlock(struct iommu_msi_space *a,
			      struct iommu_msi_space *b)
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* What one iommu_msi_begin_transfer() moves in either space */
struct msi_transfer {
	struct list_head from_moves;
	struct list_head to_moves;
};

static int msi_try_place(struct iommu_doorbell *doorbell, unsigned long iova,
			 struct list_head *moves)
{
	if (doorbell_is_pinned(doorbell) ||
	    msi_space_check_place(doorbell, iova))
		return -EADDRINUSE;
	return msi_move_begin_to(doorbell, iova, moves);
}

static int msi_move_both(struct iommu_doorbell *from, struct iommu_doorbell *to,
			 struct msi_transfer *transfer)
{
	unsigned long iova;
	int rc;

	if (doorbell_is_pinned(from) || doorbell_is_pinned(to))
		return -EBUSY;
	rc = msi_space_find_common_place(from, to, &iova);
	if (!rc)
		rc = msi_move_begin_to(from, iova, &transfer->from_moves);
	if (!rc)
		rc = msi_move_begin_to(to, iova, &transfer->to_moves);
	return rc;
}

/* Bring two doorbells with the same physical page to the same IOVA */
static int msi_bring_together(struct iommu_doorbell *from,
			      struct iommu_doorbell *to,
			      struct msi_transfer *transfer)
{
	int rc;

	if (from->place.start == to->place.start)
		return 0;
	rc = msi_try_place(to, from->place.start, &transfer->to_moves);
	if (rc == -EADDRINUSE)
		rc = msi_try_place(from, to->place.start,
				   &transfer->from_moves);
	if (rc == -EADDRINUSE)
		rc = msi_move_both(from, to, transfer);
	return rc;
}

/*
 * The doorbell in the old space. One that the controller did not tell in advance is
 * the one that the device has used there.
 */
static struct iommu_doorbell *
msi_transfer_find_old(struct iommu_msi_space *from,
		      const struct msi_reservation *new)
{
	struct msi_reservation *reservation;

	if (new->doorbell->phys != IOMMU_DOORBELL_UNBOUND)
		return doorbell_find(from, new->doorbell->phys);
	list_for_each_entry(reservation, &from->reservations, item)
		if (reservation->dev == new->dev &&
		    reservation->doorbell->phys != IOMMU_DOORBELL_UNBOUND)
			return reservation->doorbell;
	return NULL;
}

/* Bring a doorbell of a device, by its reservation in the new space, along */
static int msi_transfer_doorbell(struct iommu_msi_space *from,
				 struct msi_reservation *reservation,
				 struct msi_transfer *transfer)
{
	struct iommu_doorbell *old;
	int rc = 0;

	old = msi_transfer_find_old(from, reservation);
	if (!old)
		return 0;
	/* Both spaces have slots of one size, so the page was checked */
	if (reservation->doorbell->phys == IOMMU_DOORBELL_UNBOUND)
		rc = msi_reservation_bind(reservation, old->phys);
	if (!rc)
		rc = msi_bring_together(old, reservation->doorbell, transfer);
	/* Without vectors there is no message to keep valid */
	if (rc)
		return doorbell_serves(old, reservation->dev) ? rc : 0;
	reservation->from = old;
	old->pins++;
	reservation->doorbell->pins++;
	return 0;
}

static bool msi_is_brought_along(struct iommu_msi_space *to,
				 const struct msi_reservation *old)
{
	struct msi_reservation *reservation;

	list_for_each_entry(reservation, &to->reservations, item)
		if (reservation->dev == old->dev &&
		    reservation->from == old->doorbell)
			return true;
	return false;
}

/*
 * No vector comes to a doorbell that is not brought along: in the new space its
 * message would lead elsewhere
 */
static int msi_transfer_keep_vectors_out(struct iommu_msi_space *from,
					 struct iommu_msi_space *to,
					 const struct device *dev)
{
	struct msi_reservation *reservation;

	list_for_each_entry(reservation, &from->reservations, item) {
		if (reservation->dev != dev ||
		    msi_is_brought_along(to, reservation))
			continue;
		if (doorbell_serves(reservation->doorbell, dev))
			return -EBUSY;
		reservation->leaving = true;
	}
	return 0;
}

static int msi_transfer_prepare(struct iommu_msi_space *from,
				struct iommu_msi_space *to, struct device *dev,
				struct msi_transfer *transfer)
{
	struct msi_reservation *reservation;
	int rc;

	list_for_each_entry(reservation, &to->reservations, item) {
		if (reservation->dev != dev)
			continue;
		rc = msi_transfer_doorbell(from, reservation, transfer);
		if (rc)
			return rc;
	}
	return msi_transfer_keep_vectors_out(from, to, dev);
}

/* Both spaces are locked */
static void msi_transfer_release(struct iommu_msi_space *from,
				 struct iommu_msi_space *to, struct device *dev)
{
	struct msi_reservation *reservation;

	list_for_each_entry(reservation, &from->reservations, item)
		if (reservation->dev == dev)
			reservation->leaving = false;
	list_for_each_entry(reservation, &to->reservations, item) {
		if (reservation->dev != dev || !reservation->from)
			continue;
		doorbell_unpin(reservation->from);
		doorbell_unpin(reservation->doorbell);
		reservation->from = NULL;
	}
}

/**
 * iommu_msi_begin_transfer - Prepare a device's change to another MSI space
 * @from: MSI space that the device leaves
 * @to: MSI space that it has reservations in, and is about to be attached to. Its
 *	slots are as large as those of @from.
 * @dev: The device
 *
 * To be followed by iommu_msi_populate() and, when the device has changed its
 * domain or could not, by iommu_msi_end_transfer(). On failure there is nothing to
 * end, but doorbells may have moved.
 *
 * Context: Process context, may sleep. The locks of both owners are held for
 * write, and none that comes later in the order that iommu-msi.h states.
 * Return: 0 on success; vectors that come to @from until iommu_msi_end_transfer()
 * fail with -EBUSY if their doorbell is not at one IOVA in both spaces. -EBUSY if a
 * doorbell that the device uses is pinned in both spaces at different IOVAs, or in
 * one of them where the other one has no hole. -EADDRINUSE if one that was not known
 * in advance is above 4 GiB in @to, and the device does not reach it. -ENOSPC if
 * there is no IOVA which is a hole in both. -ENOMEM.
 */
int iommu_msi_begin_transfer(struct iommu_msi_space *from,
			     struct iommu_msi_space *to, struct device *dev)
{
	struct msi_transfer transfer = {
		.from_moves = LIST_HEAD_INIT(transfer.from_moves),
		.to_moves = LIST_HEAD_INIT(transfer.to_moves),
	};
	int rc, rc_to;

	msi_spaces_lock(from, to);
	rc = msi_transfer_prepare(from, to, dev, &transfer);
	if (rc) {
		msi_transfer_release(from, to, dev);
		msi_moves_cancel(&transfer.from_moves);
		msi_moves_cancel(&transfer.to_moves);
	}
	msi_spaces_unlock(from, to);
	if (rc)
		return rc;

	rc = msi_moves_commit(from, &transfer.from_moves);
	rc_to = msi_moves_commit(to, &transfer.to_moves);
	if (!rc && !rc_to)
		return 0;
	msi_spaces_lock(from, to);
	msi_transfer_release(from, to, dev);
	msi_spaces_unlock(from, to);
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(iommu_msi_begin_transfer);

/* Hand the vectors of @dev over from one doorbell to another at the same IOVA */
static void doorbell_hand_over(struct iommu_doorbell *from,
			       struct iommu_doorbell *to, struct device *dev)
{
	struct msi_desc *desc, *next;

	list_for_each_entry_safe(desc, next, &from->descs,
				 iommu_doorbell_item) {
		if (desc->dev != dev)
			continue;
		list_move_tail(&desc->iommu_doorbell_item, &to->descs);
		from->vectors -= desc->nvec_used;
		to->vectors += desc->nvec_used;
		desc->iommu_doorbell = to;
		kref_get(&to->space->ref);
		/* The owner of the old space has a reference, too */
		kref_put(&from->space->ref, msi_space_free);
	}
}

/*
 * Tell whether there are vectors to hand over. Once the device has left no new one
 * is there, and only if there is one is its MSI data known to be complete: the first
 * vector that it ever has may be on its way into the new space.
 */
static bool msi_transfer_has_vectors(struct iommu_msi_space *from,
				     struct iommu_msi_space *to,
				     struct device *dev)
{
	struct msi_reservation *reservation;
	bool found = false;

	msi_spaces_lock(from, to);
	list_for_each_entry(reservation, &to->reservations, item)
		if (reservation->dev == dev && reservation->from)
			found |= doorbell_serves(reservation->from, dev);
	msi_spaces_unlock(from, to);
	return found;
}

/**
 * iommu_msi_end_transfer - The change that was prepared is over
 * @from: As in iommu_msi_begin_transfer()
 * @to: As in iommu_msi_begin_transfer()
 * @dev: The device
 * @changed: It is attached to a domain of @to now
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors, if there are vectors to hand over, and those of both spaces. Their
 * owners keep them.
 */
void iommu_msi_end_transfer(struct iommu_msi_space *from,
			    struct iommu_msi_space *to, struct device *dev,
			    bool changed)
{
	bool hand_over = changed && msi_transfer_has_vectors(from, to, dev);
	struct msi_reservation *reservation;

	/* Vectors do not go while they are handed over */
	if (hand_over)
		msi_lock_descs(dev);
	msi_spaces_lock(from, to);
	list_for_each_entry(reservation, &to->reservations, item)
		if (hand_over && reservation->dev == dev && reservation->from)
			doorbell_hand_over(reservation->from,
					   reservation->doorbell, dev);
	msi_transfer_release(from, to, dev);
	msi_spaces_unlock(from, to);
	if (hand_over)
		msi_unlock_descs(dev);
}
EXPORT_SYMBOL_GPL(iommu_msi_end_transfer);
