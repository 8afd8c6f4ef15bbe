/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI doorbells of an IOAS.
 *
 * The io_pagetable owns an MSI space; io_pagetable::iova_rwsem is the owner's
 * lock of it. An IOAS gets its space with the first device behind an IOMMU that
 * translates MSIs, so the others pay a test for NULL.
 */
#ifndef __IOMMUFD_MSI_H
#define __IOMMUFD_MSI_H

#include <linux/iommu-msi.h>

#include "iommufd_private.h"

int iopt_msi_reserve_device(struct io_pagetable *iopt, struct device *dev,
			    const struct iommu_resv_region *window);
void iopt_msi_destroy(struct io_pagetable *iopt);

int iommufd_msi_join(struct iommufd_hwpt_paging *hwpt_paging);
int iommufd_msi_attached(struct iommufd_hwpt_paging *hwpt_paging,
			 struct device *dev);
int iommufd_msi_begin_move(struct iommufd_hwpt_paging *hwpt_paging,
			   struct iommufd_group *igroup);
void iommufd_msi_end_move(struct iommufd_hwpt_paging *hwpt_paging,
			  struct iommufd_group *igroup);

/*
 * Undo iopt_msi_reserve_device() if @owner is a device, under iova_rwsem for
 * write. Other owners of reserved ranges have no doorbells.
 */
static inline void iopt_msi_unreserve(struct io_pagetable *iopt, void *owner)
{
	if (iopt->msi_space)
		iommu_msi_unreserve_device(iopt->msi_space, owner);
}

/* See iommu_msi_make_room(), under iova_rwsem for write */
static inline int iopt_msi_make_room(struct io_pagetable *iopt,
				     unsigned long start, unsigned long last)
{
	if (!iopt->msi_space)
		return 0;
	return iommu_msi_make_room(iopt->msi_space, start, last);
}

bool iopt_msi_skip_place(struct io_pagetable *iopt, unsigned long *start,
			 unsigned long length);

#endif
