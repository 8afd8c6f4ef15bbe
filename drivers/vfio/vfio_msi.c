// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets the IOMMU layer move MSI doorbells that an open device uses, if the driver
 * of the device can rewrite its messages.
 */
#include <linux/iommu-msi.h>
#include <linux/vfio.h>

#include "vfio.h"

static void vfio_device_rewrite_msi(struct iommu_msi_driver *driver,
				    struct iommu_msi_rewrite *rewrite)
{
	struct vfio_device *device =
		container_of(driver, struct vfio_device, msi_driver);

	device->ops->rewrite_msi(device, rewrite);
}

/**
 * vfio_device_register_msi - Allow that messages of a device are rewritten
 * @device: Device that is about to be opened, so that it has no vectors yet
 *
 * Context: Holds the device set's lock.
 */
void vfio_device_register_msi(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	if (!device->ops->rewrite_msi)
		return;
	device->msi_driver.rewrite = vfio_device_rewrite_msi;
	iommu_msi_register_driver(device->dev, &device->msi_driver);
}

/**
 * vfio_device_unregister_msi - Undo vfio_device_register_msi()
 * @device: Device that has been closed, so that it has no vectors any more
 *
 * Context: Holds the device set's lock. Waits for a rewrite to end.
 */
void vfio_device_unregister_msi(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	if (device->ops->rewrite_msi)
		iommu_msi_unregister_driver(device->dev);
}
