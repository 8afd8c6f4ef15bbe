// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which device a guest means by a virtual ID, and by which it knows a device.
 *
 * This is built in whenever a driver uses it, so that drivers need not load
 * iommufd. See include/linux/iommu-viommu.h for the locks and the races.
 */
#include <linux/export.h>
#include <linux/iommu-viommu.h>

/**
 * iommu_viommu_init() - Initialise what drivers leave to iommufd
 * @viommu: The vIOMMU, with its iommu_viommu::ops set
 * @parent: The nest parent
 * @iommu_dev: The physical instance
 * @type: One of enum iommu_viommu_type
 */
void iommu_viommu_init(struct iommu_viommu *viommu, struct iommu_domain *parent,
		       struct iommu_device *iommu_dev, u32 type)
{
	viommu->parent = parent;
	viommu->iommu_dev = iommu_dev;
	viommu->type = type;
	init_rwsem(&viommu->devices_rwsem);
	xa_init_flags(&viommu->devices_by_id, XA_FLAGS_ACCOUNT);
	spin_lock_init(&viommu->lock);
	viommu->devices = RB_ROOT;
	INIT_LIST_HEAD(&viommu->veventqs);
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_init, IOMMUFD);

static int compare_device(const void *key, const struct rb_node *node)
{
	const struct device *dev =
		rb_entry(node, struct iommu_viommu_device, node)->dev;

	if (key == dev)
		return 0;
	return key < (const void *)dev ? -1 : 1;
}

static int compare_node(struct rb_node *new, const struct rb_node *node)
{
	const struct iommu_viommu_device *vdevice =
		rb_entry(new, struct iommu_viommu_device, node);

	return compare_device(vdevice->dev, node);
}

/**
 * iommu_viommu_add_device() - Give a device a virtual ID
 * @viommu: The vIOMMU
 * @vdevice: The device with its ID. It stays where it is until
 *	iommu_viommu_remove_device().
 *
 * Context: Takes iommu_viommu::devices_rwsem for write.
 * Return: 0, -EEXIST if the ID or the device is in use in @viommu, -EINVAL if the
 * ID has more than 32 bits, -ENOMEM, or an error of the driver.
 */
int iommu_viommu_add_device(struct iommu_viommu *viommu,
			    struct iommu_viommu_device *vdevice)
{
	u64 id = vdevice->virt_id;
	unsigned long flags;
	struct rb_node *old;
	int rc;

	if (id > U32_MAX)
		return -EINVAL;

	guard(rwsem_write)(&viommu->devices_rwsem);
	if (xa_load(&viommu->devices_by_id, id))
		return -EEXIST;
	if (viommu->ops->vdevice_check) {
		rc = viommu->ops->vdevice_check(viommu, vdevice->dev, id);
		if (rc)
			return rc;
	}
	rc = xa_insert(&viommu->devices_by_id, id, vdevice, GFP_KERNEL_ACCOUNT);
	if (rc)
		return rc;

	spin_lock_irqsave(&viommu->lock, flags);
	old = rb_find_add(&vdevice->node, &viommu->devices, compare_node);
	spin_unlock_irqrestore(&viommu->lock, flags);
	if (old) {
		xa_erase(&viommu->devices_by_id, id);
		return -EEXIST;
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_add_device, IOMMUFD);

/**
 * iommu_viommu_remove_device() - Take the virtual ID of a device back
 * @viommu: The vIOMMU
 * @vdevice: The device, as given to iommu_viommu_add_device()
 *
 * Commands that name the device are complete when this returns, events of it do
 * not reach the guest any more.
 *
 * Context: Takes iommu_viommu::devices_rwsem for write.
 */
void iommu_viommu_remove_device(struct iommu_viommu *viommu,
				struct iommu_viommu_device *vdevice)
{
	unsigned long flags;

	guard(rwsem_write)(&viommu->devices_rwsem);
	xa_erase(&viommu->devices_by_id, vdevice->virt_id);
	spin_lock_irqsave(&viommu->lock, flags);
	rb_erase(&vdevice->node, &viommu->devices);
	spin_unlock_irqrestore(&viommu->lock, flags);
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_remove_device, IOMMUFD);

/**
 * iommu_viommu_find_device() - Find the device that a guest means
 * @viommu: The vIOMMU
 * @virt_id: The virtual ID that a command of the guest has
 *
 * Context: iommu_viommu::devices_rwsem is held, by
 * guard(iommu_viommu_devices)(viommu), as long as the device is used.
 * Return: The device, or NULL if there is none.
 */
struct device *iommu_viommu_find_device(struct iommu_viommu *viommu,
					u64 virt_id)
{
	struct iommu_viommu_device *vdevice;

	lockdep_assert_held(&viommu->devices_rwsem);

	if (virt_id > U32_MAX)
		return NULL;
	vdevice = xa_load(&viommu->devices_by_id, virt_id);
	return vdevice ? vdevice->dev : NULL;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_find_device, IOMMUFD);

/**
 * iommu_viommu_virt_id() - Tell the name of a device in a guest
 * @viommu: The vIOMMU
 * @dev: The device
 * @virt_id: Set to its virtual ID
 *
 * Context: Any. The ID may be taken back as soon as this returns.
 * Return: 0, or -ENOENT if the device has none in @viommu.
 */
int iommu_viommu_virt_id(struct iommu_viommu *viommu, struct device *dev,
			 u64 *virt_id)
{
	struct iommu_viommu_device *vdevice;
	struct rb_node *node;
	unsigned long flags;

	spin_lock_irqsave(&viommu->lock, flags);
	node = rb_find(dev, &viommu->devices, compare_device);
	if (node) {
		vdevice = rb_entry(node, struct iommu_viommu_device, node);
		*virt_id = vdevice->virt_id;
	}
	spin_unlock_irqrestore(&viommu->lock, flags);
	return node ? 0 : -ENOENT;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_virt_id, IOMMUFD);
