// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE_MSI_ADDRESSES: MSI addresses that a guest programmed,
 * passed on by the VMM. drivers/iommu/msi/address.c decides what they mean, and
 * whether they are valid; this is the ioctl.
 *
 * igate keeps SET_IRQS from creating or freeing vectors meanwhile, as the IOMMU
 * layer requires. User memory is accessed before or after.
 */
#include <linux/iommu-msi.h>
#include <linux/iommu-msi-nesting.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vfio_msi_address.h>
#include <linux/vfio_pci_core.h>

#include "vfio_pci_priv.h"

#define FEATURE_OPS (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)

/* Return the number of addresses */
static int vfio_pci_msi_count(struct pci_dev *pdev, u32 index)
{
	if (index == VFIO_PCI_MSIX_IRQ_INDEX)
		return max(pci_msix_vec_count(pdev), 0);
	if (index == VFIO_PCI_MSI_IRQ_INDEX)
		return pci_msi_vec_count(pdev) > 0;
	return 0;
}

static enum iommu_msi_kind vfio_pci_msi_kind(u32 index)
{
	return index == VFIO_PCI_MSI_IRQ_INDEX ? IOMMU_MSI_SHARED :
						 IOMMU_MSI_PER_VECTOR;
}

static int
vfio_pci_msi_check_range(struct pci_dev *pdev,
			 const struct vfio_device_feature_msi_addresses *cmd,
			 size_t room)
{
	int limit = vfio_pci_msi_count(pdev, cmd->index);

	if (cmd->flags || !limit || cmd->start > limit ||
	    cmd->count > limit - cmd->start)
		return -EINVAL;
	return room / sizeof(u64) < cmd->count ? -EINVAL : 0;
}

static int
vfio_pci_msi_addresses_set(struct vfio_pci_core_device *vdev,
			   const struct vfio_device_feature_msi_addresses *cmd,
			   const u64 __user *data)
{
	enum iommu_msi_kind kind = vfio_pci_msi_kind(cmd->index);
	struct device *dev = &vdev->pdev->dev;
	u64 *addresses;
	int rc;

	if (!cmd->count) {
		if (cmd->start)
			return -EINVAL;
		guard(mutex)(&vdev->igate);
		return iommu_msi_clear_addresses(dev, kind);
	}

	addresses = memdup_array_user(data, cmd->count, sizeof(*data));
	if (IS_ERR(addresses))
		return PTR_ERR(addresses);
	mutex_lock(&vdev->igate);
	rc = iommu_msi_set_addresses(dev, kind, cmd->start, cmd->count,
				     addresses);
	mutex_unlock(&vdev->igate);
	kfree(addresses);
	return rc;
}

static int
vfio_pci_msi_addresses_get(struct vfio_pci_core_device *vdev,
			   const struct vfio_device_feature_msi_addresses *cmd,
			   u64 __user *data)
{
	u64 *addresses;
	int rc = 0;

	if (!cmd->count)
		return 0;
	addresses = kcalloc(cmd->count, sizeof(*addresses), GFP_KERNEL_ACCOUNT);
	if (!addresses)
		return -ENOMEM;
	iommu_msi_get_addresses(&vdev->pdev->dev, vfio_pci_msi_kind(cmd->index),
				cmd->start, cmd->count, addresses);
	if (copy_to_user(data, addresses,
			 array_size(cmd->count, sizeof(*addresses))))
		rc = -EFAULT;
	kfree(addresses);
	return rc;
}

/**
 * vfio_pci_core_feature_msi_addresses - Do VFIO_DEVICE_FEATURE_MSI_ADDRESSES
 * @device: The device
 * @flags: Of VFIO_DEVICE_FEATURE
 * @arg: struct vfio_device_feature_msi_addresses, and the addresses
 * @argsz: Length of both in bytes
 *
 * Context: Process context, may sleep. Takes igate. The device is awake.
 * Return: 0, or an error that struct vfio_device_feature_msi_addresses describes.
 */
int vfio_pci_core_feature_msi_addresses(
	struct vfio_device *device, u32 flags,
	struct vfio_device_feature_msi_addresses __user *arg, size_t argsz)
{
	struct vfio_pci_core_device *vdev =
		container_of(device, struct vfio_pci_core_device, vdev);
	struct vfio_device_feature_msi_addresses cmd;
	struct iommu_msi_window window;
	int rc;

	if (!device->ops->rewrite_msi ||
	    !iommu_msi_find_window(device->dev, &window))
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, FEATURE_OPS, sizeof(cmd));
	if (rc != 1)
		return rc;
	if (copy_from_user(&cmd, arg, sizeof(cmd)))
		return -EFAULT;
	rc = vfio_pci_msi_check_range(vdev->pdev, &cmd, argsz - sizeof(cmd));
	if (rc)
		return rc;
	if (flags & VFIO_DEVICE_FEATURE_GET)
		return vfio_pci_msi_addresses_get(vdev, &cmd, arg->addresses);
	return vfio_pci_msi_addresses_set(vdev, &cmd, arg->addresses);
}
