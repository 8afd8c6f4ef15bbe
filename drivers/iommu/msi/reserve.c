// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's interface: reservations of doorbells for attached devices. See
 * include/linux/iommu-msi.h.
 *
 * A device that is attached reserves the doorbells that it may use, and those of the
 * other devices in its group, as the group's domain translates them all. An owner that
 * attaches whole groups reserves them for the group.
 *
 * Devices that no driver keeps bound may leave the group at any time. What they have
 * reserved stays in the group's list, with a reference on the device, and is undone
 * with the rest: it is never looked for by the device.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include <trace/events/iommu_msi.h>

#include "controller.h"
#include "doorbell.h"
#include "isolation.h"
#include "relocate.h"
#include "user.h"
#include "vector.h"

/* State of one iommu_msi_reserve_device() or iommu_msi_reserve_group() */
struct msi_reserve {
	struct iommu_msi_space *space;
	const void *key;
	struct device *dev;
	struct msi_device *device;
	struct list_head relocations;
	/* Relocations that are desirable, but may fail */
	struct list_head optional;
};

/*
 * Relocate a doorbell that the kernel placed where the device's bus does not carry
 * MSIs. It stays if it is pinned, or if there is no better IOVA.
 */
static int doorbell_bring_in_reach(struct iommu_doorbell *doorbell,
				   struct list_head *relocations)
{
	unsigned long iova;
	int rc;

	if (msi_bus_reaches(&doorbell->space->limits, doorbell_start(doorbell),
			    doorbell_last(doorbell)) ||
	    doorbell->placement != IOMMU_MSI_PLACED_AUTO ||
	    doorbell_is_pinned(doorbell))
		return 0;
	rc = doorbell_find_reachable_place(doorbell, &iova);
	if (!rc)
		rc = msi_relocate_to(doorbell, iova, relocations);
	return rc == -ENOSPC || rc == -EEXIST ? 0 : rc;
}

/* Another device has brought it */
static int msi_reserve_known(struct msi_reserve *reserve,
			     struct iommu_doorbell *doorbell)
{
	/* Devices with 32-bit MSI addresses cannot use IOVAs above 4 GiB */
	bool lower = reserve->device->below_4g &&
		     upper_32_bits(doorbell_last(doorbell));
	int rc;

	/* For another device of the group, and once is enough */
	if (doorbell->moving)
		return lower ? -EADDRINUSE : 0;
	if (lower) {
		rc = msi_relocate(doorbell, NULL, &reserve->relocations);
		if (rc || doorbell->moving)
			return rc == -EEXIST ? -EADDRINUSE : rc;
	}
	return doorbell_bring_in_reach(doorbell, &reserve->optional);
}

/* What @device used before, or a new user of the doorbell at @phys, if that exists */
static struct msi_user *msi_reserve_find(struct msi_device *device,
					 struct iommu_msi_space *space,
					 phys_addr_t phys)
{
	struct iommu_doorbell *doorbell;
	struct msi_user *user;

	list_for_each_entry_lockless(user, &device->users, device_item)
		/* An unbound one is for vectors that the device has kept */
		if (user->doorbell->phys == phys ||
		    (phys == IOMMU_DOORBELL_UNBOUND && user->vectors))
			return user;
	doorbell = doorbell_lookup(space, phys);
	if (!doorbell)
		return NULL;
	user = msi_user_create(device, doorbell);
	return user ?: ERR_PTR(-ENOMEM);
}

/* NULL if nothing in @space is at @phys. A later failure undoes all. */
static struct msi_user *msi_reserve_user(struct msi_device *device,
					 struct iommu_msi_space *space,
					 phys_addr_t phys)
{
	struct msi_user *user;

	guard(mutex)(&space->lock);
	user = msi_reserve_find(device, space, phys);
	if (!IS_ERR_OR_NULL(user))
		msi_user_count(user, true);
	return user;
}

static struct msi_user *msi_reserve_new(struct msi_device *device,
					struct iommu_msi_space *space,
					phys_addr_t phys)
{
	struct iommu_doorbell *doorbell;
	struct msi_user *user;

	doorbell = doorbell_create(space, phys, msi_has_banks(device->dev));
	if (IS_ERR(doorbell))
		return ERR_CAST(doorbell);
	guard(mutex)(&space->lock);
	user = msi_user_create(device, doorbell);
	if (!user) {
		doorbell_free_idle(doorbell);
		return ERR_PTR(-ENOMEM);
	}
	msi_user_count(user, true);
	return user;
}

/* A bank without IOVAs is no error: it refuses vectors */
static int msi_reserve_failed(const struct msi_reserve *reserve, int rc)
{
	return rc == -ENOSPC && msi_has_banks(reserve->dev) ? 0 : rc;
}

static int msi_reserve_page(struct msi_reserve *reserve, phys_addr_t phys)
{
	struct iommu_msi_space *space = reserve->space;
	struct msi_user *user;
	int rc = 0;

	user = msi_reserve_user(reserve->device, space, phys);
	if (!user)
		user = msi_reserve_new(reserve->device, space, phys);
	else if (!IS_ERR(user))
		rc = msi_reserve_known(reserve, user->doorbell);
	if (IS_ERR(user))
		return msi_reserve_failed(reserve, PTR_ERR(user));
	trace_iommu_msi_reserve(space, reserve->dev, phys,
				doorbell_start(user->doorbell));
	return rc;
}

