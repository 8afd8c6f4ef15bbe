/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects of virtual IOMMUs that user space has ids for. Each holds the one
 * below it:
 *
 *	nested hwpt    iommufd_vdevice    iommufd_veventq
 *	      \               |               /
 *	               iommufd_viommu
 *	                      |
 *	            iommufd_hwpt_paging, the nest parent
 *
 * A vDEVICE does not hold its device: closing the device destroys the vDEVICE, see
 * viommu.c. See include/linux/iommu-viommu.h for the locks and the races.
 */
#ifndef __IOMMUFD_VIOMMU_H
#define __IOMMUFD_VIOMMU_H

#include <linux/iommu-viommu.h>

#include "iommufd_private.h"

/**
 * struct iommufd_veventq_ring - Events of one type of a vIOMMU, until they are read
 * @node: In iommufd_viommu::veventqs
 * @type: One of enum iommu_veventq_type
 * @depth: Number of events that it holds at most
 * @entry_size: Size of an event with its header in bytes
 * @first: Index of the oldest event
 * @count: Number of events
 * @sequence: Sequence number of the next event, also if that will be lost
 * @lost: The latest event was lost
 * @wait: Woken when there is something to read
 * @entries: @depth entries as user space reads them: a struct
 *	iommufd_vevent_header followed by the event
 *
 * iommufd_viommu::lock guards where the ring begins and ends. An event in between is
 * not written to any more, so a reader copies it without the lock; readers exclude
 * each other. All memory is allocated with the queue, charged to the caller.
 */
struct iommufd_veventq_ring {
	struct list_head node;
	u32 type;
	u32 depth;
	size_t entry_size;
	u32 first;
	u32 count;
	u32 sequence;
	bool lost;
	wait_queue_head_t *wait;
	void *entries;
};

int iommufd_veventq_ring_init(struct iommufd_veventq_ring *ring, u32 type,
			      u32 depth, size_t event_size,
			      wait_queue_head_t *wait);
void iommufd_veventq_ring_free(struct iommufd_veventq_ring *ring);
int iommufd_viommu_add_ring(struct iommufd_viommu *viommu,
			    struct iommufd_veventq_ring *ring);
void iommufd_viommu_remove_ring(struct iommufd_viommu *viommu,
				struct iommufd_veventq_ring *ring);

/**
 * struct iommufd_veventq - vEVENTQ
 * @queue: The object and its file
 * @viommu: The vIOMMU
 * @mutex: Serializes readers
 * @ring: The events
 */
struct iommufd_veventq {
	struct iommufd_queue queue;
	struct iommufd_viommu *viommu;
	struct mutex mutex; /* serializes readers */
	struct iommufd_veventq_ring ring;
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
