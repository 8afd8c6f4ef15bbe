// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving doorbells another place, also while devices send interrupts to them.
 *
 * A move has three steps, under the owner's lock from the first to the last:
 *
 *  1. msi_move_begin() finds a new place and maps the doorbell there, too. From
 *     now on new vectors are given the new IOVA. Nothing can fail after this but
 *     the lack of a driver that rewrites messages.
 *  2. msi_moves_commit() has the drivers of the devices rewrite the messages of
 *     all vectors that still hold the old IOVA. The space's lock is not held, as
 *     drivers take locks that nest outside of it. Vectors come and go meanwhile,
 *     and domains: doorbell_map() maps both places for as long as the move lasts.
 *  3. The old place is unmapped. When a message was rewritten its device had been
 *     read, which pushed the interrupts out that it had sent before.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>

#include <trace/events/iommu_msi.h>

#include "space.h"

/* Drivers */

/**
 * iommu_msi_register_driver - Allow that messages of a device are rewritten
 * @dev: The device
 * @driver: The driver's operation; stays valid until
 *	iommu_msi_unregister_driver(). One that cannot rewrite messages is not
 *	registered: doorbells that its vectors use are pinned.
 *
 * To be called before the device gets its first vector.
 *
 * Context: Process context, may sleep.
 */
void iommu_msi_register_driver(struct device *dev,
			       struct iommu_msi_driver *driver)
{
	if (!dev->iommu)
		return;
	msi_addresses_init(driver);
	refcount_set(&driver->users, 1);
	init_completion(&driver->unused);
	guard(mutex)(&dev->iommu->lock);
	dev->iommu->msi_driver = driver;
}
EXPORT_SYMBOL_GPL(iommu_msi_register_driver);

static struct iommu_msi_driver *msi_driver_remove(struct device *dev)
{
	struct iommu_msi_driver *driver;

	guard(mutex)(&dev->iommu->lock);
	driver = dev->iommu->msi_driver;
	if (driver)
		msi_addresses_free(driver);
	dev->iommu->msi_driver = NULL;
	return driver;
}

static void msi_driver_put(struct iommu_msi_driver *driver)
{
	if (refcount_dec_and_test(&driver->users))
		complete(&driver->unused);
}

/**
 * iommu_msi_unregister_driver - Undo iommu_msi_register_driver()
 * @dev: The device. It has no vectors any more.
 *
 * Waits for iommu_msi_driver::rewrite() to return, and for moves that are about
 * to call it: @dev may be removed afterwards. Drops the addresses that a guest
 * chose.
 *
 * Context: Process context, may sleep. Neither dev_iommu::lock is held, nor a
 * lock that comes later in the order that iommu-msi.h states.
 */
void iommu_msi_unregister_driver(struct device *dev)
{
	struct iommu_msi_driver *driver;

	driver = dev->iommu ? msi_driver_remove(dev) : NULL;
	if (!driver)
		return;
	/* Whoever moves a doorbell takes the device's lock to find that out */
	msi_driver_put(driver);
	wait_for_completion(&driver->unused);
}
EXPORT_SYMBOL_GPL(iommu_msi_unregister_driver);

static struct iommu_msi_driver *msi_desc_driver(const struct msi_desc *desc)
{
	struct dev_iommu *param = desc->dev->iommu;

	/* The driver does not go before its vectors, which are locked here */
	return param ? READ_ONCE(param->msi_driver) : NULL;
}

/* Tell whether @doorbell could be moved if the owner wants: the space's lock is held */
bool doorbell_can_move(struct iommu_doorbell *doorbell)
{
	struct msi_desc *desc;

	if (doorbell->pins)
		return false;
	list_for_each_entry(desc, &doorbell->descs, iommu_doorbell_item)
		if (!msi_desc_driver(desc))
			return false;
	return true;
}

/* Tell whether @doorbell stays when somebody else wants its place */
bool doorbell_is_pinned(struct iommu_doorbell *doorbell)
{
	unsigned long iova;

	return doorbell_fixed_place(doorbell, &iova) ||
	       !doorbell_can_move(doorbell);
}

/* Messages */

/*
 * The vector's message has to be rewritten, as its doorbell is elsewhere now, or a
 * guest wants it to be sent elsewhere
 */