static int msi_reserve_doorbell(phys_addr_t start, size_t size, void *data)
{
	phys_addr_t last = start + size - 1;
	phys_addr_t phys = ALIGN_DOWN(start, IOMMU_DOORBELL_PAGE);
	struct msi_reserve *reserve = data;
	int rc;

	for (; phys <= last; phys += IOMMU_DOORBELL_PAGE) {
		/* No domain of the space has larger pages than a slot */
		rc = iommu_msi_check_page(reserve->dev, max(phys, start),
					  reserve->space->slot_size);
		if (!rc)
			rc = msi_reserve_page(reserve, phys);
		if (rc)
			return rc;
	}
	return 0;
}

static int msi_reserve_bus(struct msi_reserve *reserve)
{
	struct msi_device *device = reserve->device;
	struct msi_bus *bus;

	if (device->bus)
		return 0;
	bus = msi_bus_get(&reserve->space->limits, device->dev);
	if (IS_ERR(bus))
		return PTR_ERR(bus);
	device->bus = bus;
	return 0;
}

static int msi_reserve_one(struct msi_reserve *reserve, struct device *dev)
{
	struct iommu_msi_space *space = reserve->space;
	int rc;

	mutex_lock(&space->lock);
	reserve->dev = dev;
	reserve->device = msi_device_get(space, reserve->key, dev);
	mutex_unlock(&space->lock);
	if (!reserve->device)
		return -ENOMEM;
	reserve->device->reserved = true;
	if (!reserve->device->below_4g && msi_is_below_4g(dev)) {
		reserve->device->below_4g = true;
		space->below_4g++;
	}
	rc = msi_reserve_bus(reserve);
	if (!rc)
		rc = msi_walk_doorbells(dev, msi_reserve_doorbell, reserve);
	if (rc == -EOPNOTSUPP)
		rc = msi_reserve_page(reserve, IOMMU_DOORBELL_UNBOUND);
	return rc;
}

/* The devices that are in @group now, except one. They may be the host's */
static int msi_reserve_members(struct msi_reserve *reserve,
			       struct iommu_group *group,
			       const struct device *except)
{
	struct iommu_msi_group_device *member;
	LIST_HEAD(devices);
	int rc;

	rc = iommu_msi_list_devices(group, &devices);
	list_for_each_entry(member, &devices, item)
		if (!rc && member->dev != except)
			rc = msi_reserve_one(reserve, member->dev);
	iommu_msi_free_devices(&devices);
	return rc;
}

static void msi_device_detach(struct iommu_msi_space *space,
			      struct msi_device *device)
{
	struct msi_user *user;

	device->reserved = false;
	space->below_4g -= device->below_4g;
	device->below_4g = false;
	msi_bus_put(&space->limits, device->bus);
	device->bus = NULL;
	list_for_each_entry_lockless(user, &device->users, device_item) {
		guard(mutex)(&space->lock);
		msi_user_detach(user);
	}
}

/* No device of the group is attached any more */
static void msi_group_detach(struct iommu_msi_space *space,
			     struct msi_group *group)
{
	struct msi_device *device;

	list_for_each_entry_lockless(device, &group->devices, item)
		msi_device_detach(space, device);
	guard(mutex)(&space->lock);
	group->member = NULL;
	group->next = NULL;
	msi_group_free_idle(space, group);
}

/**
 * iommu_msi_unreserve_device - Undo iommu_msi_reserve_device()
 * @space: MSI space
 * @dev: The device, which is detached; nothing happens if it has no reservation
 *
 * When the last device of a group is detached, the reservations of all are undone. A
 * doorbell that vectors still use keeps its IOVAs until they go.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_unreserve_device(struct iommu_msi_space *space,
				struct device *dev)
{
	struct msi_device *device = msi_device_lookup(space, dev);
	struct msi_group *group;

	msi_space_assert_owner(space);
	if (!device || !device->attached)
		return;
	group = device->group;
	device->attached = false;
	if (--group->attached)
		msi_device_unpin(device);
	else
		msi_group_detach(space, group);
	msi_space_reap(space);
}
EXPORT_SYMBOL_GPL(iommu_msi_unreserve_device);

/**
 * iommu_msi_unreserve_group - Undo iommu_msi_reserve_group()
 * @space: MSI space, or NULL
 * @group: The group, which is detached; nothing happens if it has no reservation
 *
 * That includes what devices reserved that have left the group since. A doorbell that
 * vectors still use keeps its IOVAs until they go.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_unreserve_group(struct iommu_msi_space *space,
			       struct iommu_group *group)
{
	struct msi_group *reserved;

	if (!space)
		return;
	msi_space_assert_owner(space);
	reserved = msi_group_lookup(space, group);
	if (!reserved || !reserved->attached)
		return;
	reserved->attached = 0;
	msi_group_detach(space, reserved);
	msi_space_reap(space);
}
EXPORT_SYMBOL_GPL(iommu_msi_unreserve_group);

/* Those that are to be reserved are in the lists of @reserve, or it failed by @rc */
static int msi_reserve_end(struct msi_reserve *reserve, int rc)
{
	rc = msi_relocations_commit(&reserve->relocations, rc);
	/* A device's messages were not rewritten: its doorbell stays in the way */
	if (rc == -EEXIST)
		rc = -EADDRINUSE;
	/* If messages cannot be rewritten, these stay where they were */
	msi_relocations_commit(&reserve->optional, rc);
	return rc;
}

