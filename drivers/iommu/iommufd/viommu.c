// SPDX-License-Identifier: GPL-2.0-only
/*
 * vIOMMU objects: a guest's share of a physical IOMMU, on top of a nest parent.
 *
 * Races
 * -----
 * An ioctl holds the objects that it was given, so none of them is destroyed while
 * it runs: IOMMU_DESTROY fails with -EBUSY instead. A vIOMMU is published when
 * nothing can fail any more. What is made from it holds it, and it holds the nest
 * parent, so that a process that exits gives them back in that order.
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

	if (viommu->viommu) {
		xa_destroy(&viommu->viommu->devices_by_id);
		viommu->viommu->ops->free(viommu->viommu);
	}
	refcount_dec(&viommu->parent->common.obj.users);
}

/* Let the driver make its part */
static int viommu_init(struct iommufd_viommu *viommu, struct device *dev,
		       const struct iommu_viommu_alloc *cmd)
{
	const struct iommu_user_data user_data = {
		.type = cmd->type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.len = cmd->data_len,
	};
	const struct iommu_user_data *data = user_data.len ? &user_data : NULL;
	struct iommu_domain *parent = viommu->parent->common.domain;
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_viommu *made;

	made = ops->viommu_alloc(dev, parent, cmd->type, data);
	if (IS_ERR(made))
		return PTR_ERR(made);
	iommu_viommu_init(made, parent, dev->iommu->iommu_dev, cmd->type);
	viommu->viommu = made;
	return 0;
}

static int viommu_alloc(struct iommufd_ucmd *ucmd, struct iommufd_device *idev,
			struct iommufd_hwpt_paging *parent)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	int rc;

	if (!parent->nest_parent ||
	    parent->common.domain->owner != dev_iommu_ops(idev->dev))
		return -EINVAL;

	viommu = iommufd_object_alloc(ucmd->ictx, viommu, IOMMUFD_OBJ_VIOMMU);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	refcount_inc(&parent->common.obj.users);
	viommu->parent = parent;

	rc = viommu_init(viommu, idev->dev, cmd);
	if (rc)
		goto out_abort;
	cmd->out_viommu_id = viommu->obj.id;
	rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (rc)
		goto out_abort;
	iommufd_object_finalize(ucmd->ictx, &viommu->obj);
	return 0;

out_abort:
	iommufd_object_abort_and_destroy(ucmd->ictx, &viommu->obj);
	return rc;
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
	struct iommufd_device *idev;
	int rc;

	if (cmd->flags || cmd->__reserved ||
	    cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;

	idev = iommufd_get_device(ucmd, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (!dev_iommu_ops(idev->dev)->viommu_alloc ||
	    !device_iommu_capable(idev->dev, IOMMU_CAP_NESTING)) {
		rc = -EOPNOTSUPP;
		goto out_put_idev;
	}

	parent = iommufd_get_hwpt_paging(ucmd, cmd->hwpt_id);
	if (IS_ERR(parent)) {
		rc = PTR_ERR(parent);
		goto out_put_idev;
	}
	rc = viommu_alloc(ucmd, idev, parent);
	iommufd_put_object(ucmd->ictx, &parent->common.obj);
out_put_idev:
	iommufd_put_object(ucmd->ictx, &idev->obj);
	return rc;
}

/**
 * iommufd_viommu_has_device() - Tell whether a device can belong to a vIOMMU
 * @viommu: The vIOMMU
 * @idev: The device
 *
 * Return: true if they have the same physical IOMMU.
 */
bool iommufd_viommu_has_device(struct iommufd_viommu *viommu,
			       struct iommufd_device *idev)
{
	return viommu->viommu->iommu_dev == idev->dev->iommu->iommu_dev;
}

/**
 * iommufd_viommu_alloc_hwpt_nested() - Make a nested page table of a vIOMMU
 * @ictx: iommufd context
 * @viommu: The vIOMMU. The page table holds it.
 * @idev: A device that the page table is for
 * @flags: Flags of IOMMU_HWPT_ALLOC
 * @user_data: What the guest configured
 *
 * Return: The page table, which is not finalized, or ERR_PTR() of -EOPNOTSUPP for
 * flags, for missing data and for a driver that has none, of -EINVAL for a device
 * that is behind another IOMMU, of -ENOMEM or of an error of the driver.
 */
struct iommufd_hwpt_nested *
iommufd_viommu_alloc_hwpt_nested(struct iommufd_ctx *ictx,
				 struct iommufd_viommu *viommu,
				 struct iommufd_device *idev, u32 flags,
				 const struct iommu_user_data *user_data)
{
	const struct iommu_viommu_ops *ops = viommu->viommu->ops;
	u32 driver_flags = flags & ~IOMMU_HWPT_FAULT_ID_VALID;
	struct iommufd_hwpt_nested *nested;
	struct iommu_domain *domain;

	if (driver_flags || !user_data->len || !ops->domain_alloc_nested)
		return ERR_PTR(-EOPNOTSUPP);
	if (!iommufd_viommu_has_device(viommu, idev))
		return ERR_PTR(-EINVAL);

	nested = __iommufd_object_alloc(ictx, nested, IOMMUFD_OBJ_HWPT_NESTED,
					common.obj);
	if (IS_ERR(nested))
		return nested;
	domain = ops->domain_alloc_nested(viommu->viommu, driver_flags,
					  user_data);
	if (IS_ERR(domain)) {
		iommufd_object_abort(ictx, &nested->common.obj);
		return ERR_CAST(domain);
	}
	domain->owner = dev_iommu_ops(idev->dev);
	domain->parent = viommu->viommu->parent;
	nested->common.domain = domain;
	refcount_inc(&viommu->obj.users);
	nested->viommu = viommu;
	nested->parent = viommu->parent;
	/* A bug of the driver */
	if (WARN_ON_ONCE(domain->type != IOMMU_DOMAIN_NESTED)) {
		iommufd_object_abort_and_destroy(ictx, &nested->common.obj);
		return ERR_PTR(-EINVAL);
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
	const struct iommu_viommu_ops *ops = viommu->viommu->ops;

	if (!ops->cache_invalidate) {
		array->entry_num = 0;
		return -EOPNOTSUPP;
	}
	return ops->cache_invalidate(viommu->viommu, array);
}
