// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of a group whose messages would go astray when the group is attached to
 * a domain of an MSI space: the user's own that got vectors before, and others.
 *
 * The domain of a group translates the MSIs of all its devices, not only of the
 * user's. A host driver that does no DMA may keep its device in such a group, that
 * of a PCIe port for one (device_driver::driver_managed_dma), and its interrupts
 * were set up before the owner came: for the DMA API's domain, or for none. What
 * lies at their IOVA in the new domain is the owner's. The driver cannot rewrite
 * messages, so such a group is refused. Vectors that come once the group is
 * attached get their doorbell in the space like any others, and pin it.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/slab.h>

#include "space.h"

/* Vectors without a doorbell count if @bare */
static bool msi_has_foreign_vector(struct iommu_msi_space *space,
				   struct device *dev, bool bare)
{
	const struct iommu_doorbell *doorbell;
	struct msi_desc *desc;
	bool foreign = false;

	if (!dev->msi.data)
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		doorbell = desc->iommu_doorbell;
		if (doorbell ? doorbell->space != space : bare)
			foreign = true;
	}
	msi_unlock_descs(dev);
	return foreign;
}

/**
 * iommu_msi_in_use_elsewhere - Tell whether a device has vectors in another space
 * @space: MSI space, or NULL for none
 * @dev: The device
 *
 * Messages of live vectors hold an IOVA of the space that they were set up in,
 * which in another one may be the user's.
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors. The device's driver stays.
 * Return: true if a doorbell of another space than @space is used.
 */
bool iommu_msi_in_use_elsewhere(struct iommu_msi_space *space,
				struct device *dev)
{
	return msi_has_foreign_vector(space, dev, false);
}
EXPORT_SYMBOL_GPL(iommu_msi_in_use_elsewhere);

static int msi_ignore_doorbell(phys_addr_t start, size_t size, void *data)
{
	return 0;
}

/**
 * iommu_msi_check_device - Tell whether messages of a device allow to attach it
 * @space: MSI space of the domain that the device is about to be attached to,
 *	or has just been, or NULL if the domain has none yet
 * @dev: The device. Its MSIs are translated; it was attached to nothing.
 *
 * Messages of vectors that were set up then hold physical addresses, which in
 * the domain are the owner's IOVAs. That does not go for a controller that
 * tells no doorbells: it may be in front of the IOMMU, as those in PCI host
 * bridges, and its messages are the same in any domain.
 *
 * A vector may come after the call, but before the device is attached; called
 * again when it is, this finds it.
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors. The device's driver stays.
 * Return: 0, or -EBUSY if the device has vectors whose messages do not hold an
 * IOVA of @space.
 */
int iommu_msi_check_device(struct iommu_msi_space *space, struct device *dev)
{
	bool told = msi_walk_doorbells(dev, msi_ignore_doorbell, NULL) !=
		    -EOPNOTSUPP;

	return msi_has_foreign_vector(space, dev, told) ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(iommu_msi_check_device);

/* How long a device may be locked: a reset of a PCI function takes 100 ms */
#define MSI_GROUP_LOCK_TRIES 20
#define MSI_GROUP_LOCK_MS 20

/*
 * Who holds the device's lock may be unbinding its driver, which frees what there
 * is to look at, or binding one that sets interrupts up; and to wait for him could
 * be to wait for the user who has the device open. He who only resets the
 * device is done soon.
 */
static bool msi_device_try_lock(struct device *dev)
{
	unsigned int tries;

	for (tries = 1; !device_trylock(dev); tries++) {
		if (tries == MSI_GROUP_LOCK_TRIES)
			return false;
		msleep(MSI_GROUP_LOCK_MS);
	}
	return true;
}

static bool msi_device_is_busy(struct iommu_msi_space *space,
			       struct device *dev)
{
	bool busy;

	if (!msi_device_try_lock(dev))
		return true;
	/* Vectors without a doorbell were set up where nothing translated */
	busy = msi_has_foreign_vector(space, dev, true);
	device_unlock(dev);
	if (busy)
		dev_notice_once(dev, "MSIs of the host: group refused\n");
	return busy;
}

/* Called with the group's mutex held */
static int msi_group_add(struct device *dev, void *data)
{
	struct iommu_msi_group_device *device;
	struct list_head *devices = data;

	device = kzalloc(sizeof(*device), GFP_KERNEL_ACCOUNT);
	if (!device)
		return -ENOMEM;
	device->dev = get_device(dev);
	list_add_tail(&device->item, devices);
	return 0;
}

/**
 * iommu_msi_list_devices - List the devices that are in a group now
 * @group: The group
 * @devices: Empty list, filled with struct iommu_msi_group_device; to be given to
 *	iommu_msi_free_devices()
 *
 * For what takes locks that come before the group's mutex: those of owners and of
 * MSI descriptors.
 *
 * Context: Process context, may sleep. Takes the group's mutex.
 * Return: 0 or -ENOMEM, and the list is empty.
 */
int iommu_msi_list_devices(struct iommu_group *group, struct list_head *devices)
{
	int rc;

	rc = iommu_group_for_each_dev(group, devices, msi_group_add);
	if (rc)
		iommu_msi_free_devices(devices);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_list_devices);

/**
 * iommu_msi_free_devices - Free what iommu_msi_list_devices() made
 * @devices: The list; empty afterwards
 *
 * Context: Process context.
 */
void iommu_msi_free_devices(struct list_head *devices)
{
	struct iommu_msi_group_device *device, *next;

	list_for_each_entry_safe(device, next, devices, item) {
		list_del(&device->item);
		put_device(device->dev);
		kfree(device);
	}
}
EXPORT_SYMBOL_GPL(iommu_msi_free_devices);

/**
 * iommu_msi_check_group - Tell whether messages of a group allow to attach it
 * @space: MSI space of the domain that the group is about to be attached to, or
 *	has just been, or NULL if the domain has none yet
 * @group: The group, the MSIs of which are translated
 * @is_users: Tell whether a device is the user's own, whose messages the caller
 *	looks after. May be NULL if none is in use yet.
 * @data: Argument of @is_users
 *
 * A driver that is bound after the call, but before the group is attached, sets
 * its vectors up without a doorbell; called again when the group is attached, this
 * finds them.
 *
 * Context: Process context, may sleep. Takes the group's mutex, the locks of its
 * devices if they become free within some tenths of a second, and those of
 * their MSI descriptors.
 * Return: 0 or -ENOMEM. -EBUSY if a device that is not the user's own has vectors
 * whose messages do not hold an IOVA of @space, or its lock is held for longer;
 * the former is said in the kernel log, once.
 */
int iommu_msi_check_group(struct iommu_msi_space *space,
			  struct iommu_group *group,
			  bool (*is_users)(struct device *dev, void *data),
			  void *data)
{
	struct iommu_msi_group_device *device;
	LIST_HEAD(devices);
	int rc;

	rc = iommu_msi_list_devices(group, &devices);
	list_for_each_entry(device, &devices, item)
		if (!rc && !(is_users && is_users(device->dev, data)) &&
		    msi_device_is_busy(space, device->dev))
			rc = -EBUSY;
	iommu_msi_free_devices(&devices);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_check_group);
