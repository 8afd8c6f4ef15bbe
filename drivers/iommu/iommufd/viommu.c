// SPDX-License-Identifier: GPL-2.0-only
/*
 * vIOMMU objects: a guest's share of a physical IOMMU, on top of a nest parent. And
 * vDEVICE objects: the number by which the guest knows a device.
 *
 * User space allocates a vDEVICE, and either destroys it or closes the device.
 * Closing does not wait for user space, so it destroys the vDEVICE itself; what is
 * left is an id without an object until the iommufd is closed.
 *
 * iommufd_device::vdevice is changed under the xa_lock of iommufd_ctx::objects. It
 * is set before the vDEVICE can be found, and cleared by its destruction, before its
 * memory is freed.
 *
 * Races
 * -----
 * - An ioctl holds the objects that it was given, so none of them is destroyed while
 *   it runs: IOMMU_DESTROY fails with -EBUSY instead. An object is published once
 *   nothing can fail any more. What is allocated from a vIOMMU holds it, and it
 *   holds the nest parent, so that a process that exits frees them in that order.
 * - allocation of a vDEVICE against closing the device: the ioctl holds the device,
 *   and closing waits for the ioctl. The vDEVICE is complete then and is destroyed
 *   with the device. Afterwards the device cannot be found.
 * - IOMMU_DESTROY against closing the device: one of them gets the last reference.
 *   If that is IOMMU_DESTROY, closing waits for it to end, else IOMMU_DESTROY
 *   fails with -EBUSY, or later with -ENOENT.
 * - allocation against allocation: the first one to claim the device wins, and with
 *   it the virtual ID; the other fails with -EEXIST.
 * - process exit: the same as IOMMU_DESTROY, in any order.
 */
#include "viommu.h"

/**
 * iommufd_viommu_destroy() - Destroy a vIOMMU
 * @obj: Its object, which nothing refers to
 */
void iommufd_viommu_destroy(struct iommufd_object *obj)
{
	struct iommufd_viommu *viommu =
		container_of(obj, struct iommufd_viommu, obj);

	if (viommu->ops->destroy)
		viommu->ops->destroy(viommu);
	xa_destroy(&viommu->vdevs);
	refcount_dec(&viommu->hwpt->common.obj.users);
}

/* Let the driver initialise its part */
static int viommu_init(struct iommufd_viommu *viommu, struct device *dev,
		       const struct iommu_viommu_alloc *cmd)
{
	const struct iommu_user_data user_data = {
		.type = cmd->type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.len = cmd->data_len,
	};
	int rc;

	rc = dev_iommu_ops(dev)->viommu_init(viommu,
					     viommu->hwpt->common.domain,
					     user_data.len ? &user_data : NULL);
	if (rc)
		return rc;
	/* A bug of the driver */
	if (WARN_ON_ONCE(!viommu->ops))
		return -EOPNOTSUPP;
	return 0;
}

/* Create a vIOMMU, which is not finalized */
static struct iommufd_viommu *viommu_make(struct iommufd_ucmd *ucmd,
					  struct iommufd_device *idev,
					  struct iommufd_hwpt_paging *parent,
					  size_t size)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	int rc;

	if (!parent->nest_parent ||
	    parent->common.domain->owner != dev_iommu_ops(idev->dev))
		return ERR_PTR(-EINVAL);

	viommu = container_of(_iommufd_object_alloc(ucmd->ictx, size,
						    IOMMUFD_OBJ_VIOMMU),
			      struct iommufd_viommu, obj);
	if (IS_ERR(viommu))
		return viommu;
	viommu->ictx = ucmd->ictx;
	viommu->hwpt = parent;
	iommufd_viommu_setup(viommu, idev->dev->iommu->iommu_dev, cmd->type);

	rc = viommu_init(viommu, idev->dev, cmd);
	if (rc) {
		iommufd_object_abort(ucmd->ictx, &viommu->obj);
		return ERR_PTR(rc);
	}
	refcount_inc(&parent->common.obj.users);
	return viommu;
}

/* The size of the driver's structure, 0 if there are no vIOMMUs of that type */
static size_t viommu_size(struct device *dev, enum iommu_viommu_type type)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	size_t size;

	if (!ops->get_viommu_size || !ops->viommu_init)
		return 0;
	size = ops->get_viommu_size(dev, type);
	/* A bug of the driver */
	if (WARN_ON_ONCE(size && size < sizeof(struct iommufd_viommu)))
		return 0;
	return size;
}

/**
 * iommufd_viommu_alloc() - ioctl(IOMMU_VIOMMU_ALLOC)
 * @ucmd: The command
 *
 * Return: 0 or an error, see struct iommu_viommu_alloc.
 */
