// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of a group whose messages would go astray when the group is attached to
 * a domain of an MSI space.
 *
 * The domain of a group translates the MSIs of all its devices, not only of the
 * user's. A host driver that does no DMA may keep its device in such a group, that
 * of a PCIe port for one (device_driver::driver_managed_dma), and its interrupts
 * were set up before the owner came: for the DMA API's domain, or for none. What
 * lies at their IOVA in the new domain is the owner's. The driver cannot rewrite
 * messages, so such a group is refused. Vectors that come once the group is
 * attached get their doorbell in the space like any others, and pin it.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/slab.h>

#include "space.h"

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
	struct msi_desc *desc;
	bool in_use = false;

	if (!dev->msi.data)
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED)
		if (desc->iommu_doorbell &&
		    desc->iommu_doorbell->space != space)
			in_use = true;
	msi_unlock_descs(dev);
	return in_use;
}
EXPORT_SYMBOL_GPL(iommu_msi_in_use_elsewhere);

/* Vectors without a doorbell count: they were set up where nothing translated */
static bool msi_has_foreign_vector(struct iommu_msi_space *space,
				   struct device *dev)
{
	struct msi_desc *desc;
	bool foreign = false;

	if (!dev->msi.data)
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED)
		if (!desc->iommu_doorbell ||
		    desc->iommu_doorbell->space != space)
			foreign = true;
	msi_unlock_descs(dev);
	return foreign;
}

/*
 * Who holds the device's lock may be unbinding its driver, which frees what there
 * is to look at, or binding one that sets interrupts up; and to wait for him could
 * be to wait for the user who has the device open.
 */
static bool msi_device_is_busy(struct iommu_msi_space *space,
			       struct device *dev)
{
	bool busy;

	if (!device_trylock(dev))
		return true;
	busy = msi_has_foreign_vector(space, dev);
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
 * devices if they are free, and those of their MSI descriptors.
 * Return: 0 or -ENOMEM. -EBUSY if a device that is not the user's own has vectors
 * whose messages do not hold an IOVA of @space, or its lock is held; the former
 * is said in the kernel log, once.
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
