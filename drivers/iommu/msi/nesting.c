// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doorbells of devices that are attached to a nested domain. A guest that owns
 * stage 1 sends its MSIs to where they are in stage 2.
 *
 * The guest was told the address, or knows it: by the legacy window, or because
 * the VMM put its own interrupt controller there. So the doorbells stay where they
 * are as long as such a device is attached, and are mapped all the time, not just
 * while there is a vector.
 *
 * Races
 * -----
 * - pinning against relocation of a doorbell: both hold the owner's lock, or the
 *   space's. The owner relocates none while a device is being attached.
 * - pinning against vectors: the space's lock. A new vector finds the doorbell
 *   mapped, and the last one leaves it mapped.
 * - detach against an MSI on its way: the pin is removed with the reservation,
 *   after the device was detached and can send no more.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi-nesting.h>

#include "user.h"

static int msi_device_map_all(struct msi_device *device)
{
	struct msi_user *user;
	int rc;

	list_for_each_entry(user, &device->users, device_item) {
		rc = user->counted ? msi_user_map(user) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * iommu_msi_pin_device - Keep the doorbells of a device where they are
 * @domain: Nest parent, given to iommu_msi_join(), of the nested domain that @dev
 *	is about to be attached to
 * @dev: Device with reservations
 *
 * They are mapped into @domain, and the owner's maps over them fail. Undone by
 * iommu_msi_unpin_device(), or together with the reservations. Pinning again is no
 * error, and maps them into @domain, too, if that is another one of the space.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * Return: 0 on success. -EADDRINUSE if a doorbell lies outside of the aperture of
 * @domain, -ENOMEM, or what the IOMMU driver's map returned. On failure nothing is
 * pinned that was not before.
 */
int iommu_msi_pin_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_msi_domain *member = domain->msi;
	struct iommu_msi_space *space = member->space;
	struct msi_device *device;
	struct msi_user *user;
	int rc;

	msi_space_assert_owner(space);
	guard(mutex)(&space->lock);
	device = msi_device_lookup(space, dev);
	if (!device)
		return 0;
	/* The group is about to enter it, see iommu_msi_group_begin() */
	if (device->group->member != member)
		device->group->next = member;
	rc = msi_device_map_all(device);
	list_for_each_entry(user, &device->users, device_item) {
		if (!user->counted || user->pinned)
			continue;
		if (rc) {
			msi_user_unmap_unwanted(user);
		} else {
			user->pinned = true;
			user->doorbell->pins++;
		}
	}
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_pin_device);

/**
 * iommu_msi_unpin_device - Undo iommu_msi_pin_device()
 * @domain: Domain of the same space, which the device is attached to
 * @dev: The device, which is attached to no nested domain; nothing happens if its
 *	doorbells are not pinned
 *
 * Doorbells without vectors are unmapped.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_unpin_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_msi_space *space = domain->msi->space;
	struct msi_device *device;

	msi_space_assert_owner(space);
	device = msi_device_lookup(space, dev);
	if (device)
		msi_device_unpin(device);
}
EXPORT_SYMBOL_GPL(iommu_msi_unpin_device);