static void msi_reserve_init(struct msi_reserve *reserve,
			     struct iommu_msi_space *space, const void *key,
			     const struct iommu_msi_window *window)
{
	*reserve = (struct msi_reserve){
		.space = space,
		.key = key,
		.relocations = LIST_HEAD_INIT(reserve->relocations),
		.optional = LIST_HEAD_INIT(reserve->optional),
	};
	msi_space_reap(space);
	space->driver_window = *window;
	if (!space->only_window)
		space->window = *window;
}

static int msi_reserve_device(struct msi_reserve *reserve, struct device *dev)
{
	int rc = msi_reserve_one(reserve, dev);

	if (!reserve->device)
		return rc;
	/* From here on iommu_msi_unreserve_device() finds it */
	if (!reserve->device->attached) {
		reserve->device->attached = true;
		reserve->device->group->attached++;
	}
	if (rc || !dev->iommu_group)
		return rc;
	return msi_reserve_members(reserve, dev->iommu_group, dev);
}

/**
 * iommu_msi_reserve_device - Reserve IOVAs for the doorbells of a device
 * @space: MSI space of the IOVA space that the device is about to be attached to
 * @dev: The device
 * @window: Software MSI window of the device's IOMMU; its slots are tried first
 *
 * Each doorbell that @dev and the other devices of its group may use, and that no
 * other device brought already, gets IOVAs. A device whose interrupt controller
 * cannot enumerate its doorbells gets one for whichever it turns out to use. A
 * doorbell is not reserved if it shares a page of the slot size with what another
 * driver claimed. Banks (struct iommu_msi_provider) are reserved only if there is a
 * hole for them.
 *
 * Context: Process context, may sleep. The owner's lock is held for write. Takes the
 * group's mutex. Nothing happens if @dev has its reservations already.
 *
 * A doorbell above 4 GiB is relocated if @dev is limited to 32-bit MSI addresses. One
 * that the kernel placed where the bus of @dev does not carry MSIs is relocated if it
 * can be.
 *
 * Return: 0 on success. -ENOSPC if no hole is left, -EADDRINUSE if a doorbell is
 * pinned above 4 GiB, or was just relocated there for another device of the group, and
 * @dev cannot reach it, or if the IOVA that the owner requested for one is taken,
 * -EPERM if a doorbell must not be given to a user (see iommu_msi_check_page()),
 * -EINTR if a fatal signal ended the search, -ENOMEM. On failure @dev has no
 * reservation, and no doorbell was relocated.
 */
int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window)
{
	struct msi_device *device = msi_device_lookup(space, dev);
	struct msi_reserve reserve;
	int rc;

	if (device && device->attached)
		return 0;
	msi_reserve_init(&reserve, space, msi_group_key(dev), window);
	rc = msi_reserve_device(&reserve, dev);
	rc = msi_reserve_end(&reserve, rc);
	if (rc)
		iommu_msi_unreserve_device(space, dev);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_reserve_device);

/**
 * iommu_msi_reserve_group - Reserve IOVAs for the doorbells of a group
 * @space: MSI space of the IOVA space that the group is about to be attached to
 * @group: The group, which the owner keeps until iommu_msi_unreserve_group()
 * @window: As for iommu_msi_reserve_device()
 *
 * For owners that attach whole groups: none of their devices is given to
 * iommu_msi_reserve_device(). The devices that are in @group now get reservations as
 * if each were attached, including those of the host's drivers. One that is added later
 * can use the doorbells that @space has then; if its interrupt controller has another
 * one, enabling its interrupts fails with -ENOSPC until the group is attached again.
 * Devices may leave @group meanwhile.
 *
 * Context: As for iommu_msi_reserve_device(). Nothing happens if @group has its
 * reservations already.
 * Return: 0 or the errors of iommu_msi_reserve_device(); then nothing is reserved.
 */
int iommu_msi_reserve_group(struct iommu_msi_space *space,
			    struct iommu_group *group,
			    const struct iommu_msi_window *window)
{
	struct msi_group *reserved = msi_group_lookup(space, group);
	struct msi_reserve reserve;
	int rc;

	if (reserved && reserved->attached)
		return 0;
	msi_reserve_init(&reserve, space, group, window);
	rc = msi_reserve_members(&reserve, group, NULL);
	reserved = msi_group_lookup(space, group);
	if (reserved)
		reserved->attached = 1;
	rc = msi_reserve_end(&reserve, rc);
	if (rc)
		iommu_msi_unreserve_group(space, group);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_reserve_group);
