// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO_DEVICE_FEATURE_MSI_ADDRESSES: MSI addresses that a guest programmed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "passthrough.h"

/*
 * The kernel gets @cmd and the first @room of @addresses; @addresses is written back
 */
int device_msi_addresses(struct device *dev, __u32 flags,
			 const struct vfio_device_feature_msi_addresses *cmd,
			 unsigned int room, __u64 *addresses)
{
	size_t list = room * sizeof(*addresses);
	struct vfio_device_feature *feature;
	int ret;

	feature = calloc(1, sizeof(*feature) + sizeof(*cmd) + list);
	if (!feature)
		return -ENOMEM;
	feature->argsz = sizeof(*feature) + sizeof(*cmd) + list;
	feature->flags = flags | VFIO_DEVICE_FEATURE_MSI_ADDRESSES;
	memcpy(feature->data, cmd, sizeof(*cmd));
	memcpy(feature->data + sizeof(*cmd), addresses, list);
	ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, feature) ? -errno : 0;
	memcpy(addresses, feature->data + sizeof(*cmd), list);
	free(feature);
	return ret;
}

/* @flags: VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET, or both, or none */
int device_probe_msi_addresses(struct device *dev, __u32 flags)
{
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_PROBE | flags |
			 VFIO_DEVICE_FEATURE_MSI_ADDRESSES,
	};

	return ioctl(dev->fd, VFIO_DEVICE_FEATURE, &feature) ? -errno : 0;
}

/* @index: VFIO_PCI_MSI_IRQ_INDEX or VFIO_PCI_MSIX_IRQ_INDEX */
int device_set_msi_address(struct device *dev, __u32 index, __u32 vector,
			   __u64 address)
{
	struct vfio_device_feature_msi_addresses cmd = {
		.index = index,
		.start = vector,
		.count = 1,
	};

	return device_msi_addresses(dev, VFIO_DEVICE_FEATURE_SET, &cmd, 1,
				    &address);
}

int device_clear_msi_addresses(struct device *dev, __u32 index)
{
	struct vfio_device_feature_msi_addresses cmd = { .index = index };
	__u64 none = 0;

	return device_msi_addresses(dev, VFIO_DEVICE_FEATURE_SET, &cmd, 0,
				    &none);
}

/* The address that is set for one vector, 0 if it cannot be read */
__u64 device_msi_address(struct device *dev, __u32 index, __u32 vector)
{
	struct vfio_device_feature_msi_addresses cmd = {
		.index = index,
		.start = vector,
		.count = 1,
	};
	__u64 address = 0;

	if (device_msi_addresses(dev, VFIO_DEVICE_FEATURE_GET, &cmd, 1,
				 &address))
		return 0;
	return address;
}
