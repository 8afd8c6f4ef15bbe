// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's interface: replacing the MSI space of a device with live vectors.
 *
 * The messages of the device hold IOVAs of the space that it leaves, so each of its
 * doorbells is first brought to the same IOVA in both spaces, by relocating it in one
 * of them, or in both. Both doorbells are pinned there until the device has changed
 * its domain. Then its vectors are handed over; no message changes. If the device
 * stays where it is, so do its vectors. Vectors of the host's devices in the group
 * follow by themselves, see host.c.
 *
 * A vector that comes meanwhile uses the old space or the new one, whichever the
 * device is attached to; the IOVA is the same. A doorbell without vectors need not be
 * at one IOVA: if it cannot be, no vector may use it in the old space until the
 * device has left, or stays.
 */
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/msi.h>
#include <linux/rculist.h>

#include "doorbell.h"
#include "relocate.h"
#include "user.h"
#include "vector.h"

/* What one iommu_msi_replace_begin() relocates in each space */
struct msi_replace {
	struct iommu_msi_space *from;
	struct iommu_msi_space *to;
	struct msi_device *old;
	struct msi_device *new;
	struct list_head from_list;
	struct list_head to_list;
};

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

/* Bringing doorbells together: both owners' locks are held */

static int msi_try_place(struct iommu_doorbell *doorbell, unsigned long iova,
			 struct list_head *list)
{
	if (doorbell_is_pinned(doorbell) ||
	    doorbell_check_place(doorbell, iova))
		return -EADDRINUSE;
	return msi_relocate_to(doorbell, iova, list);
}

static int msi_move_both(struct iommu_doorbell *from, struct iommu_doorbell *to,
			 struct msi_replace *replace)
{
	unsigned long iova;
	int rc;

	if (doorbell_is_pinned(from) || doorbell_is_pinned(to))
		return -EBUSY;
	rc = doorbell_find_common_place(from, to, &iova);
	if (!rc)
		rc = msi_relocate_to(from, iova, &replace->from_list);
	if (!rc)
		rc = msi_relocate_to(to, iova, &replace->to_list);
	return rc;
}

/* Bring two doorbells with the same physical page to the same IOVA */
static int msi_bring_together(struct iommu_doorbell *from,
			      struct iommu_doorbell *to,
			      struct msi_replace *replace)
{
	int rc;

	if (doorbell_start(from) == doorbell_start(to))
		return 0;
	rc = msi_try_place(to, doorbell_start(from), &replace->to_list);
	if (rc == -EADDRINUSE)
		rc = msi_try_place(from, doorbell_start(to),
				   &replace->from_list);
	if (rc == -EADDRINUSE)
		rc = msi_move_both(from, to, replace);
	return rc;
}

/*
 * The doorbell in the old space. If the controller did not enumerate it, that is the
 * one which the device has used there.
 */
static struct msi_user *msi_replace_find_old(struct msi_replace *replace,
					     phys_addr_t phys)
{
	struct msi_user *user;

	guard(mutex)(&replace->from->lock);
	list_for_each_entry(user, &replace->old->users, device_item)
		if (phys == IOMMU_DOORBELL_UNBOUND ?
			    user->doorbell->phys != phys && user->counted :
			    user->doorbell->phys == phys)
			return user;
	return NULL;
}

static int msi_replace_bind(struct msi_replace *replace, struct msi_user **user,
			    phys_addr_t phys)
{
	if ((*user)->doorbell->phys != IOMMU_DOORBELL_UNBOUND)
		return 0;
	/* Both spaces have slots of one size, so the page was checked */
	guard(mutex)(&replace->to->lock);
	return msi_user_bind(user, phys);
}

static bool msi_user_has_vectors(struct msi_user *user)
{
	guard(mutex)(&user->doorbell->space->lock);
	return user->vectors;
}

/* Pin both doorbells where they are; the new one is mapped as the old one is */
static void msi_replace_pair(struct msi_user *new, struct msi_user *old)
{
	struct iommu_msi_space *from = old->doorbell->space;
	struct iommu_msi_space *to = new->doorbell->space;

	msi_spaces_lock(from, to);
	old->doorbell->pins++;
	old->to = new;
	new->doorbell->pins++;
	new->from = old;
	msi_spaces_unlock(from, to);
}

/* Bring along a doorbell that the device has reserved in the new space */
static int msi_replace_user(struct msi_replace *replace, struct msi_user *user)
{
	struct msi_user *old;
	int rc;

	old = msi_replace_find_old(replace, user->doorbell->phys);
	if (!old)
		return 0;
	rc = msi_replace_bind(replace, &user, old->doorbell->phys);
	if (!rc)
		rc = msi_bring_together(old->doorbell, user->doorbell, replace);
	/* Without vectors there is no message to keep valid */
	if (rc)
		return msi_user_has_vectors(old) ? rc : 0;
	msi_replace_pair(user, old);
	return 0;
}

/*
 * No vector may use a doorbell that is not brought along: in the new space its
 * message would lead elsewhere
 */
static int msi_replace_keep_vectors_out(struct msi_replace *replace)
{
	struct msi_user *old;

	guard(mutex)(&replace->from->lock);
	list_for_each_entry(old, &replace->old->users, device_item) {
		if (old->to)
			continue;
		if (old->vectors)
			return -EBUSY;
		old->leaving = true;
	}
	return 0;
}