static bool msi_desc_is_stale(const struct msi_desc *desc)
{
	const struct iommu_doorbell *doorbell = desc->iommu_doorbell;

	return desc->iommu_msi_iova !=
	       msi_desc_page(desc, doorbell) >>
		       ilog2(doorbell->space->page_size);
}

/* The message is @space's business, and has to be rewritten. @space is locked. */
static bool msi_desc_wants_rewrite(const struct msi_desc *desc,
				   struct iommu_msi_space *space)
{
	return desc->iommu_doorbell && desc->iommu_doorbell->space == space &&
	       msi_desc_is_stale(desc);
}

/**
 * msi_device_is_stale - Tell whether messages of a device have to be rewritten
 * @dev: The device
 * @space: MSI space of its doorbells
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors and the space's lock.
 * Return: true if a message is not what it should be.
 */
bool msi_device_is_stale(struct device *dev, struct iommu_msi_space *space)
{
	bool stale = false;
	struct msi_desc *desc;

	if (!dev->msi.data)
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		guard(mutex)(&space->lock);
		stale |= msi_desc_wants_rewrite(desc, space);
	}
	msi_unlock_descs(dev);
	return stale;
}

/**
 * iommu_msi_rewrite - Rewrite the messages of a device
 * @rewrite: What iommu_msi_driver::rewrite() was given
 *
 * Context: Process context, may sleep. The driver keeps the registers with the
 * messages accessible, by its own locks. Takes the lock of the device's MSI
 * descriptors and the space's lock.
 */
void iommu_msi_rewrite(struct iommu_msi_rewrite *rewrite)
{
	struct device *dev = rewrite->dev;
	struct msi_desc *desc;

	rewrite->done = true;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		guard(mutex)(&rewrite->space->lock);
		if (msi_desc_wants_rewrite(desc, rewrite->space))
			msi_desc_rewrite(
				desc, msi_desc_page(desc, desc->iommu_doorbell),
				ilog2(rewrite->space->page_size));
	}
	msi_unlock_descs(dev);
}
EXPORT_SYMBOL_GPL(iommu_msi_rewrite);

/*
 * Find a device that has messages to rewrite. Its driver, NULL if it has none,
 * is to be given to msi_driver_put(); until then neither of them goes.
 */
static struct device *
doorbell_get_stale_device(struct iommu_doorbell *doorbell,
			  struct iommu_msi_driver **driver)
{
	struct msi_desc *desc;

	guard(mutex)(&doorbell->space->lock);
	list_for_each_entry(desc, &doorbell->descs, iommu_doorbell_item) {
		if (!msi_desc_is_stale(desc))
			continue;
		*driver = msi_desc_driver(desc);
		if (*driver)
			refcount_inc(&(*driver)->users);
		return desc->dev;
	}
	return NULL;
}

VISIBLE_IF_KUNIT void msi_device_rewrite(struct iommu_msi_space *space,
					 struct device *dev)
{
	struct iommu_msi_rewrite rewrite = { .dev = dev, .space = space };
	struct iommu_msi_driver *driver;

	KUNIT_STATIC_STUB_REDIRECT(msi_device_rewrite, space, dev);
	guard(mutex)(&dev->iommu->lock);
	driver = dev->iommu->msi_driver;
	/* It may have been unregistered, and no vector is left then */
	if (driver)
		driver->rewrite(driver, &rewrite);
}

static int doorbell_rewrite(struct iommu_doorbell *doorbell)
{
	struct device *dev, *last = NULL;
	struct iommu_msi_driver *driver;

	while ((dev = doorbell_get_stale_device(doorbell, &driver))) {
		if (!driver)
			return -EEXIST;
		if (dev != last)
			msi_device_rewrite(doorbell->space, dev);
		msi_driver_put(driver);
		/* A device is done at once, or its driver did not do it */
		if (dev == last)
			return -EEXIST;
		last = dev;
	}
	return 0;
}

/* Moves */

static void msi_trace_move(const struct iommu_doorbell *doorbell)
{
	trace_iommu_msi_move(doorbell->space, doorbell->phys,
			     doorbell->moving_from.start, doorbell->place.start,
			     doorbell->vectors);
}

