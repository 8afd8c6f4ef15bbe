/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects of virtual IOMMUs: what user space has ids for. Each holds the one
 * below it:
 *
 *	nested hwpt    iommufd_vdevice    iommufd_veventq
 *	      \               |               /
 *	               iommufd_viommu
 *	                      |
 *	            iommufd_hwpt_paging, the nest parent
 *
 * A vDEVICE does not hold its device: closing the device destroys the vDEVICE, see
 * vdevice.c. See include/linux/iommu-viommu.h for the locks and the races.
 */
#ifndef __IOMMUFD_VIOMMU_H
#define __IOMMUFD_VIOMMU_H

#include <linux/iommu-viommu.h>

#include "iommufd_private.h"
#include "viommu_events.h"

/**
 * struct iommufd_viommu - vIOMMU
 * @obj: The object
 * @parent: The nest parent
 * @viommu: What the driver made of it
 */
struct iommufd_viommu {
	struct iommufd_object obj;
	struct iommufd_hwpt_paging *parent;
	struct iommu_viommu *viommu;
};

/**
 * struct iommufd_vdevice - vDEVICE
 * @obj: The object
 * @ictx: iommufd context of the object
 * @viommu: The vIOMMU
 * @idev: The device, whose iommufd_device::vdevice this is
 * @device: What drivers find
 */
struct iommufd_vdevice {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	struct iommu_viommu_device device;
};

/**
 * struct iommufd_veventq - vEVENTQ
 * @queue: The object and its file
 * @viommu: The vIOMMU
 * @mutex: Held by who reads
 * @events: The events
 */
struct iommufd_veventq {
	struct iommufd_queue queue;
	struct iommufd_viommu *viommu;
	struct mutex mutex; /* serializes readers */
	struct iommu_viommu_eventq events;
};

static inline struct iommufd_viommu *
iommufd_get_viommu(struct iommufd_ucmd *ucmd, u32 id)
{
	return container_of(iommufd_get_object(ucmd->ictx, id,
					       IOMMUFD_OBJ_VIOMMU),
			    struct iommufd_viommu, obj);
}

int iommufd_viommu_alloc(struct iommufd_ucmd *ucmd);
void iommufd_viommu_destroy(struct iommufd_object *obj);
bool iommufd_viommu_has_device(struct iommufd_viommu *viommu,
			       struct iommufd_device *idev);
struct iommufd_hwpt_nested *
iommufd_viommu_alloc_hwpt_nested(struct iommufd_ctx *ictx,
				 struct iommufd_viommu *viommu,
				 struct iommufd_device *idev, u32 flags,
				 const struct iommu_user_data *user_data);
void iommufd_viommu_put_hwpt_nested(struct iommufd_hwpt_nested *hwpt_nested);
int iommufd_viommu_invalidate(struct iommufd_viommu *viommu,
			      struct iommu_user_data_array *array);

int iommufd_vdevice_alloc(struct iommufd_ucmd *ucmd);
void iommufd_vdevice_destroy(struct iommufd_object *obj);
void iommufd_vdevice_unbind(struct iommufd_object *idev_obj);

int iommufd_veventq_alloc(struct iommufd_ucmd *ucmd);
void iommufd_veventq_destroy(struct iommufd_object *obj);

#endif
