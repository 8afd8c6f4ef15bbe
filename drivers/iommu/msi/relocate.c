// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relocation of doorbells, even while devices send interrupts to them.
 *
 * A relocation has three steps, under the owner's lock from the first to the last:
 *
 *  1. msi_relocate() finds other IOVAs and maps the doorbell there, too. From then
 *     on new vectors get the new IOVA. After this, only the rewriting of messages
 *     can fail.
 *  2. msi_relocations_commit() has the messages of all vectors rewritten that hold
 *     the old IOVA: by the device's rewriter or, for a device that the host drives,
 *     by host.c. The space's lock is not held, as this takes locks that come before
 *     it. Vectors come and go meanwhile, and groups change their domain: both IOVAs
 *     are mapped wherever they do, see msi_mapping_complete().
 *  3. The old IOVAs are unmapped. Each device was read after its messages were
 *     rewritten, which pushed out the interrupts that it had sent before.
 *
 * The space's lock is taken anew for each device that uses the doorbell.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/iommu-msi-rewriter.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>

#include <trace/events/iommu_msi.h>

#include "doorbell.h"
#include "host.h"
#include "relocate.h"
#include "user.h"
#include "vector.h"

/* Messages */

VISIBLE_IF_KUNIT void msi_device_rewrite(struct iommu_msi_space *space,
					 struct device *dev)
{
	struct iommu_msi_rewrite rewrite = {
		.dev = dev,
		.space = space,
		.killable = true,
	};
	struct iommu_msi_rewriter *rewriter;

	KUNIT_STATIC_STUB_REDIRECT(msi_device_rewrite, space, dev);
	rewriter = msi_rewriter_get(dev);
	/* It may have been unregistered: then no vector is left */
	if (!rewriter)
		return;
	if (!mutex_lock_killable(&rewriter->lock)) {
		if (rewriter->rewrite)
			rewriter->rewrite(rewriter, &rewrite);
		mutex_unlock(&rewriter->lock);
	}
	msi_rewriter_put(rewriter);
}

static int msi_user_rewrite(struct msi_user *user)
{
	struct iommu_msi_space *space = user->doorbell->space;
	struct device *dev = user->device->dev;
	struct iommu_msi_rewriter *rewriter;
	bool has_vectors;
	int rc = 0;

	mutex_lock(&space->lock);
	has_vectors = user->vectors;
	/* It and the device stay until msi_rewriter_put() */
	rewriter = has_vectors ? msi_rewriter_get(dev) : NULL;
	mutex_unlock(&space->lock);
	if (!rewriter)
		return has_vectors ? msi_host_rewrite(user) : 0;
	if (msi_device_is_stale(dev, space)) {
		msi_device_rewrite(space, dev);
		if (msi_device_is_stale(dev, space))
			rc = fatal_signal_pending(current) ? -EINTR : -EEXIST;
	}
	msi_rewriter_put(rewriter);
	return rc;
}

static int doorbell_rewrite(struct iommu_doorbell *doorbell)
{
	struct msi_user *user;
	int rc;

	list_for_each_entry_lockless(user, &doorbell->users, doorbell_item) {
		rc = msi_user_rewrite(user);
		if (rc)
			return rc;
	}
	return 0;
}

/* Places */

/* Map what users want at the IOVAs that doorbell_begin() has added, too */
static int doorbell_complete(struct iommu_doorbell *doorbell)
{
	struct msi_user *user;
	int rc;

	list_for_each_entry_lockless(user, &doorbell->users, doorbell_item) {
		guard(mutex)(&doorbell->space->lock);
		rc = msi_user_map_wanted(user);
		if (rc)
			return rc;
	}
	return 0;
}

static void msi_trace_move(const struct iommu_doorbell *doorbell)
{
	trace_iommu_msi_move(doorbell->space, doorbell->phys,
			     doorbell->places[!doorbell->at].node.start,
			     doorbell_start(doorbell), doorbell->vectors);
}

/* Have messages sent to @iova; they may still be sent to the previous IOVA */
static int doorbell_begin(struct iommu_doorbell *doorbell, unsigned long iova)
{
	guard(mutex)(&doorbell->space->lock);
	/* A vector may have come since the IOVA was chosen, or a pin with it */
	if (doorbell->immovable || doorbell->pins ||
	    (doorbell->keeps_hi &&
	     upper_32_bits(doorbell_start(doorbell)) != upper_32_bits(iova)))
		return -EEXIST;
	/* The old place is still mapped, so it stays: no other doorbell must get it */
	doorbell->at = !doorbell->at;
	doorbell_set_start(doorbell, iova);
	doorbell->moving = true;
	msi_trace_move(doorbell);
	return 0;
}

