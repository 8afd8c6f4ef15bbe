// SPDX-License-Identifier: GPL-2.0-only
/*
 * vDEVICE objects: by which number a guest calls a device.
 *
 * User space makes one, and either destroys it or closes the device. The device
 * does not wait for user space then, so it destroys the vDEVICE itself, and what
 * is left is an id that no object has until the iommufd is closed.
 *
 * iommufd_device::vdevice is changed under the xa_lock of iommufd_ctx::objects. It
 * is set before the vDEVICE can be found by anybody, and cleared by its
 * destruction, before its memory is freed.
 *
 * Races
 * -----
 * - making against closing the device: the ioctl holds the device, and closing it
 *   waits for the ioctl. The vDEVICE is complete then and goes with the device.
 *   Afterwards the device cannot be found.
 * - IOMMU_DESTROY against closing the device: one of them gets the last reference.
 *   If that is IOMMU_DESTROY, closing waits for it to end, else IOMMU_DESTROY
 *   fails with -EBUSY, or later with -ENOENT.
 * - making against making: the first one to have the device wins, and with it the
 *   virtual ID; the other fails with -EEXIST.
 * - process exit: the same as IOMMU_DESTROY, in whatever order.
 */
#include "viommu.h"

/* Become the vDEVICE of the device */
static int vdevice_claim(struct iommufd_vdevice *vdevice)
{
	struct iommufd_device *idev = vdevice->idev;
	int rc = 0;

	xa_lock(&vdevice->ictx->objects);
	if (idev->vdevice)
		rc = -EEXIST;
	else
		WRITE_ONCE(idev->vdevice, vdevice);
	xa_unlock(&vdevice->ictx->objects);
	return rc;
}

/* The device may be gone when this returns */
static void vdevice_disclaim(struct iommufd_vdevice *vdevice)
{
	struct iommufd_ctx *ictx = vdevice->ictx;

	xa_lock(&ictx->objects);
	WRITE_ONCE(vdevice->idev->vdevice, NULL);
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
	struct iommufd_vdevice *vdevice =
		container_of(obj, struct iommufd_vdevice, obj);

	iommu_viommu_remove_device(vdevice->viommu->viommu, &vdevice->device);
	vdevice_disclaim(vdevice);
	refcount_dec(&vdevice->viommu->obj.users);
}

/**
 * iommufd_vdevice_unbind() - Destroy the vDEVICE of a device that is closed
 * @idev_obj: Object of the device. No ioctl has it, and none can get it.
 */
void iommufd_vdevice_unbind(struct iommufd_object *idev_obj)
{
	struct iommufd_device *idev =
		container_of(idev_obj, struct iommufd_device, obj);
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_vdevice *vdevice;

	xa_lock(&ictx->objects);
	vdevice = idev->vdevice;
	/* If this fails IOMMU_DESTROY was first */
	if (vdevice && !refcount_inc_not_zero(&vdevice->obj.users))
		vdevice = NULL;
	xa_unlock(&ictx->objects);

	if (vdevice)
		iommufd_object_destroy_user_keep_id(ictx, &vdevice->obj);
	wait_event(ictx->destroy_wait, !READ_ONCE(idev->vdevice));
}

static int vdevice_publish(struct iommufd_ucmd *ucmd,
			   struct iommufd_vdevice *vdevice)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	int rc;

	cmd->out_vdevice_id = vdevice->obj.id;
	rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (rc) {
		iommufd_object_abort_and_destroy(ucmd->ictx, &vdevice->obj);
		return rc;
	}
	iommufd_object_finalize(ucmd->ictx, &vdevice->obj);
	return 0;
}

static int vdevice_alloc(struct iommufd_ucmd *ucmd,
			 struct iommufd_viommu *viommu,
			 struct iommufd_device *idev)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	struct iommufd_vdevice *vdevice;
	int rc;

	if (!iommufd_viommu_has_device(viommu, idev))
		return -EINVAL;

	vdevice =
		iommufd_object_alloc(ucmd->ictx, vdevice, IOMMUFD_OBJ_VDEVICE);
	if (IS_ERR(vdevice))
		return PTR_ERR(vdevice);
	vdevice->ictx = ucmd->ictx;
	vdevice->viommu = viommu;
	vdevice->idev = idev;
	vdevice->device.dev = idev->dev;
	vdevice->device.virt_id = cmd->virt_id;

	rc = vdevice_claim(vdevice);
	if (rc)
		goto out_abort;
	rc = iommu_viommu_add_device(viommu->viommu, &vdevice->device);
	if (rc)
		goto out_disclaim;
	refcount_inc(&viommu->obj.users);
	return vdevice_publish(ucmd, vdevice);

out_disclaim:
	vdevice_disclaim(vdevice);
out_abort:
	iommufd_object_abort(ucmd->ictx, &vdevice->obj);
	return rc;
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
	rc = vdevice_alloc(ucmd, viommu, idev);
	iommufd_put_object(ucmd->ictx, &idev->obj);
out_put_viommu:
	iommufd_put_object(ucmd->ictx, &viommu->obj);
	return rc;
}
