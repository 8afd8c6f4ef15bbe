// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers the messages of an open device with the IOMMU layer as the user's. They
 * are rewritten by the device's driver, or not at all.
 */
#include <linux/iommu-msi-rewriter.h>
#include <linux/vfio.h>

#include "vfio.h"

static void vfio_device_rewrite_msi(struct iommu_msi_rewriter *rewriter,
				    struct iommu_msi_rewrite *rewrite)
{
	struct vfio_device *device =
		container_of(rewriter, struct vfio_device, msi_rewriter);

	device->ops->rewrite_msi(device, rewrite);
}

/**
 * vfio_device_register_msi - Register a device's messages as the user's
 * @device: Device that is about to be opened, and has no vectors yet
 *
 * Context: Holds the device set's lock.
 */
void vfio_device_register_msi(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	device->msi_rewriter.rewrite =
		device->ops->rewrite_msi ? vfio_device_rewrite_msi : NULL;
	iommu_msi_register_rewriter(device->dev, &device->msi_rewriter);
}

/**
 * vfio_device_unregister_msi - Undo vfio_device_register_msi()
 * @device: Device that has been closed, and has no vectors any more
 *
 * Context: Holds the device set's lock. Waits for a rewrite to end.
 */
void vfio_device_unregister_msi(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	iommu_msi_unregister_rewriter(device->dev);
}