/* Reverse direction: what has been rewritten is stale from now on */
static void doorbell_revert(struct iommu_doorbell *doorbell)
{
	guard(mutex)(&doorbell->space->lock);
	doorbell->at = !doorbell->at;
	msi_trace_move(doorbell);
}

/* No message is sent to the old IOVAs, and none will be: unmap them */
static void doorbell_end(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;
	struct msi_user *user;

	mutex_lock(&space->lock);
	doorbell->moving = false;
	mutex_unlock(&space->lock);
	list_for_each_entry_lockless(user, &doorbell->users, doorbell_item)
		msi_user_leave_old(user);
	guard(mutex)(&space->lock);
	interval_tree_remove(&doorbell->places[!doorbell->at].node,
			     &space->places);
	msi_space_update_extent(space);
}

static void doorbell_cancel(struct iommu_doorbell *doorbell)
{
	doorbell_revert(doorbell);
	if (!doorbell_rewrite(doorbell))
		doorbell_end(doorbell);
}

/**
 * msi_relocate_to - Begin to relocate a doorbell to an IOVA that was found free
 * @doorbell: The doorbell
 * @iova: First IOVA in bytes
 * @list: List of doorbells that are relocated together; @doorbell is added
 *
 * Context: Process context, may sleep. The owner's lock is held for write, the
 * space's is not.
 * Return: 0, or -EEXIST if a vector has come meanwhile whose message cannot change
 * so, -ENOMEM, or what the IOMMU driver's map returned; then nothing has changed.
 */
int msi_relocate_to(struct iommu_doorbell *doorbell, unsigned long iova,
		    struct list_head *list)
{
	int rc;

	msi_space_assert_owner(doorbell->space);
	if (iova == doorbell_start(doorbell))
		return 0;
	rc = doorbell_begin(doorbell, iova);
	if (rc)
		return rc;
	rc = doorbell_complete(doorbell);
	if (rc)
		doorbell_cancel(doorbell);
	else
		list_add(&doorbell->relocation, list);
	return rc;
}

/**
 * msi_relocate - Begin to relocate a doorbell to where the rule puts it
 * @doorbell: The doorbell
 * @avoid: Range that it must not be in, or NULL
 * @list: As for msi_relocate_to()
 *
 * Context: As for msi_relocate_to().
 * Return: 0, -EEXIST if it is pinned, the errors of msi_placement_find() or those of
 * msi_relocate_to().
 */
int msi_relocate(struct iommu_doorbell *doorbell,
		 const struct iommu_msi_window *avoid, struct list_head *list)
{
	unsigned long iova;
	int rc = -EEXIST;

	if (!doorbell_is_pinned(doorbell))
		rc = doorbell_find_place(doorbell, avoid, &iova);
	if (!rc)
		rc = msi_relocate_to(doorbell, iova, list);
	if (rc)
		trace_iommu_msi_refuse(doorbell->space, doorbell->phys,
				       doorbell_start(doorbell), rc);
	return rc;
}

/**
 * msi_relocations_cancel - Relocate doorbells back
 * @list: List of doorbells that msi_relocate() made; empty afterwards
 *
 * A doorbell whose messages cannot be rewritten back stays mapped at both IOVAs, and
 * pinned, until no device reserves it. The same goes for a fatal signal, as rewriting
 * might wait for a reset of the device otherwise.
 *
 * Context: As for msi_relocate_to().
 */
void msi_relocations_cancel(struct list_head *list)
{
	struct iommu_doorbell *doorbell, *next;

	list_for_each_entry_safe(doorbell, next, list, relocation) {
		list_del(&doorbell->relocation);
		doorbell_cancel(doorbell);
	}
}

/**
 * msi_relocations_commit - Have messages rewritten, and release the old IOVAs
 * @list: List of doorbells that msi_relocate() made; empty afterwards
 * @rc: 0, or the error by which the last msi_relocate() failed
 *
 * Context: As for msi_relocate_to(). The owner's lock has been held since then.
 * Return: 0, or @rc, -EEXIST if a device's messages were not rewritten, -EINTR if a
 * fatal signal ended the wait for a device; then msi_relocations_cancel() was called.
 */
int msi_relocations_commit(struct list_head *list, int rc)
{
	struct iommu_doorbell *doorbell, *next;

	list_for_each_entry(doorbell, list, relocation) {
		if (rc)
			break;
		rc = doorbell_rewrite(doorbell);
	}
	if (rc) {
		msi_relocations_cancel(list);
		return rc;
	}
	list_for_each_entry_safe(doorbell, next, list, relocation) {
		list_del(&doorbell->relocation);
		doorbell_end(doorbell);
	}
	return 0;
}