/* Its messages are to be sent to @iova, and may be sent to where it has been */
static void doorbell_change_place(struct iommu_doorbell *doorbell,
				  unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;

	if (doorbell->moving)
		interval_tree_remove(&doorbell->moving_from,
				     &space->old_places);
	doorbell->moving = true;
	doorbell->moving_from.start = doorbell->place.start;
	doorbell->moving_from.last = doorbell->place.last;
	/* Still mapped, so no other doorbell is to be given it */
	interval_tree_insert(&doorbell->moving_from, &space->old_places);
	doorbell_set_place(doorbell, iova);
	msi_trace_move(doorbell);
}

/* Begin to move @doorbell to @iova, which has been found free */
int msi_move_begin_to(struct iommu_doorbell *doorbell, unsigned long iova,
		      struct list_head *moves)
{
	int rc;

	msi_space_assert_owner(doorbell->space);
	if (iova == doorbell->place.start)
		return 0;
	rc = doorbell_map_place(doorbell, iova);
	if (rc)
		return rc;
	doorbell_change_place(doorbell, iova);
	list_add(&doorbell->move_item, moves);
	return 0;
}

/* Begin to move @doorbell to where the rule puts it, outside of @avoid */
int msi_move_begin(struct iommu_doorbell *doorbell,
		   const struct iommu_msi_window *avoid,
		   struct list_head *moves)
{
	unsigned long iova;
	int rc = -EEXIST;

	if (!doorbell_is_pinned(doorbell))
		rc = msi_space_find_place(doorbell, avoid, &iova);
	if (!rc)
		rc = msi_move_begin_to(doorbell, iova, moves);
	if (rc)
		trace_iommu_msi_refuse(doorbell->space, doorbell->phys,
				       doorbell->place.start, rc);
	return rc;
}

static void msi_move_end(struct iommu_doorbell *doorbell)
{
	doorbell_unmap_place(doorbell, doorbell->moving_from.start);
	interval_tree_remove(&doorbell->moving_from,
			     &doorbell->space->old_places);
	doorbell->moving = false;
	list_del(&doorbell->move_item);
}

/* Turn round: what has been rewritten is stale from now on */
static void msi_move_revert(struct iommu_doorbell *doorbell)
{
	doorbell_change_place(doorbell, doorbell->moving_from.start);
}

/**
 * msi_moves_cancel - Put doorbells back before any message was rewritten
 * @moves: List of doorbells that msi_move_begin() made; empty afterwards
 *
 * Context: The owner's lock and the space's lock have been held since
 * msi_move_begin().
 */
void msi_moves_cancel(struct list_head *moves)
{
	struct iommu_doorbell *doorbell, *next;

	list_for_each_entry_safe(doorbell, next, moves, move_item) {
		msi_move_revert(doorbell);
		msi_move_end(doorbell);
	}
}

static void msi_moves_revert(struct iommu_msi_space *space,
			     struct list_head *moves)
{
	struct iommu_doorbell *doorbell;

	guard(mutex)(&space->lock);
	list_for_each_entry(doorbell, moves, move_item)
		msi_move_revert(doorbell);
}

