// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups, their devices, and the doorbells that these may use: which devices a
 * doorbell is kept and mapped for. See space.h for the objects and the locks.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "doorbell.h"
#include "mapping.h"
#include "user.h"

/* Groups and devices */

/*
 * The key of the group that @dev is in now. A device that leaves its group keeps what
 * it has reserved there until the group is detached: to undo that, use the group's own
 * key.
 */
const void *msi_group_key(const struct device *dev)
{
	return dev->iommu_group ? (void *)dev->iommu_group : (void *)dev;
}

static int msi_group_cmp(const void *key, const struct rb_node *node)
{
	const struct msi_group *group = rb_entry(node, struct msi_group, node);

	if (key < group->key)
		return -1;
	return key > group->key;
}

static bool msi_group_less(struct rb_node *a, const struct rb_node *b)
{
	return msi_group_cmp(rb_entry(a, struct msi_group, node)->key, b) < 0;
}

/*
 * Find a group. O(log n), either lock is held. A vector that is set up adds no group,
 * unless its own one is attached to a domain that joined the space before anything was
 * reserved for the group, as with type1 if the domain is cut into slots. Then the owner
 * is about to reserve for it, and may miss it here. That makes no difference: nothing
 * is reserved for it yet, and adding it takes the space's lock, and looks again.
 */
struct msi_group *msi_group_lookup(struct iommu_msi_space *space,
				   const void *key)
{
	struct rb_node *node = rb_find(key, &space->groups, msi_group_cmp);

	return node ? rb_entry(node, struct msi_group, node) : NULL;
}

/* The hardware bounds how many devices there are in a group */
static struct msi_device *msi_group_find(struct msi_group *group,
					 const struct device *dev)
{
	struct msi_device *device;

	list_for_each_entry_lockless(device, &group->devices, item)
		if (device->dev == dev)
			return device;
	return NULL;
}

/* Find a device. O(log n) */
struct msi_device *msi_device_lookup(struct iommu_msi_space *space,
				     const struct device *dev)
{
	struct msi_group *group = msi_group_lookup(space, msi_group_key(dev));

	return group ? msi_group_find(group, dev) : NULL;
}

static struct msi_group *msi_group_get(struct iommu_msi_space *space,
				       const void *key)
{
	struct msi_group *group = msi_group_lookup(space, key);

	if (group)
		return group;
	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return NULL;
	group->key = key;
	INIT_LIST_HEAD(&group->devices);
	rb_add(&group->node, &space->groups, msi_group_less);
	return group;
}

static void msi_group_put(struct iommu_msi_space *space,
			  struct msi_group *group)
{
	if (!list_empty(&group->devices))
		return;
	rb_erase(&group->node, &space->groups);
	kfree(group);
}

/*
 * Find or create a device in the group with @key, which it may be about to leave. The
 * space's lock is held. NULL: no memory
 */
struct msi_device *msi_device_get(struct iommu_msi_space *space,
				  const void *key, struct device *dev)
{
	struct msi_group *group = msi_group_get(space, key);
	struct msi_device *device;

	lockdep_assert_held(&space->lock);
	if (!group)
		return NULL;
	device = msi_group_find(group, dev);
	if (device)
		return device;
	device = kzalloc(sizeof(*device), GFP_KERNEL_ACCOUNT);
	if (!device) {
		msi_group_put(space, group);
		return NULL;
	}
	device->group = group;
	device->dev = get_device(dev);
	INIT_LIST_HEAD(&device->users);
	/* Walked under the owner's lock alone, and added to without it */
	list_add_tail_rcu(&device->item, &group->devices);
	return device;
}

/* Free a device without users or reservation. Locks as doorbell_free_idle() */
static void msi_device_free_idle(struct msi_device *device)
{
	if (device->attached || device->reserved || !list_empty(&device->users))
		return;
	list_del(&device->item);
	put_device(device->dev);
	kfree(device);
}

/* Free what in a group has no users, and the group if that is all. Locks as above. */
void msi_group_free_idle(struct iommu_msi_space *space, struct msi_group *group)
{
	struct msi_device *device, *next;

	lockdep_assert_held(&space->lock);
	list_for_each_entry_safe(device, next, &group->devices, item)
		msi_device_free_idle(device);
	msi_group_put(space, group);
}

/* Users */

/*
 * Find the user by which @device uses the doorbell at @phys, or else an unbound one.
 * The hardware bounds how many doorbells a device has.
 */
struct msi_user *msi_user_lookup(const struct msi_device *device,
				 phys_addr_t phys)
{
	struct msi_user *user, *unbound = NULL;

	list_for_each_entry_lockless(user, &device->users, device_item) {
		if (user->doorbell->phys == phys)
			return user;
		if (user->doorbell->phys == IOMMU_DOORBELL_UNBOUND &&
		    user->counted)
			unbound = user;
	}
	return unbound;
}

/* Record that @device may use @doorbell. The space's lock is held. NULL: no memory */
struct msi_user *msi_user_create(struct msi_device *device,
				 struct iommu_doorbell *doorbell)
{
	struct msi_user *user;

	lockdep_assert_held(&doorbell->space->lock);
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	user->device = device;
	user->doorbell = doorbell;
	INIT_LIST_HEAD(&user->idle_item);
	/* Walked under the owner's lock alone, and added to without it */
	list_add_tail_rcu(&user->device_item, &device->users);
	list_add_tail_rcu(&user->doorbell_item, &doorbell->users);
	return user;
}

/* Count @user as one that keeps the doorbell, or not. The space's lock is held. */
void msi_user_count(struct msi_user *user, bool count)
{
	user->doorbell->reservations += count - user->counted;
	user->counted = count;
}