static int msi_replace_prepare(struct msi_replace *replace)
{
	struct msi_user *user;
	int rc;

	list_for_each_entry_lockless(user, &replace->new->users, device_item) {
		if (!user->counted || user->from)
			continue;
		rc = msi_replace_user(replace, user);
		if (rc)
			return rc;
	}
	return msi_replace_keep_vectors_out(replace);
}

/* End of the replacement */

static void msi_replace_unpair(struct msi_user *new)
{
	new->from->doorbell->pins--;
	new->from->to = NULL;
	new->doorbell->pins--;
	new->from = NULL;
	msi_user_unmap_unwanted(new);
}

static void msi_replace_release(struct msi_replace *replace)
{
	struct msi_user *user;

	msi_spaces_lock(replace->from, replace->to);
	list_for_each_entry(user, &replace->new->users, device_item)
		if (user->from)
			msi_replace_unpair(user);
	list_for_each_entry(user, &replace->old->users, device_item)
		user->leaving = false;
	msi_spaces_unlock(replace->from, replace->to);
}

/* Devices with MSIs have reservations in both spaces; others have none */
static bool msi_replace_init(struct msi_replace *replace,
			     struct iommu_msi_space *from,
			     struct iommu_msi_space *to, struct device *dev)
{
	*replace = (struct msi_replace){
		.from = from,
		.to = to,
		.from_list = LIST_HEAD_INIT(replace->from_list),
		.to_list = LIST_HEAD_INIT(replace->to_list),
	};
	msi_spaces_lock(from, to);
	replace->old = msi_device_lookup(from, dev);
	replace->new = msi_device_lookup(to, dev);
	msi_spaces_unlock(from, to);
	return replace->old && replace->new;
}

/**
 * iommu_msi_replace_begin - Prepare to replace the MSI space of a device
 * @from: MSI space that the device leaves
 * @to: MSI space that it has reservations in, and is about to be attached to. Its
 *	slots are as large as those of @from.
 * @dev: The device
 *
 * To be followed by iommu_msi_group_begin() and, once the device has changed its
 * domain or failed to, by iommu_msi_replace_end(). On failure there is nothing to
 * end, but doorbells may have been relocated.
 *
 * Context: Process context, may sleep. The locks of both owners are held for write,
 * and no lock that comes later in the order that iommu-msi.h states.
 * Return: 0 on success; vectors that come to @from until iommu_msi_replace_end() fail
 * with -EBUSY if their doorbell is not at one IOVA in both spaces. -EBUSY if a
 * doorbell that the device uses is pinned in both spaces at different IOVAs, or
 * pinned in one where the other has no hole. -EADDRINUSE if one that was not
 * enumerated is above 4 GiB in @to, and the device cannot reach it. -ENOSPC if no
 * IOVA is a hole in both. -EINTR, -ENOMEM.
 */
int iommu_msi_replace_begin(struct iommu_msi_space *from,
			    struct iommu_msi_space *to, struct device *dev)
{
	struct msi_replace replace;
	int rc, rc_to;

	if (!msi_replace_init(&replace, from, to, dev))
		return 0;
	rc = msi_replace_prepare(&replace);
	if (rc) {
		msi_replace_release(&replace);
		msi_relocations_cancel(&replace.from_list);
		msi_relocations_cancel(&replace.to_list);
		return rc;
	}
	rc = msi_relocations_commit(&replace.from_list, 0);
	rc_to = msi_relocations_commit(&replace.to_list, 0);
	if (!rc && !rc_to)
		return 0;
	msi_replace_release(&replace);
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(iommu_msi_replace_begin);

/* Hand one vector over, if its doorbell was brought along */
static void msi_replace_vector(struct msi_replace *replace,
			       struct msi_desc *desc)
{
	struct msi_user *to;

	msi_spaces_lock(replace->from, replace->to);
	to = desc->iommu_msi_user->to;
	if (to)
		msi_vector_hand_over(desc, to);
	msi_spaces_unlock(replace->from, replace->to);
}

/*
 * Check whether there are vectors to hand over. Once the device has left, no new ones
 * come, and only if there are some is its MSI data known to be complete: the first
 * vector that it ever has may be on its way into the new space.
 */
static bool msi_replace_has_vectors(struct msi_replace *replace)
{
	struct msi_user *user;
	bool found = false;

	msi_spaces_lock(replace->from, replace->to);
	list_for_each_entry(user, &replace->new->users, device_item)
		found |= user->from && user->from->vectors;
	msi_spaces_unlock(replace->from, replace->to);
	return found;
}

/**
 * iommu_msi_replace_end - End the replacement that was prepared
 * @from: As in iommu_msi_replace_begin()
 * @to: As in iommu_msi_replace_begin()
 * @dev: The device
 * @changed: It is attached to a domain of @to now
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors, if there are vectors to hand over, and for each of them those of both
 * spaces. Their owners keep them, and the device's reservations.
 */
void iommu_msi_replace_end(struct iommu_msi_space *from,
			   struct iommu_msi_space *to, struct device *dev,
			   bool changed)
{
	struct msi_replace replace;
	struct msi_desc *desc;

	if (!msi_replace_init(&replace, from, to, dev))
		return;
	/* Vectors stay while they are handed over */
	if (changed && msi_replace_has_vectors(&replace)) {
		msi_lock_descs(dev);
		msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED)
			if (desc->iommu_msi_user)
				msi_replace_vector(&replace, desc);
		msi_unlock_descs(dev);
	}
	msi_replace_release(&replace);
}
EXPORT_SYMBOL_GPL(iommu_msi_replace_end);