static int msi_moves_rewrite(struct list_head *moves)
{
	struct iommu_doorbell *doorbell;
	int rc;

	list_for_each_entry(doorbell, moves, move_item) {
		rc = doorbell_rewrite(doorbell);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * msi_moves_commit - Have messages rewritten, and leave the old places
 * @space: MSI space of the doorbells
 * @moves: List of doorbells that msi_move_begin() made; empty afterwards
 *
 * Context: Process context, may sleep. The owner's lock has been held for write
 * since msi_move_begin(), the space's lock is not held.
 * Return: 0, or -EEXIST if the driver of a device did not rewrite its messages;
 * then all doorbells are where they were before.
 */
int msi_moves_commit(struct iommu_msi_space *space, struct list_head *moves)
{
	struct iommu_doorbell *doorbell, *next;
	int rc;

	rc = msi_moves_rewrite(moves);
	if (rc) {
		msi_moves_revert(space, moves);
		/* What was rewritten once can be rewritten again */
		msi_moves_rewrite(moves);
	}
	guard(mutex)(&space->lock);
	list_for_each_entry_safe(doorbell, next, moves, move_item)
		msi_move_end(doorbell);
	return rc;
}

/* Domains */

static int msi_space_fit(struct iommu_msi_space *space, struct list_head *moves)
{
	struct iommu_doorbell *doorbell;
	struct iommu_msi_window aperture;
	unsigned long index;
	int rc;

	guard(mutex)(&space->lock);
	msi_space_aperture(space, &aperture);
	xa_for_each(&space->doorbells, index, doorbell) {
		if (doorbell->place.start >= aperture.start &&
		    doorbell->place.last <= aperture.last)
			continue;
		rc = msi_move_begin(doorbell, NULL, moves);
		if (rc) {
			msi_moves_cancel(moves);
			return rc == -EEXIST ? -EADDRINUSE : rc;
		}
	}
	return 0;
}

/**
 * iommu_msi_fit - Move doorbells that not all domains of a space can reach
 * @space: MSI space. A domain has joined, or a driver finished one that had:
 *	only now its aperture is known.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and
 * none that comes later in the order that iommu-msi.h states.
 * Return: 0 on success. -EADDRINUSE if a doorbell is pinned outside of an
 * aperture, -ENOSPC if there is no hole to move one to, -ENOMEM; then no doorbell
 * has moved.
 */
int iommu_msi_fit(struct iommu_msi_space *space)
{
	LIST_HEAD(moves);
	int rc;

	rc = msi_space_fit(space, &moves);
	if (rc)
		return rc;
	return msi_moves_commit(space, &moves);
}
EXPORT_SYMBOL_GPL(iommu_msi_fit);

/* The owner's mappings */

static struct iommu_doorbell *
msi_space_first_doorbell(struct iommu_msi_space *space,
			 const struct iommu_msi_window *range)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&space->places, range->start,
					range->last);
	return node ? container_of(node, struct iommu_doorbell, place) : NULL;
}

static int msi_space_clear(struct iommu_msi_space *space,
			   const struct iommu_msi_window *range,
			   struct list_head *moves)
{
	struct iommu_doorbell *doorbell;
	int rc;

	guard(mutex)(&space->lock);
	msi_space_reap(space);
	while ((doorbell = msi_space_first_doorbell(space, range))) {
		rc = msi_move_begin(doorbell, range, moves);
		if (rc) {
			msi_moves_cancel(moves);
			return rc;
		}
	}
	return 0;
}

/**
 * iommu_msi_check_room - Tell whether a range can be freed of doorbells
 * @space: MSI space
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * For an owner of several spaces, who asks all of them before he has doorbells
 * of one moved by iommu_msi_make_room().
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * O(log n) if there is no doorbell in the range.
 * Return: 0, or -EEXIST if a doorbell in the range is pinned.
 */
int iommu_msi_check_room(struct iommu_msi_space *space, unsigned long start,
			 unsigned long last)
{
	struct interval_tree_node *node;
	struct iommu_doorbell *doorbell;

	if (!iommu_msi_first_place(space, start, last))
		return 0;
	guard(mutex)(&space->lock);
	msi_space_reap(space);
	for (node = interval_tree_iter_first(&space->places, start, last); node;
	     node = interval_tree_iter_next(node, start, last)) {
		doorbell = container_of(node, struct iommu_doorbell, place);
		if (doorbell_is_pinned(doorbell))
			return -EEXIST;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_msi_check_room);

/**
 * iommu_msi_make_room - Move doorbells out of the way of the owner's mapping
 * @space: MSI space
 * @start: First IOVA that the owner wants, in bytes
 * @last: Last IOVA that the owner wants, in bytes
 *
 * A doorbell that vectors use goes on to work: see iommu_msi_register_driver().
 * If the owner's mapping fails later, it stays where it has been moved to.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and
 * none that comes later in the order that iommu-msi.h states.
 * O(log n) if there is no doorbell in the range.
 * Return: 0 if the range is free of doorbells now. -EEXIST if one that lies in it
 * is pinned, -ENOSPC if there is no hole to move one to, -ENOMEM; then no
 * doorbell has moved.
 */
int iommu_msi_make_room(struct iommu_msi_space *space, unsigned long start,
			unsigned long last)
{
	const struct iommu_msi_window wanted = { .start = start, .last = last };
	LIST_HEAD(moves);
	int rc;

	if (!iommu_msi_first_place(space, start, last))
		return 0;
	rc = msi_space_clear(space, &wanted, &moves);
	if (rc)
		return rc;
	return msi_moves_commit(space, &moves);
}
EXPORT_SYMBOL_GPL(iommu_msi_make_room);