int iommufd_viommu_alloc(struct iommufd_ucmd *ucmd)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	struct iommufd_hwpt_paging *parent;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	size_t size;
	int rc;

	if (cmd->flags || cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;

	idev = iommufd_get_device(ucmd, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	size = viommu_size(idev->dev, cmd->type);
	if (!size) {
		rc = -EOPNOTSUPP;
		goto out_put_idev;
	}

	parent = iommufd_get_hwpt_paging(ucmd, cmd->hwpt_id);
	if (IS_ERR(parent)) {
		rc = PTR_ERR(parent);
		goto out_put_idev;
	}
	viommu = viommu_make(ucmd, idev, parent, size);
	if (IS_ERR(viommu)) {
		rc = PTR_ERR(viommu);
		goto out_put_parent;
	}

	cmd->out_viommu_id = viommu->obj.id;
	rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (rc)
		iommufd_object_abort_and_destroy(ucmd->ictx, &viommu->obj);
	else
		iommufd_object_finalize(ucmd->ictx, &viommu->obj);
out_put_parent:
	iommufd_put_object(ucmd->ictx, &parent->common.obj);
out_put_idev:
	iommufd_put_object(ucmd->ictx, &idev->obj);
	return rc;
}

/* Check whether the device is behind the physical IOMMU of the vIOMMU */
static bool viommu_has_device(struct iommufd_viommu *viommu,
			      struct iommufd_device *idev)
{
	return viommu->iommu_dev == idev->dev->iommu->iommu_dev;
}

/**
 * iommufd_viommu_alloc_hwpt_nested() - Create a nested page table of a vIOMMU
 * @ictx: iommufd context
 * @viommu: The vIOMMU. The page table holds it.
 * @idev: A device that the page table is for
 * @flags: Flags of IOMMU_HWPT_ALLOC
 * @user_data: What the guest configured
 *
 * Return: The page table, which is not finalized, or ERR_PTR() of -EOPNOTSUPP for
 * flags, missing data, or a driver without such page tables, of -EINVAL for a device
 * behind another IOMMU, of -ENOMEM or of an error of the driver.
 */
struct iommufd_hwpt_nested *
iommufd_viommu_alloc_hwpt_nested(struct iommufd_ctx *ictx,
				 struct iommufd_viommu *viommu,
				 struct iommufd_device *idev, u32 flags,
				 const struct iommu_user_data *user_data)
{
	const struct iommufd_viommu_ops *ops = viommu->ops;
	u32 driver_flags = flags & ~IOMMU_HWPT_FAULT_ID_VALID;
	struct iommufd_hwpt_nested *nested;
	struct iommu_domain *domain;

	if (driver_flags || !user_data->len || !ops->alloc_domain_nested)
		return ERR_PTR(-EOPNOTSUPP);
	if (!viommu_has_device(viommu, idev))
		return ERR_PTR(-EINVAL);

	nested = __iommufd_object_alloc(ictx, nested, IOMMUFD_OBJ_HWPT_NESTED,
					common.obj);
	if (IS_ERR(nested))
		return nested;
	domain = ops->alloc_domain_nested(viommu, driver_flags, user_data);
	if (IS_ERR(domain)) {
		iommufd_object_abort(ictx, &nested->common.obj);
		return ERR_CAST(domain);
	}
	domain->owner = dev_iommu_ops(idev->dev);
	domain->parent = viommu->hwpt->common.domain;
	nested->common.domain = domain;
	refcount_inc(&viommu->obj.users);
	nested->viommu = viommu;
	nested->parent = viommu->hwpt;
	/* A bug of the driver */
	if (WARN_ON_ONCE(domain->type != IOMMU_DOMAIN_NESTED)) {
		iommufd_object_abort_and_destroy(ictx, &nested->common.obj);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return nested;
}

/**
 * iommufd_viommu_put_hwpt_nested() - Release what a nested page table holds
 * @hwpt_nested: The page table, without its domain
 */
void iommufd_viommu_put_hwpt_nested(struct iommufd_hwpt_nested *hwpt_nested)
{
	refcount_dec(&hwpt_nested->viommu->obj.users);
}

/**
 * iommufd_viommu_invalidate() - Execute commands of a guest
 * @viommu: The vIOMMU
 * @array: The commands. On return the number of entries is that of the commands
 *	that took effect.
 *
 * Return: 0, -EOPNOTSUPP if the driver takes none, or an error of the driver.
 */
int iommufd_viommu_invalidate(struct iommufd_viommu *viommu,
			      struct iommu_user_data_array *array)
{
	if (!viommu->ops->cache_invalidate) {
		array->entry_num = 0;
		return -EOPNOTSUPP;
	}
	return viommu->ops->cache_invalidate(viommu, array);
}

/* Make this the vDEVICE of the device */
static int vdevice_claim(struct iommufd_vdevice *vdev,
			 struct iommufd_device *idev)
{
	int rc = 0;

	xa_lock(&idev->ictx->objects);
	if (idev->vdevice)
		rc = -EEXIST;
	else
		WRITE_ONCE(idev->vdevice, vdev);
	xa_unlock(&idev->ictx->objects);
	return rc;
}

/* The device may be gone when this returns */
static void vdevice_disclaim(struct iommufd_vdevice *vdev)
{
	struct iommufd_ctx *ictx = vdev->viommu->ictx;

	xa_lock(&ictx->objects);
	WRITE_ONCE(vdev->idev->vdevice, NULL);
	xa_unlock(&ictx->objects);
	wake_up_all(&ictx->destroy_wait);
}

/**
 * iommufd_vdevice_destroy() - Destroy a vDEVICE
 * @obj: Its object, which nothing refers to
 *
 * Waits for commands of the guest that name the device.
 */
void iommufd_vdevice_destroy(struct iommufd_object *obj)
{
	struct iommufd_vdevice *vdev =
		container_of(obj, struct iommufd_vdevice, obj);

	iommufd_viommu_remove_vdevice(vdev->viommu, vdev);
	vdevice_disclaim(vdev);
	refcount_dec(&vdev->viommu->obj.users);
}

/**
 * iommufd_vdevice_unbind() - Destroy the vDEVICE of a device that is being closed
 * @idev_obj: Object of the device. No ioctl has it, and none can get it.
 */
void iommufd_vdevice_unbind(struct iommufd_object *idev_obj)
{
	struct iommufd_device *idev =
		container_of(idev_obj, struct iommufd_device, obj);
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_vdevice *vdev;

	xa_lock(&ictx->objects);
	vdev = idev->vdevice;
	/* If this fails, IOMMU_DESTROY came first */
	if (vdev && !refcount_inc_not_zero(&vdev->obj.users))
		vdev = NULL;
	xa_unlock(&ictx->objects);

	if (vdev)
		iommufd_object_destroy_user_keep_id(ictx, &vdev->obj);
	wait_event(ictx->destroy_wait, !READ_ONCE(idev->vdevice));
}

/* Create a vDEVICE, which is not finalized */
static struct iommufd_vdevice *vdevice_make(struct iommufd_ctx *ictx,
					    struct iommufd_viommu *viommu,
					    struct iommufd_device *idev,
					    u64 virt_id)
{
	size_t size =
		max(viommu->ops->vdevice_size, sizeof(struct iommufd_vdevice));
	struct iommufd_vdevice *vdev;
	int rc;

	if (!viommu_has_device(viommu, idev))
		return ERR_PTR(-EINVAL);

	vdev = container_of(_iommufd_object_alloc(ictx, size,
						  IOMMUFD_OBJ_VDEVICE),
			    struct iommufd_vdevice, obj);
	if (IS_ERR(vdev))
		return vdev;
	vdev->viommu = viommu;
	vdev->idev = idev;
	vdev->dev = idev->dev;
	vdev->virt_id = virt_id;

	rc = vdevice_claim(vdev, idev);
	if (rc)
		goto out_abort;
	rc = iommufd_viommu_add_vdevice(viommu, vdev);
	if (rc)
		goto out_disclaim;
	refcount_inc(&viommu->obj.users);
	return vdev;

out_disclaim:
	vdevice_disclaim(vdev);
out_abort:
	iommufd_object_abort(ictx, &vdev->obj);
	return ERR_PTR(rc);
}

/**
 * iommufd_vdevice_alloc() - ioctl(IOMMU_VDEVICE_ALLOC)
 * @ucmd: The command
 *
 * Return: 0 or an error, see struct iommu_vdevice_alloc.
 */
int iommufd_vdevice_alloc(struct iommufd_ucmd *ucmd)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	struct iommufd_vdevice *vdev;
	struct iommufd_device *idev;
	int rc;

	viommu = iommufd_get_viommu(ucmd, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	idev = iommufd_get_device(ucmd, cmd->dev_id);
	if (IS_ERR(idev)) {
		rc = PTR_ERR(idev);
		goto out_put_viommu;
	}
	vdev = vdevice_make(ucmd->ictx, viommu, idev, cmd->virt_id);
	if (IS_ERR(vdev)) {
		rc = PTR_ERR(vdev);
		goto out_put_idev;
	}

	cmd->out_vdevice_id = vdev->obj.id;
	rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (rc)
		iommufd_object_abort_and_destroy(ucmd->ictx, &vdev->obj);
	else
		iommufd_object_finalize(ucmd->ictx, &vdev->obj);
out_put_idev:
	iommufd_put_object(ucmd->ictx, &idev->obj);
out_put_viommu:
	iommufd_put_object(ucmd->ictx, &viommu->obj);
	return rc;
}