static bool msi_user_is_wanted(const struct msi_user *user)
{
	return user->vectors || user->pinned || user->from;
}

static int msi_user_map_in(struct msi_user *user,
			   struct iommu_msi_domain *member,
			   struct msi_mapping **mapping)
{
	struct msi_mapping *new;

	if (!member)
		return 0;
	if (*mapping)
		return msi_mapping_complete(*mapping);
	new = msi_mapping_get(user->doorbell, member);
	if (IS_ERR(new))
		return PTR_ERR(new);
	*mapping = new;
	return 0;
}

/**
 * msi_user_map - Map the doorbell where messages of a device are sent
 * @user: The device and the doorbell; nothing happens until that is known
 *
 * These are the domain of its group, and the one that the group is about to enter.
 *
 * Context: The space's lock is held.
 * Return: 0 or the errors of msi_mapping_get(). What was mapped stays until
 * msi_user_unmap_unwanted().
 */
int msi_user_map(struct msi_user *user)
{
	struct msi_group *group = user->device->group;
	int rc;

	if (user->doorbell->phys == IOMMU_DOORBELL_UNBOUND)
		return 0;
	rc = msi_user_map_in(user, group->member, &user->mapping);
	if (rc)
		return rc;
	return msi_user_map_in(user, group->next, &user->next_mapping);
}

/* Unmap the doorbell from the IOVAs that a relocation has left */
void msi_user_leave_old(struct msi_user *user)
{
	guard(mutex)(&user->doorbell->space->lock);
	if (user->mapping)
		msi_mapping_leave_old(user->mapping);
	if (user->next_mapping)
		msi_mapping_leave_old(user->next_mapping);
}

/* msi_user_map(), if @user needs the doorbell */
int msi_user_map_wanted(struct msi_user *user)
{
	return msi_user_is_wanted(user) ? msi_user_map(user) : 0;
}

/* The group has entered its next domain, or stays in its present one */
void msi_user_enter(struct msi_user *user, bool entered)
{
	struct msi_mapping *left = user->next_mapping;

	if (entered) {
		left = user->mapping;
		user->mapping = user->next_mapping;
	}
	user->next_mapping = NULL;
	if (left)
		msi_mapping_put(left);
}

static void msi_user_unmap(struct msi_user *user)
{
	if (user->mapping)
		msi_mapping_put(user->mapping);
	if (user->next_mapping)
		msi_mapping_put(user->next_mapping);
	user->mapping = NULL;
	user->next_mapping = NULL;
}

/* Unmap the doorbell if @user does not need it. The space's lock is held. */
void msi_user_unmap_unwanted(struct msi_user *user)
{
	lockdep_assert_held(&user->doorbell->space->lock);
	if (!msi_user_is_wanted(user))
		msi_user_unmap(user);
}

/* The group is in no domain of the space any more. The space's lock is held. */
void msi_user_detach(struct msi_user *user)
{
	struct iommu_doorbell *doorbell = user->doorbell;

	lockdep_assert_held(&doorbell->space->lock);
	doorbell->pins -= user->pinned;
	user->pinned = false;
	msi_user_count(user, false);
	msi_user_unmap(user);
	msi_user_release(user);
}

/* No guest relies on the IOVAs of the device's doorbells any more */
void msi_device_unpin(struct msi_device *device)
{
	struct msi_user *user;

	list_for_each_entry_lockless(user, &device->users, device_item) {
		guard(mutex)(&user->doorbell->space->lock);
		user->doorbell->pins -= user->pinned;
		user->pinned = false;
		msi_user_unmap_unwanted(user);
	}
}

static void msi_user_free(struct msi_user *user)
{
	struct iommu_doorbell *doorbell = user->doorbell;
	struct msi_device *device = user->device;
	struct iommu_msi_space *space = doorbell->space;
	struct msi_group *group = device->group;

	list_del(&user->idle_item);
	list_del(&user->device_item);
	list_del(&user->doorbell_item);
	kfree(user);
	doorbell_free_idle(doorbell);
	msi_device_free_idle(device);
	msi_group_put(space, group);
}

/**
 * msi_user_release - Release a doorbell that a device does not need any more
 * @user: Nothing happens if it has a vector, or is reserved
 *
 * It is freed by the owner's next operation, or at once if the owner is gone.
 *
 * Context: The space's lock is held.
 */
void msi_user_release(struct msi_user *user)
{
	struct iommu_msi_space *space = user->doorbell->space;

	msi_user_unmap_unwanted(user);
	if (user->vectors || user->counted)
		return;
	if (!space->owner)
		msi_user_free(user);
	else if (list_empty(&user->idle_item))
		list_add_tail(&user->idle_item, &space->idle);
}

/* Returns false if there is none */
static bool msi_space_reap_one(struct iommu_msi_space *space)
{
	struct msi_user *user;

	guard(mutex)(&space->lock);
	user = list_first_entry_or_null(&space->idle, struct msi_user,
					idle_item);
	if (!user)
		return false;
	if (user->vectors || user->counted)
		/* It is used again */
		list_del_init(&user->idle_item);
	else
		msi_user_free(user);
	return true;
}

/**
 * msi_space_reap - Free what is not needed any more
 * @space: MSI space
 *
 * Context: The owner's lock is held for write, the space's is not.
 */
void msi_space_reap(struct iommu_msi_space *space)
{
	msi_space_assert_owner(space);
	/* Vectors add to the list without the owner's lock: those are for next time */
	while (!list_empty(&space->idle) && msi_space_reap_one(space))
		;
}
